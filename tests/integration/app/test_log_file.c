/* --log-file: appended to, and opened anew by a reload. */
#include "reloading.h"

#include "support/must.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Waits until the file has this in it: nobody tells when. */
static void await_text(const struct app *app, const char *name, const char *text)
{
	weir_time until = weir_after(MUST_PATIENCE);
	for (;;) {
		size_t size;
		char *content = scratch_read(&app->scratch, name, &size);
		bool there = content != NULL && strstr(content, text) != NULL;
		must(there || weir_now() < until, "%s never had \"%s\":\n%s", name, text, content);
		free(content);
		if (there)
			return;
	}
}

static bool has_text(const struct app *app, const char *name, const char *text)
{
	size_t size;
	char *content = scratch_read(&app->scratch, name, &size);
	bool there = content != NULL && strstr(content, text) != NULL;
	free(content);
	return there;
}

static void start(struct app *app)
{
	static const char *const words[] = {WEIR_BINARY, "serve",      "--config",
					    "weir.yaml", "--log-file", "weir.log",
					    "--root",    "root",       NULL};
	process_start(&app->process, app->scratch.path, words);
	must(snprintf(app->url, sizeof app->url, "unix:%s/a.sock", app->scratch.path) > 0,
	     "no URL");
	await_text(app, "weir.log", "ready ");
}

static void move(struct app *app, const char *from, const char *to)
{
	must(renameat(app->scratch.fd, from, app->scratch.fd, to) == 0, "no %s", from);
}

Test(log_file, is_appended_to_and_rotated)
{
	struct app app;
	app_prepare(&app);
	reloading_write(&app, "");
	scratch_write(&app.scratch, "weir.log", "before\n", 7);
	start(&app);
	cr_expect(has_text(&app, "weir.log", "before\nlistening url="));
	move(&app, "weir.log", "weir.log.1");
	process_signal(&app.process, SIGHUP);
	await_text(&app, "weir.log", "reloaded generation=2\n");
	cr_expect_not(has_text(&app, "weir.log.1", "reloaded"));
	cr_expect_eq(app_stop(&app), 0);
	cr_expect(has_text(&app, "weir.log", "stopping asked_by=SIGTERM\n"));
	cr_expect(has_text(&app, "weir.log", "Stopped cleanly"));
	cr_expect_str_eq(app.process.text, "", "stderr has %s", app.process.text);
	app_destroy(&app);
}

/* A directory stands where the file should be: the old file is better than none. */
Test(log_file, that_cannot_be_opened_anew_goes_on)
{
	struct app app;
	app_prepare(&app);
	reloading_write(&app, "");
	start(&app);
	move(&app, "weir.log", "weir.log.1");
	must(mkdirat(app.scratch.fd, "weir.log", 0755) == 0, "no directory");
	process_signal(&app.process, SIGHUP);
	await_text(&app, "weir.log.1", "log-kept file=weir.log level=warning message=");
	await_text(&app, "weir.log.1", "reloaded generation=2\n");
	cr_expect_eq(app_stop(&app), 0);
	cr_expect(has_text(&app, "weir.log.1", "Stopped cleanly"));
	app_destroy(&app);
}

Test(log_file, may_change_and_change_its_form)
{
	struct app app;
	app_prepare(&app);
	reloading_write(&app, "log: {file: one.log}\n");
	process_start(&app.process, app.scratch.path,
		      (const char *const[]){WEIR_BINARY, "serve", "--config", "weir.yaml", NULL});
	await_text(&app, "one.log", "ready ");
	reloading_write(&app, "log: {file: two.log, format: json}\n");
	process_signal(&app.process, SIGHUP);
	await_text(&app, "two.log", "\"event\":\"reloaded\",\"generation\":\"2\"}\n");
	reloading_write(&app, "");
	process_signal(&app.process, SIGHUP);
	process_await_line(&app.process, "reloaded generation=3"); /* on stderr */
	cr_expect_eq(app_stop(&app), 0);
	cr_expect_not(has_text(&app, "one.log", "reloaded"));
	app_destroy(&app);
}

Test(log_file, that_is_none_ends_the_start)
{
	static const struct {
		const char *name, *line;
	} rows[] = {
		{"root", "weir serve: --log-file: root cannot be appended to: Is a directory: name "
			 "another file\n"},
		{"pipe", "weir serve: --log-file: pipe cannot be appended to: Not a regular file: "
			 "name another file\n"},
		{"no/file", "weir serve: --log-file: no/file cannot be appended to: No such file "
			    "or directory: name another file\n"},
	};
	struct app app;
	app_prepare(&app);
	must(mkfifoat(app.scratch.fd, "pipe", 0600) == 0, "no pipe");
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		cr_expect_eq(app_run(&app, (const char *const[]){"serve", "--root", "root",
								 "--listen", "127.0.0.1:0",
								 "--log-file", rows[i].name, NULL}),
			     2);
		cr_expect_str_eq(app.process.text, rows[i].line);
		process_free(&app.process);
	}
	app_destroy(&app);
}
