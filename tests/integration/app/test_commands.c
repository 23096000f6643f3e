/* The commands that talk to a running server, against a real one. */
#include "app.h"

#include "support/must.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A command's exit code; what it said is in *said. */
static int command(const struct app *app, struct process *said, const char *const *words)
{
	const char *argv[16] = {WEIR_BINARY};
	size_t count = 1;
	for (; *words != NULL; words++)
		argv[count++] = *words;
	argv[count] = NULL;
	process_start(said, app->scratch.path, argv);
	return process_wait(said);
}

static void says(const struct app *app, int code, const char *text, const char *const *words)
{
	struct process said;
	int got = command(app, &said, words);
	cr_expect_eq(got, code, "exit code %d, and not %d: %s", got, code, said.text);
	cr_expect_not_null(strstr(said.text, text), "no \"%s\" in: %s", text, said.text);
	process_free(&said);
}

#define SAYS(app, code, text, ...)                                                                 \
	says((app), (code), (text), (const char *const[]){__VA_ARGS__, NULL})

static const char *const hurried[] = {"--debug-routes",  "--grace", "300ms",
				      "--drain-timeout", "600ms",   NULL};

static void busy(struct app *app, struct client *client, const char *target)
{
	client_open(client, app->url);
	app_request(client, "GET", target, "", NULL);
	app_await_metric(app, "weir_requests_in_flight{phase=\"running\"}", 1);
}

Test(commands, drain_shows_how_it_goes_and_the_report)
{
	struct app app;
	struct client client;
	struct process said;
	app_serve(&app, (const char *const[]){"--debug-routes", "--grace", "1h", "--drain-timeout",
					      "1h", NULL});
	busy(&app, &client, "/debug/sleep?ms=3600000");
	process_start(&said, app.scratch.path,
		      (const char *const[]){WEIR_BINARY, "drain", "--admin", app.admin, NULL});
	process_await_line(
		&said, "grace: 1 in flight, 0 cancelled, waiting for GET /debug/sleep (sleeping)");
	/* The second signal ends the grace. Two of one kind could become one. */
	process_signal(&app.process, SIGTERM);
	process_signal(&app.process, SIGINT);
	int code = process_wait(&said);
	cr_expect_eq(code, 0, "%d: %s", code, said.text);
	static const char *const wanted[] = {
		"drain report: clean, asked for by admin,",
		" cancelled=1 ",
	};
	for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
		cr_expect_not_null(strstr(said.text, wanted[i]), "%s", said.text);
	process_free(&said);
	client_close(&client);
	cr_expect_eq(app_wait(&app), 0);
	app_destroy(&app);
}

Test(commands, drain_has_the_exit_code_of_the_stop)
{
	struct app app;
	struct client client;
	app_serve(&app, hurried);
	busy(&app, &client, "/debug/stuck");
	SAYS(&app, 4, "never came back: GET /debug/stuck", "drain", "--admin", app.admin);
	client_close(&client);
	cr_expect_eq(app_wait(&app), 4);
	app_destroy(&app);
}

Test(commands, status_shows_what_is_in_flight)
{
	struct app app;
	struct client client;
	app_serve(&app, hurried);
	busy(&app, &client, "/debug/sleep?ms=60000");
	SAYS(&app, 0, "sleeping           GET /debug/sleep", "status", "--admin", app.admin);
	SAYS(&app, 0, "\"doing\":\"sleeping\"", "status", "--json", "--admin", app.admin);
	SAYS(&app, 0, "handlers: 1\n", "status", "--stacks", "--admin", app.admin);
	client_close(&client);
	app_finish(&app);
}

Test(commands, rehearse_is_a_gate)
{
	struct app app;
	struct client client;
	struct reply reply;
	app_serve(&app, hurried);
	SAYS(&app, 0, "0 of 0 in flight", "rehearse", "--budget", "1s", "--admin", app.admin);
	busy(&app, &client, "/debug/sleep?ms=60000");
	SAYS(&app, 0, "1 of 1 in flight were cancelled as a stop would; 1 are over", "rehearse",
	     "--budget", "10s", "--admin", app.admin);
	client_receive(&client, &reply);
	cr_expect_eq(reply.status, 503);
	reply_free(&reply);
	client_close(&client);
	/* For longer than it takes to start the command, on however busy a machine. */
	busy(&app, &client, "/debug/work?ms=5000");
	SAYS(&app, 3, "GET /debug/work held it up", "rehearse", "--budget", "1s", "--timeout",
	     "100ms", "--admin", app.admin);
	client_receive(&client, &reply);
	reply_free(&reply);
	client_close(&client);
	app_finish(&app);
}

Test(commands, reload_says_what_the_server_says)
{
	struct app app;
	static const char *const options[] = {"--config", "weir.yaml", NULL};
	app_prepare(&app);
	scratch_write(&app.scratch, "weir.yaml", "workers: 4\n", 11);
	app_start(&app, options);
	SAYS(&app, 0, "reloaded: generation 2", "reload", "--admin", app.admin);
	scratch_write(&app.scratch, "weir.yaml", "wokers: 4\n", 10);
	SAYS(&app, 1, "weir.yaml:1: \"wokers\" is not a key here", "reload", "--admin", app.admin);
	app_finish(&app);
}

Test(commands, tcp_wants_the_token)
{
	struct app app;
	static const char token[] = "0123456789abcdefXYZ\n", wrong[] = "0123456789abcdefXYz\n";
	char admin[64];
	app_prepare(&app);
	scratch_write(&app.scratch, "token", token, sizeof token - 1);
	scratch_write(&app.scratch, "wrong", wrong, sizeof wrong - 1);
	scratch_write(&app.scratch, "short", "abc\n", 4);
	must(fchmodat(app.scratch.fd, "wrong", 0600, 0) == 0, "chmod: %s", strerror(errno));
	must(fchmodat(app.scratch.fd, "short", 0600, 0) == 0, "chmod: %s", strerror(errno));
	/* None, one that others can read, one that is none. */
	cr_expect_eq(
		app_run(&app, (const char *const[]){"serve", "--root", "root", "--listen",
						    "127.0.0.1:0", "--admin", "127.0.0.1:0", NULL}),
		2);
	cr_expect_not_null(strstr(app.process.text, "add --admin-token-file FILE"), "%s",
			   app.process.text);
	process_free(&app.process);
	must(fchmodat(app.scratch.fd, "token", 0640, 0) == 0, "chmod: %s", strerror(errno));
	static const char *const bad[][2] = {{"token", "can be used by others"},
					     {"short", "is too short"},
					     {"root", "is not a regular file"},
					     {"none", "No such file"}};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		cr_expect_eq(
			app_run(&app, (const char *const[]){"serve", "--root", "root", "--listen",
							    "127.0.0.1:0", "--admin-token-file",
							    bad[i][0], NULL}),
			2);
		cr_expect_not_null(strstr(app.process.text, bad[i][1]), "%s", app.process.text);
		process_free(&app.process);
	}
	must(fchmodat(app.scratch.fd, "token", 0600, 0) == 0, "chmod: %s", strerror(errno));
	const char *const argv[] = {WEIR_BINARY,          "serve",       "--root",  "root",
				    "--listen",           "127.0.0.1:0", "--admin", "127.0.0.1:0",
				    "--admin-token-file", "token",       NULL};
	process_start(&app.process, app.scratch.path, argv);
	process_await_line(&app.process, "listening url=");
	const char *url = process_await_line(&app.process, "listening url=http://");
	(void)snprintf(admin, sizeof admin, "%.*s", (int)strcspn(url, " "), url);
	process_await_line(&app.process, "ready ");
	SAYS(&app, 1, "wants a bearer token", "status", "--admin", admin);
	SAYS(&app, 1, "wants a bearer token", "drain", "--admin", admin, "--token-file", "wrong");
	SAYS(&app, 1, "wants a bearer token", "upgrade", "--admin", admin, "--token-file", "wrong");
	SAYS(&app, 0, "weir 0.1.0, running", "status", "--admin", admin, "--token-file", "token");
	SAYS(&app, 0, "drain report: clean", "drain", "--admin", admin, "--token-file", "token");
	cr_expect_eq(process_wait(&app.process), 0);
	cr_expect_null(strstr(app.process.text, "0123456789"), "%s", app.process.text);
	app_destroy(&app);
}

Test(commands, an_admin_socket_is_its_owners)
{
	struct app app;
	struct stat status;
	(void)umask(0);
	app_serve(&app, NULL);
	must(fstatat(app.scratch.fd, "admin.sock", &status, 0) == 0, "stat: %s", strerror(errno));
	cr_expect_eq(status.st_mode & 07777, 0600, "%o", status.st_mode & 07777);
	app_finish(&app);
}

Test(commands, mistakes_are_one_line)
{
	struct app app;
	app_prepare(&app);
	static const struct {
		int code;
		const char *words[6], *text;
	} rows[] = {
		{1, {"drain"}, "weir: where is the server?"},
		{1, {"status", "--admin", "unix:nothing"}, "nobody answers there"},
		{2, {"drain", "--bogus"}, "weir drain: unknown option --bogus"},
		{2, {"reload", "now"}, "weir reload: \"now\" is one word too many"},
		{2, {"rehearse", "--fraction", "2"}, "is not a number above 0 and up to 1"},
		{2, {"rehearse", "--budget", "soon"}, "is not a duration"},
		{2, {"status", "--admin"}, "weir status: --admin needs a value"},
	};
	must(unsetenv("WEIR_ADMIN") == 0, "unsetenv");
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct process said;
		int code = command(&app, &said, rows[i].words);
		cr_expect_eq(code, rows[i].code, "%s: %d", rows[i].words[0], code);
		cr_expect_not_null(strstr(said.text, rows[i].text), "%s", said.text);
		char *end = strchr(said.text, '\n');
		cr_expect(end != NULL && end[1] == '\0', "not one line: %s", said.text);
		process_free(&said);
	}
	app_destroy(&app);
}

/* On a terminal: one line that is drawn anew, and Ctrl-C leaves the stop to itself. */
Test(commands, drain_on_a_terminal)
{
	struct app app;
	struct client client;
	char script[PATH_MAX + 200];
	app_serve(&app, (const char *const[]){"--debug-routes", "--grace", "1h", "--drain-timeout",
					      "1h", NULL});
	busy(&app, &client, "/debug/sleep?ms=60000");
	(void)snprintf(script, sizeof script,
		       "exec script -qefc '%s drain --admin %.4000s' /dev/null", WEIR_BINARY,
		       app.admin);
	const char *const argv[] = {"/bin/bash", "-c", script, NULL};
	struct process said;
	if (access("/usr/bin/script", X_OK) != 0) {
		client_close(&client);
		cr_skip_test("SKIPPED: script is not installed (Debian: bsdutils)");
	}
	process_start(&said, app.scratch.path, argv);
	process_await_line(&app.process, "stopping ");
	process_signal(&app.process, SIGTERM); /* repeats */
	process_signal(&app.process, SIGINT);  /* hurries; another one, so that both are heard */
	cr_expect_eq(process_wait(&said), 0, "%s", said.text);
	cr_expect_not_null(strstr(said.text, "drain report: clean"), "%s", said.text);
	process_free(&said);
	client_close(&client);
	process_signal(&app.process, SIGTERM);
	(void)app_wait(&app);
	app_destroy(&app);
}
