/* TLS from outside: curl and openssl s_client against the binary; certificates are renewed by a
 * reload, and stay with an upgrade. */
#include "app.h"

#include "support/must.h"
#include "support/tls.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PLAIN "listeners:\n  - {address: 'https://127.0.0.1:0'}\n"
#define TLS "tls:\n  certificates:\n    - {certificate: site.pem, key: site.key}\n"

static void make(const struct app *app, const char *name, const char *common_name)
{
	static const char *const hosts[] = {"localhost", NULL};
	tls_make_certificate(&app->scratch, name, common_name, hosts, NULL);
}

/* `weir serve` with these words; the URL is that of its TLS listener. */
static void start(struct app *app, const char *const *words)
{
	const char *argv[24] = {WEIR_BINARY, "serve",    "--root",         "root",
				"--admin",   app->admin, "--drain-report", "report.json"};
	size_t count = 8;
	for (; *words != NULL; words++) {
		must(count < 23, "too many words");
		argv[count++] = *words;
	}
	process_start(&app->process, app->scratch.path, argv);
	const char *url = process_await_line(&app->process, "listening url=https");
	(void)snprintf(app->url, sizeof app->url, "https%.*s", (int)strcspn(url, " "), url);
	process_await_line(&app->process, "ready ");
}

static void begin(struct app *app)
{
	app_prepare(app);
	make(app, "site", "first");
	scratch_write(&app->scratch, "root/hello", "hello\n", 6);
	start(app, (const char *const[]){"--listen", "https://127.0.0.1:0", "--tls-cert",
					 "site.pem", "--tls-key", "site.key", "--hsts", "1h",
					 "--debug-routes", NULL});
}

/* Runs a line of the shell in the scratch directory, with $URL and $AT (HOST:PORT); what it has
 * printed, to be freed. */
static char *shell(const struct app *app, const char *script)
{
	struct process process = {.output = -1};
	char *line;
	must(asprintf(&line, "exec 2>&1; URL=%s AT=%s; %s", app->url, app->url + strlen("https://"),
		      script) > 0,
	     "out of memory");
	const char *const argv[] = {"/bin/sh", "-c", line, NULL};
	process_start(&process, app->scratch.path, argv);
	(void)process_wait(&process);
	char *text = strdup(process.text);
	must(text != NULL, "out of memory");
	process_free(&process);
	free(line);
	return text;
}

static void says(const struct app *app, const char *script, const char *expected)
{
	char *text = shell(app, script);
	cr_assert_not_null(strstr(text, expected), "%s:\n%s", script, text);
	free(text);
}

static void says_not(const struct app *app, const char *script, const char *expected)
{
	char *text = shell(app, script);
	cr_assert_null(strstr(text, expected), "%s:\n%s", script, text);
	free(text);
}

#define CURL "curl -sS --max-time 20 --cacert site.pem --resolve localhost:${AT##*:}:127.0.0.1 "
#define HERE "https://localhost:${AT##*:}"
#define S_CLIENT "openssl s_client -connect $AT -CAfile site.pem "

Test(tls, speaks_with_curl)
{
	struct app app;
	begin(&app);
	says(&app, CURL HERE "/hello", "hello\n");
	says(&app, CURL "-D - " HERE "/hello", "Strict-Transport-Security: max-age=3600\r\n");
	says(&app,
	     "head -c 3000000 /dev/urandom > big; " CURL "-T big " HERE "/up -w '%{http_code}'",
	     "201");
	says(&app, CURL HERE "/up -o back; cmp big back && echo same", "same\n");
	says(&app, CURL "-r 5-9 " HERE "/up -o back -w '%{http_code}'", "206");
	says(&app, CURL "--http1.1 --tls-max 1.2 " HERE "/hello", "hello\n");
	says(&app, "curl -sS --max-time 20 http://$AT/hello", "this port speaks TLS only");
	says(&app, "curl -sS --max-time 20 " HERE "/hello", "curl: ("); /* nobody it trusts */
	app_await_metric(&app, "weir_tls_plain_requests_total", 1);
	app_finish(&app);
}

Test(tls, speaks_with_openssl)
{
	struct app app;
	begin(&app);
	says(&app, S_CLIENT "-tls1_3 </dev/null", "New, TLSv1.3,");
	says(&app, S_CLIENT "-tls1_2 </dev/null", "New, TLSv1.2,");
	says(&app, S_CLIENT "-tls1_1 -cipher ALL:@SECLEVEL=0 </dev/null", "Cipher is (NONE)");
	says(&app, S_CLIENT "-alpn h2,http/1.1 </dev/null", "ALPN protocol: http/1.1");
	says(&app, S_CLIENT "-alpn h2 </dev/null", "no peer certificate available");
	says(&app, S_CLIENT "-verify_return_error </dev/null", "Verify return code: 0 (ok)");
	/* -ign_eof: it waits for the server to close, after the answer. */
	says(&app,
	     "printf 'GET /hello HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n' "
	     "| " S_CLIENT "-quiet -ign_eof",
	     "\r\n\r\nhello\n");
	/* One handshake after another on the same connection: renegotiation is refused. */
	says_not(&app,
		 "(printf 'R\\n'; sleep 1; printf 'GET /hello HTTP/1.0\\r\\n\\r\\n') | " S_CLIENT
		 "-tls1_2",
		 "\r\n\r\nhello\n");
	app_finish(&app);
}

/* An idle connection of s_client ends with a stop, by close_notify. */
Test(tls, says_close_notify_to_openssl)
{
	struct app app;
	begin(&app);
	char script[512];
	(void)snprintf(
		script, sizeof script,
		"mkfifo in; (exec 3<>in; printf 'GET /hello HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n' "
		">&3; " S_CLIENT "-msg -quiet <&3 | { while read -r line; do echo \"$line\"; "
		"case $line in hello*) kill %ld;; esac; done; })",
		(long)app.process.pid);
	says(&app, script, "warning close_notify");
	cr_assert_eq(app_wait(&app), 0);
	app_report_check(&app);
	app_destroy(&app);
}

static void write_config(const struct app *app, const char *more)
{
	char *text;
	must(asprintf(&text, PLAIN TLS "%s", more) > 0, "out of memory");
	scratch_write(&app->scratch, "weir.yaml", text, strlen(text));
	free(text);
}

static void begin_config(struct app *app)
{
	app_prepare(app);
	make(app, "site", "first");
	write_config(app, "");
	start(app, (const char *const[]){"--config", "weir.yaml", NULL});
}

static void shows(const struct app *app, const char *common_name)
{
	char subject[64];
	(void)snprintf(subject, sizeof subject, "CN = %s\n", common_name);
	says(app, "openssl s_client -connect $AT </dev/null 2>&1 | openssl x509 -noout -subject",
	     subject);
}

Test(tls, is_renewed_by_a_reload)
{
	struct app app;
	struct client client;
	struct reply reply;
	begin_config(&app);
	client_open(&client, app.url);
	client_get(&client, "/readyz", &reply);
	cr_assert_eq(reply.status, 200);
	reply_free(&reply);
	shows(&app, "first");
	make(&app, "site", "second");
	shows(&app, "first"); /* not before it is told */
	process_signal(&app.process, SIGHUP);
	process_await_line(&app.process, "reloaded generation=2");
	shows(&app, "second");

	/* One that cannot be loaded changes nothing. */
	scratch_write(&app.scratch, "site.pem", "rubbish", 7);
	process_signal(&app.process, SIGHUP);
	const char *line = process_await_line(&app.process, "reload-failed ");
	cr_assert_not_null(strstr(line, "site.pem: not a certificate"), "%s", line);
	shows(&app, "second");
	make(&app, "site", "third");
	must(fchmodat(app.scratch.fd, "site.key", 0644, 0) == 0, "chmod: %s", strerror(errno));
	process_signal(&app.process, SIGHUP);
	line = process_await_line(&app.process, "reload-failed ");
	cr_assert_not_null(strstr(line, "others may read or write this key"), "%s", line);
	shows(&app, "second");
	client_get(&client, "/readyz", &reply); /* the connection from before them all */
	cr_assert_eq(reply.status, 200);
	reply_free(&reply);
	client_close(&client);
	app_finish(&app);
}

Test(tls, asks_for_certificates_of_clients)
{
	struct app app;
	app_prepare(&app);
	make(&app, "site", "first");
	tls_make_certificate(&app.scratch, "ca", "authority", NULL, NULL);
	tls_make_certificate(&app.scratch, "robot", "robot", NULL, "ca");
	write_config(&app, "  client_ca: ca.pem\n");
	start(&app, (const char *const[]){"--config", "weir.yaml", NULL});
	says(&app, CURL HERE "/readyz", "curl: (");
	says(&app, CURL "--cert robot.pem --key robot.key " HERE "/readyz", "ready\n");
	write_config(&app, "  client_ca: ca.pem\n  clients: optional\n");
	process_signal(&app.process, SIGHUP);
	process_await_line(&app.process, "reloaded generation=2");
	says(&app, CURL HERE "/readyz", "ready\n");
	app_finish(&app);
}

static void refuses(const struct app *app, const char *words, const char *line)
{
	char script[512];
	(void)snprintf(script, sizeof script, "%s %s; echo code $?", WEIR_BINARY, words);
	char *text = shell(app, script);
	cr_assert_not_null(strstr(text, line), "%s:\n%s", words, text);
	cr_assert_not_null(strstr(text, "code 2\n"), "%s:\n%s", words, text);
	free(text);
}

Test(tls, says_what_is_wrong_at_the_start)
{
	struct app app;
	app_prepare(&app);
	(void)snprintf(app.url, sizeof app.url, "https://unused");
	make(&app, "site", "first");
	refuses(&app, "serve --root root --listen https://127.0.0.1:0", "needs a certificate");
	refuses(&app, "serve --root root --listen https://127.0.0.1:0 --tls-cert site.pem",
		"1 certificates and 0 keys");
	refuses(&app,
		"serve --root root --listen https://127.0.0.1:0 --tls-cert no.pem --tls-key "
		"site.key",
		"weir serve: TLS: no.pem: No such file or directory");
	refuses(&app, "serve --root root --tls-clients perhaps",
		"is not none, optional or required");
	must(fchmodat(app.scratch.fd, "site.key", 0604, 0) == 0, "chmod: %s", strerror(errno));
	write_config(&app, "");
	refuses(&app, "check weir.yaml", "weir check: TLS: site.key: others may read");
	must(fchmodat(app.scratch.fd, "site.key", 0600, 0) == 0, "chmod: %s", strerror(errno));
	write_config(&app, "  clients: required\n");
	refuses(&app, "check weir.yaml", "say who signs them");
	app_destroy(&app);
}

/* The listener is handed over; a connection that is open stays with the old process, and is told
 * to close with its next answer. */
Test(tls, goes_on_through_an_upgrade)
{
	struct app app;
	struct client client;
	struct reply reply;
	must(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0, "prctl: %s", strerror(errno));
	app_prepare(&app);
	make(&app, "site", "first");
	start(&app, (const char *const[]){"--listen", "https://127.0.0.1:0", "--tls-cert",
					  "site.pem", "--tls-key", "site.key", "--pid-file",
					  "weir.pid", "--debug-routes", NULL});
	client_open(&client, app.url);
	client_send_text(&client, "GET /debug/sleep?ms=1000 HTTP/1.1\r\nHost: x\r\n\r\n");
	app_await_metric(&app, "weir_requests_in_flight{phase=\"running\"}", 1);
	make(&app, "site", "second");
	process_signal(&app.process, SIGUSR2);
	process_await_line(&app.process, "ready ");
	client_receive(&client, &reply);
	cr_assert_eq(reply.status, 200);
	cr_assert(reply_says_close(&reply));
	cr_assert_eq(client_await_end(&client), CLIENT_CLOSED);
	reply_free(&reply);
	client_close(&client);
	shows(&app, "second");
	int status;
	must(waitpid(app.process.pid, &status, 0) == app.process.pid, "waitpid: %s",
	     strerror(errno));
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %x", (unsigned)status);
	size_t size;
	char *text = scratch_read(&app.scratch, "weir.pid", &size);
	must(text != NULL, "no weir.pid");
	app.process.pid = (pid_t)atoi(text); /* the subreaper's child now */
	free(text);
	app_finish(&app);
}
