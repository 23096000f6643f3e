/* Starts, and failures to start: exactly one line, and exit code 2. */
#include "app.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define EXIT_START 2
/* Not the default one: it may be somebody else's. */
#define FREE_PORT "--listen", "127.0.0.1:0"

/* Runs weir with these words, which must fail with one line that has `part` in it. */
static void expect_refused(struct app *app, const char *part, const char *const *words)
{
	int code = app_run(app, words);
	const char *text = app->process.text;
	cr_expect_eq(code, EXIT_START, "exit code %d: %s", code, text);
	size_t size = app->process.text_size;
	cr_expect(size > 1 && memchr(text, '\n', size) == text + size - 1, "not one line: %s",
		  text);
	cr_expect_not_null(strstr(text, part), "no \"%s\" in: %s", part, text);
	process_free(&app->process);
}

#define refused(app, part, ...) expect_refused(app, part, (const char *const[]){__VA_ARGS__, NULL})

Test(start, every_wrong_word_is_one_line)
{
	struct app app;
	app_prepare(&app);
	refused(&app, "weir: unknown command \"sevre\"", "sevre");
	refused(&app, "weir: unknown option --nope", "--nope");
	refused(&app, "weir: unknown option -x", "-x");
	refused(&app, "\"root\" is one word too many", "serve", "root");
	refused(&app, "unknown option --nope", "serve", "--nope");
	refused(&app, "unknown option -q", "serve", "-q");
	refused(&app, "could mean several", "serve", "--drain", "1s");
	refused(&app, "--debug-routes takes no value", "serve", "--debug-routes=1");
	static const char *const valued[] = {"--listen", "--root",         "--workers",
					     "--queue",  "--grace",        "--drain-timeout",
					     "--admin",  "--drain-report", "--log-format"};
	for (size_t i = 0; i < sizeof valued / sizeof valued[0]; i++)
		refused(&app, "needs a value", "serve", valued[i]);
	static const char *const numbers[] = {"--workers", "--queue"};
	static const char *const no_numbers[] = {"", "0", "-1", "abc", "1.5", "9999999"};
	for (size_t i = 0; i < 2; i++) {
		for (size_t j = 0; j < sizeof no_numbers / sizeof no_numbers[0]; j++)
			refused(&app, "is not a number from 1 to", "serve", numbers[i],
				no_numbers[j]);
	}
	static const char *const durations[] = {"--grace", "--drain-timeout"};
	static const char *const no_durations[] = {"", "10", "-1s", "s", "1d", "1.5s"};
	for (size_t i = 0; i < 2; i++) {
		for (size_t j = 0; j < sizeof no_durations / sizeof no_durations[0]; j++)
			refused(&app, "is not a duration", "serve", durations[i], no_durations[j]);
	}
	refused(&app, "is neither text nor json", "serve", "--log-format", "xml");
	refused(&app, "one word too many", "serve", "two\nlines");
	app_destroy(&app);
}

Test(start, nothing_to_do_shows_the_usage)
{
	struct app app;
	app_prepare(&app);
	cr_expect_eq(app_run(&app, NULL), EXIT_START);
	cr_expect_eq(strncmp(app.process.text, "usage: weir serve", 17), 0, "%s", app.process.text);
	app_destroy(&app);
}

Test(start, wrong_addresses_are_refused)
{
	static const char *const wrong[] = {
		"127.0.0.1", "127.0.0.1:x", "127.0.0.1:65536", "unix:", ":", "", "[::1:80",
	};
	struct app app;
	app_prepare(&app);
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		refused(&app, "weir serve: --listen ", "serve", "--root", "root", "--listen",
			wrong[i]);
		refused(&app, "weir serve: --admin ", "serve", "--root", "root", "--listen",
			"127.0.0.1:0", "--admin", wrong[i]);
	}
	refused(&app, "choose another", "serve", "--root", "root", "--listen",
		"unix:none/weir.sock");
	refused(&app, "not an address of this machine", "serve", "--root", "root", "--listen",
		"192.0.2.1:0");
	app_destroy(&app);
}

Test(start, an_occupied_port_or_socket_is_refused)
{
	struct app app, other;
	app_serve(&app, NULL);
	app_prepare(&other);
	refused(&other, "somebody listens there already", "serve", "--root", "root", "--listen",
		app.url + strlen("http://"));
	refused(&other, "somebody listens there already", "serve", "--root", "root", "--listen",
		"127.0.0.1:0", "--admin", app.admin);
	cr_expect_eq(app_status(&app, "GET", "/", "", NULL), 200, "it was disturbed");
	app_destroy(&other);
	app_finish(&app);
}

Test(start, a_socket_path_that_is_a_file_is_refused_and_kept)
{
	struct app app;
	size_t size;
	app_prepare(&app);
	scratch_write(&app.scratch, "file", "mine", 4);
	refused(&app, "not a socket", "serve", "--root", "root", "--listen", "unix:file");
	char *text = scratch_read(&app.scratch, "file", &size);
	cr_assert_not_null(text);
	cr_expect_str_eq(text, "mine");
	free(text);
	app_destroy(&app);
}

Test(start, a_root_that_cannot_be_served_is_refused)
{
	struct app app;
	app_prepare(&app);
	scratch_write(&app.scratch, "file", "x", 1);
	refused(&app, "there is no directory none", "serve", FREE_PORT, "--root", "none");
	refused(&app, "there is no directory ./data", "serve", FREE_PORT);
	refused(&app, "file cannot be opened", "serve", FREE_PORT, "--root", "file");
	cr_expect_not(scratch_has(&app.scratch, "data"), "the root was made");
	if (geteuid() != 0) { /* nothing is unreadable for root */
		cr_assert_eq(mkdirat(app.scratch.fd, "closed", 0000), 0);
		refused(&app, "closed cannot be opened", "serve", FREE_PORT, "--root", "closed");
	}
	app_destroy(&app);
}

Test(start, a_report_that_cannot_be_written_is_refused)
{
	struct app app;
	app_prepare(&app);
	cr_assert_eq(symlinkat("elsewhere", app.scratch.fd, "link"), 0);
	refused(&app, "cannot be written", "serve", FREE_PORT, "--root", "root", "--drain-report",
		"none/report");
	refused(&app, "is a directory", "serve", FREE_PORT, "--root", "root", "--drain-report",
		"root");
	refused(&app, "does not name a file", "serve", FREE_PORT, "--root", "root",
		"--drain-report", "root/");
	refused(&app, "not a regular file", "serve", FREE_PORT, "--root", "root", "--drain-report",
		"link");
	refused(&app, "not a regular file", "serve", FREE_PORT, "--root", "root", "--drain-report",
		"/dev/null");
	app_destroy(&app);
}

Test(start, listens_at_unix_sockets_and_several_addresses)
{
	struct app app;
	char address[PATH_MAX + 32];
	app_prepare(&app);
	(void)snprintf(address, sizeof address, "unix:%s/weir.sock", app.scratch.path);
	app_start(&app, (const char *const[]){"--listen", address, NULL});
	scratch_write(&app.scratch, "root/file", "text", 4);
	const char *const urls[] = {app.url, address};
	for (size_t i = 0; i < 2; i++) {
		struct client client;
		struct reply reply;
		client_open(&client, urls[i]);
		client_get(&client, "/file", &reply);
		cr_expect_eq(reply.status, 200, "%s", urls[i]);
		cr_expect_str_eq(reply.body, "text");
		reply_free(&reply);
		client_close(&client);
	}
	app_finish(&app);
}

Test(start, takes_over_a_socket_that_was_left_behind)
{
	struct app app;
	app_serve(&app, NULL);
	process_signal(&app.process, SIGKILL);
	cr_expect_eq(app_wait(&app), 128 + SIGKILL);
	cr_assert(scratch_has(&app.scratch, "admin.sock"));
	process_free(&app.process);
	app_start(&app, NULL);
	app_finish(&app);
}

/* Every line is one object: the log, and the report at the end. */
Test(start, json_logs_are_json_to_the_last_line)
{
	struct app app;
	app_prepare(&app);
	const char *const argv[] = {WEIR_BINARY,    "serve",  "--listen",
				    "127.0.0.1:0",  "--root", "root",
				    "--log-format", "json",   NULL};
	process_start(&app.process, app.scratch.path, argv);
	const char *line;
	bool ready = false;
	while (!ready && (line = process_line(&app.process)) != NULL)
		ready = strstr(line, "\"event\":\"ready\"") != NULL;
	cr_assert(ready, "%s", app.process.text);
	process_signal(&app.process, SIGTERM);
	cr_expect_eq(process_wait(&app.process), 0);
	cr_expect_not_null(strstr(app.process.text, "\"outcome\":\"clean\""), "%s",
			   app.process.text);
	for (char *next = app.process.text, *end; *next != '\0'; next = end + 1) {
		end = strchr(next, '\n');
		cr_assert_not_null(end, "the last line is not ended: %s", next);
		cr_expect(*next == '{' && end[-1] == '}', "%.*s", (int)(end - next), next);
	}
	app_destroy(&app);
}

Test(start, an_old_report_is_replaced)
{
	struct app app;
	app_prepare(&app);
	scratch_write(&app.scratch, "report.json", "old", 3);
	app_start(&app, NULL);
	size_t size;
	char *text = scratch_read(&app.scratch, "report.json", &size);
	cr_assert_not_null(text);
	cr_expect_str_eq(text, "old");
	free(text);
	cr_expect_eq(app_stop(&app), 0);
	cr_expect_not_null(strstr(app.report, "\"outcome\":\"clean\""), "%s", app.report);
	app_destroy(&app);
}
