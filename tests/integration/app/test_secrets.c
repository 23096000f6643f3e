/* What is secret is told to nobody: the token of the admin listener, the key of a certificate, the
 * password in the URL of a database or of an upstream are in no line of the log, in no answer, and
 * not in /status, /stacks or /metrics, when all is well and when it is not. */
#include "app.h"

#include "support/must.h"
#ifdef WEIR_TEST_TLS
#include "support/tls.h"
#endif

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define TOKEN "a-token-nobody-may-see-0123"
#define PASSWORD "a-password-nobody-may-see"
#define KEY "S2V5IG9mIGEgY2VydGlmaWNhdGUK"

static void expect_none(const char *where, const char *text)
{
	cr_assert_not_null(text, "%s", where);
	cr_expect_null(strstr(text, TOKEN), "%s: %s", where, text);
	cr_expect_null(strstr(text, KEY), "%s: %s", where, text);
	cr_expect_null(strstr(text, PASSWORD), "%s: %s", where, text);
}

static void ask(const struct app *app, bool admin, const char *method, const char *target)
{
	struct client client;
	struct reply reply;
	client_open(&client, admin ? app->admin : app->url);
	client_printf(&client,
		      "%s %s HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer " TOKEN "\r\n"
		      "Content-Length: 0\r\n\r\n",
		      method, target);
	client_receive(&client, &reply);
	cr_expect_neq(reply.status, 0);
	expect_none(target, reply.body_size > 0 ? reply.body : "");
	reply_free(&reply);
	client_close(&client);
}

static void write_token(const struct app *app, const char *text)
{
	scratch_write(&app->scratch, "token", text, strlen(text));
	must(fchmodat(app->scratch.fd, "token", 0600, 0) == 0, "chmod");
}

Test(secrets, the_token_is_told_to_nobody)
{
	static const char *const targets[] = {"/status", "/metrics", "/stacks", "/routes"};
	struct app app;
	app_prepare(&app);
	write_token(&app, TOKEN "\n");
	app_start(&app, (const char *const[]){"--admin-token-file", "token", "-v", "--debug-routes",
					      NULL});
	for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++)
		ask(&app, true, "GET", targets[i]);
	ask(&app, true, "POST", "/rehearse?seconds=no");
	ask(&app, false, "GET", "/missing");
	ask(&app, false, "GET", "/debug/sleep?ms=x");
	process_signal(&app.process, SIGHUP);
	process_await_line(&app.process, "reload");
	cr_expect_eq(app_stop(&app), 0);
	expect_none("log", app.process.text);
	expect_none("report", app.report);
	app_destroy(&app);
}

/* A file with mistakes in it is not quoted. */
Test(secrets, a_token_that_is_wrong_is_not_told_either)
{
	static const char *const wrong[] = {TOKEN " with blanks\n", "\"" TOKEN "\"\n",
					    TOKEN "\n" TOKEN "\n"};
	struct app app;
	app_prepare(&app);
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		write_token(&app, wrong[i]);
		cr_expect_eq(
			app_run(&app,
				(const char *const[]){"serve", "--listen", "127.0.0.1:0", "--root",
						      "root", "--admin", "127.0.0.1:0",
						      "--admin-token-file", "token", NULL}),
			2);
		expect_none("stderr", app.process.text);
		process_free(&app.process);
	}
	app_destroy(&app);
}

/* `weir check` and `weir serve` with this as weir.yaml: refused, and not quoted. */
static void expect_refused(struct app *app, const char *text)
{
	static const char *const commands[][4] = {{"check", "weir.yaml"},
						  {"serve", "--config", "weir.yaml"}};
	scratch_write(&app->scratch, "weir.yaml", text, strlen(text));
	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
		cr_expect_eq(app_run(app, commands[i]), 2, "%s", text);
		cr_expect_neq(app->process.text[0], '\0');
		expect_none(commands[i][0], app->process.text);
		process_free(&app->process);
	}
}

#ifdef WEIR_TEST_TLS
/* A file that is no key, or another one's, is not quoted. */
Test(secrets, a_key_is_told_to_nobody)
{
	static const char config[] = "listeners: [{address: 'https://127.0.0.1:0'}]\n"
				     "tls: {certificates: [{certificate: a.pem, key: b.key}]}\n"
				     "routes: [{path: '/{p...}', kind: files, root: root}]\n";
	static const char *const wrong[] = {
		KEY "\n", "-----BEGIN PRIVATE KEY-----\n" KEY "\n-----END PRIVATE KEY-----\n",
		"-----BEGIN EC PRIVATE KEY-----\n" KEY "\n"};
	static const char *const hosts[] = {"localhost", NULL};
	struct app app;
	app_prepare(&app);
	tls_make_certificate(&app.scratch, "a", "a", hosts, NULL);
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		scratch_write(&app.scratch, "b.key", wrong[i], strlen(wrong[i]));
		must(fchmodat(app.scratch.fd, "b.key", 0600, 0) == 0, "chmod");
		expect_refused(&app, config);
	}
	app_destroy(&app);
}
#endif

#define FILES "routes:\n  - {path: '/{p...}', kind: files, root: root}\n"

#ifdef WEIR_TEST_PROXY
#define UPSTREAM(url) FILES "  - {path: /up, kind: proxy, upstream: '" url "'}\n"

Test(secrets, the_password_of_an_upstream_is_told_to_nobody)
{
	static const char *const files[] = {
		UPSTREAM("http://joe:" PASSWORD "@127.0.0.1:1/x"),
		UPSTREAM("ftp://joe:" PASSWORD "@127.0.0.1:1/x"),
		UPSTREAM("joe:" PASSWORD "@127.0.0.1"),
	};
	struct app app;
	app_prepare(&app);
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
		expect_refused(&app, files[i]);
	app_destroy(&app);
}

/* A reload says what is wrong in its answer, in the log and in /status. */
Test(secrets, a_password_is_not_told_by_a_reload_that_fails)
{
	struct app app;
	struct client client;
	struct reply reply;
	app_prepare(&app);
	scratch_write(&app.scratch, "weir.yaml", FILES, strlen(FILES));
	app_start(&app, (const char *const[]){"--config", "weir.yaml", "-v", NULL});
	const char *text = UPSTREAM("http://joe:" PASSWORD "@127.0.0.1:1/x");
	scratch_write(&app.scratch, "weir.yaml", text, strlen(text));
	client_open(&client, app.admin);
	client_send_text(&client, "POST /reload HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
	client_receive(&client, &reply);
	cr_expect_neq(reply.status, 200);
	expect_none("/reload", reply.body_size > 0 ? reply.body : "");
	reply_free(&reply);
	client_close(&client);
	ask(&app, true, "GET", "/status");
	process_await_line(&app.process, "reload-failed");
	cr_expect_eq(app_stop(&app), 0);
	expect_none("log", app.process.text);
	app_destroy(&app);
}
#endif

#ifdef WEIR_TEST_QUERY_PQ
#define CONFIG(url)                                                                                \
	"listeners:\n"                                                                             \
	"  - address: 127.0.0.1:0\n"                                                               \
	"  - address: unix:admin.sock\n"                                                           \
	"    admin: true\n"                                                                        \
	"databases:\n"                                                                             \
	"  - {name: d, url: '" url "'}\n"                                                          \
	"statements:\n"                                                                            \
	"  - {name: s, database: d, sql: SELECT 1}\n"                                              \
	"routes:\n"                                                                                \
	"  - {path: /q, kind: query, statement: s}\n"

/* Nobody listens at port 1 of this machine: connecting fails, and weir says so. */
Test(secrets, the_password_of_a_database_is_told_to_nobody)
{
	static const char *const files[] = {
		CONFIG("postgresql://joe:" PASSWORD "@127.0.0.1:1/x"),
		CONFIG("postgresql://joe:" PASSWORD "@127.0.0.1:1/x?no_such_option=1"),
		CONFIG("postgresql://joe:" PASSWORD "@127.0.0.1:one/x"),
		CONFIG("postgresql://joe:" PASSWORD "%zz@127.0.0.1:1/x"),
		CONFIG("postgresql://joe:" PASSWORD),
		CONFIG("postgresql://127.0.0.1:1/x?user=joe&password=" PASSWORD "%zz"),
		CONFIG("postgresql://127.0.0.1:1/x?pass" PASSWORD),
	};
	struct app app;
	app_prepare(&app);
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
		expect_refused(&app, files[i]);
	app_destroy(&app);
}
#endif
