/* `weir check`, and `weir serve --config`: mistakes are one line and exit code 2; what is right
 * serves. */
#include "app.h"

#include "support/must.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define EXIT_START 2

static void run(struct app *app, int code, const char *line, const char *const *words)
{
	int got = app_run(app, words);
	cr_expect_eq(got, code, "exit code %d: %s", got, app->process.text);
	cr_expect_str_eq(app->process.text, line);
	process_free(&app->process);
}

#define runs(app, code, line, ...) run(app, code, line, (const char *const[]){__VA_ARGS__, NULL})

static void write_config(struct app *app, const char *text)
{
	scratch_write(&app->scratch, "weir.yaml", text, strlen(text));
}

Test(config_file, mistakes_are_one_line_with_file_and_line)
{
	static const struct {
		const char *text, *line;
	} rows[] = {
		{"workers: 0\n", "weir.yaml:1: workers: \"0\": expected a number from 1 to 4096, "
				 "or two as in 16..64\n"},
		{"routes:\n  - path: /x\n    kind: what\n",
		 "weir.yaml:3: routes[0].kind: \"what\" is not known: expected one of files, "
		 "events, "
		 "run, query, proxy, websocket\n"},
		{"routes:\n  - {path: '/{p...}', kind: files, root: none}\n",
		 "weir.yaml:2: routes[0].root: none cannot be opened: No such file or directory: "
		 "expected a directory\n"},
		{"routes:\n  - {path: '/{p...}', kind: files, root: weir.yaml}\n",
		 "weir.yaml:2: routes[0].root: weir.yaml cannot be opened: Not a directory: "
		 "expected "
		 "a directory\n"},
		{"routes:\n  - {path: /e, kind: events}\n  - {path: /e, kind: events}\n",
		 "weir.yaml:3: routes[1].path: \"/e\": there is a route of this path and method: "
		 "expected another one\n"},
		{"routes:\n  - {path: /healthz, kind: events}\n",
		 "weir.yaml:2: routes[0].path: \"/healthz\": there is a route of this path and "
		 "method: expected another one\n"},
		{"routes:\n  - {path: '/x{y}', kind: events}\n",
		 "weir.yaml:2: routes[0].path: \"/x{y}\" is not a pattern: expected literal "
		 "segments, "
		 "{name}, and {name...} at the end\n"},
#ifdef WEIR_TEST_RUN
		{"routes:\n  - path: /x\n    kind: run\n    command: [./none]\n",
		 "weir.yaml:4: routes[0].command: ./none: No such file or directory: expected a "
		 "program that can be executed\n"},
		{"routes:\n  - {path: /x, kind: run, command: [weir.yaml]}\n",
		 "weir.yaml:2: routes[0].command: weir.yaml: No such file or directory: expected a "
		 "program that can be executed\n"},
		{"routes:\n  - {path: /x, kind: run, command: [./weir.yaml]}\n",
		 "weir.yaml:2: routes[0].command: ./weir.yaml: Permission denied: expected a "
		 "program "
		 "that can be executed\n"},
		{"routes:\n  - {path: /x, kind: run, command: [sh], directory: none}\n",
		 "weir.yaml:2: routes[0].directory: none: No such file or directory: expected a "
		 "directory to run the command in\n"},
#endif
	};
	struct app app;
	app_prepare(&app);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		write_config(&app, rows[i].text);
		runs(&app, EXIT_START, rows[i].line, "check", "weir.yaml");
		runs(&app, EXIT_START, rows[i].line, "serve", "--config", "weir.yaml", "--listen",
		     "127.0.0.1:0");
	}
	runs(&app, EXIT_START, "none.yaml: cannot be read: No such file or directory\n", "check",
	     "none.yaml");
	app_destroy(&app);
}

#ifdef WEIR_TEST_QUERY
static void expect_part(struct app *app, const char *part, const char *const *words)
{
	cr_expect_eq(app_run(app, words), EXIT_START);
	cr_expect_not_null(strstr(app->process.text, part), "%s", app->process.text);
	process_free(&app->process);
}

Test(config_file, a_database_that_cannot_be_opened_is_told)
{
	static const char *const checks[] = {"check", "weir.yaml", NULL};
	struct app app;
	app_prepare(&app);
	write_config(&app, "databases:\n  - {name: d, url: none/d.db}\n"
			   "statements: [{name: s, database: d, sql: SELECT 1}]\n"
			   "routes: [{path: /x, kind: query, statement: s}]\n");
	expect_part(&app, "weir.yaml:2: databases[0].url: none/d.db cannot be opened: ", checks);
	write_config(&app, "databases:\n  - {name: d, url: weir.yaml}\n"
			   "statements: [{name: s, database: d, sql: SELECT 1}]\n"
			   "routes: [{path: /x, kind: query, statement: s}]\n");
	expect_part(&app, "weir.yaml:2: databases[0].url: weir.yaml cannot be opened: ", checks);
	app_destroy(&app);
}
#endif

Test(config_file, words_after_check_are_looked_at)
{
	struct app app;
	app_prepare(&app);
	runs(&app, EXIT_START, "weir check: which FILE? (see 'weir check --help')\n", "check");
	runs(&app, EXIT_START, "weir check: the path is empty (see 'weir check --help')\n", "check",
	     "");
	runs(&app, EXIT_START,
	     "weir check: \"b\" is one word too many: one FILE can be checked at a time (see 'weir "
	     "check --help')\n",
	     "check", "a", "b");
	runs(&app, EXIT_START, "weir check: unknown option --nope (see 'weir check --help')\n",
	     "check", "--nope");
	app_destroy(&app);
}

Test(config_file, checking_changes_nothing)
{
	struct app app;
	app_prepare(&app);
	write_config(&app, "listeners: [{address: '127.0.0.1:0'}]\n"
			   "routes:\n"
			   "  - {path: '/{p...}', kind: files, root: new/files, create: true}\n"
			   "  - {path: /e, kind: events}\n");
	size_t before = scratch_count(&app.scratch, ".");
	runs(&app, 0, "weir.yaml: ok: 1 listener, 2 routes\n", "check", "weir.yaml");
	cr_expect_eq(scratch_count(&app.scratch, "."), before);
	app_destroy(&app);
}

#ifdef WEIR_TEST_ALL
/* The whole example, with its ports: at a loopback address of this process' own. */
static char *example(void)
{
	char *text = NULL, *at;
	size_t room = 0;
	FILE *file = fopen(WEIR_EXAMPLE, "r");
	must(file != NULL && getdelim(&text, &room, '\0', file) > 0, "no %s", WEIR_EXAMPLE);
	fclose(file);
	char host[16];
	unsigned pid = (unsigned)getpid();
	(void)snprintf(host, sizeof host, "127.%u.%u.%u", 1 + (pid >> 16) % 250, (pid >> 8) % 250,
		       1 + pid % 250);
	char *out = NULL;
	size_t size;
	FILE *stream = open_memstream(&out, &size);
	must(stream != NULL, "no memory");
	const char *rest = text;
	while ((at = strstr(rest, "127.0.0.1")) != NULL) {
		fprintf(stream, "%.*s%s", (int)(at - rest), rest, host);
		rest = at + strlen("127.0.0.1");
	}
	fputs(rest, stream);
	must(fclose(stream) == 0, "no memory");
	free(text);
	return out;
}

Test(config_file, the_example_with_everything_runs)
{
	struct app app;
	struct reply reply;
	app_prepare(&app);
	char *text = example();
	write_config(&app, text);
	free(text);
	runs(&app, 0, "weir.yaml: ok: 3 listeners, 10 routes\n", "check", "weir.yaml");
	const char *const words[] = {WEIR_BINARY, "serve", "--config", "weir.yaml", NULL};
	process_start(&app.process, app.scratch.path, words);
	const char *url = process_await_line(&app.process, "listening url=");
	(void)snprintf(app.url, sizeof app.url, "%.*s", (int)strcspn(url, " "), url);
	process_await_line(&app.process, "ready ");

	cr_expect_eq(app_status(&app, "PUT", "/files/a", "", "stored"), 201);
	app_exchange(&app, "GET", "/mirror/a", "", NULL, &reply);
	cr_expect_eq(reply.status, 200);
	cr_expect_str_eq(reply.body, "stored");
	reply_free(&reply);
	cr_expect_eq(app_status(&app, "GET", "/files/", "", NULL), 200);
	app_exchange(&app, "POST", "/count", "", "four", &reply);
	cr_expect_str_eq(reply.body, "4\n");
	reply_free(&reply);
	cr_expect_eq(app_status(&app, "GET", "/calendar/2026?month=11", "", NULL), 200);
	cr_expect_eq(app_status(&app, "POST", "/notes", "", "{\"text\":\"milk\"}"), 200);
	app_exchange(&app, "GET", "/notes/1", "", NULL, &reply);
	cr_expect_str_eq(reply.body,
			 "{\"rows\":[\n{\"id\":1,\"text\":\"milk\"}\n],\"changed\":0}\n");
	reply_free(&reply);
	cr_expect_eq(app_status(&app, "POST", "/events", "", "hello"), 202);
	cr_expect_eq(app_status(&app, "GET", "/notes", "X-Request-Timeout: soon\r\n", NULL), 400);
	int code = app_stop(&app);
	cr_expect_eq(code, 0, "%d: %s", code, app.process.text);
	cr_expect(scratch_has(&app.scratch, "data/drain.json"));
	app_destroy(&app);
}
#endif
