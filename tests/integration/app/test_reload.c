/* SIGHUP: a new configuration, while requests of the old one end under it. */
#include "reloading.h"

#include "support/must.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <weir/report.h>

#define FILES(root) "routes:\n  - {path: '/{p...}', kind: files, root: " root "}\n"

/* Two directories with the file `f` in each. */
static void prepare(struct app *app)
{
	app_prepare(app);
	must(mkdirat(app->scratch.fd, "one", 0755) == 0 &&
		     mkdirat(app->scratch.fd, "two", 0755) == 0,
	     "no directories");
	scratch_write(&app->scratch, "one/f", "1", 1);
	scratch_write(&app->scratch, "two/f", "2", 1);
}

static void begin(struct app *app, const char *text)
{
	prepare(app);
	reloading_write(app, text);
	reloading_start(app, NULL);
}

static void finish(struct app *app)
{
	int code = app_stop(app);
	cr_assert_eq(code, 0, "exit code %d:\n%s", code, app->process.text);
	app_destroy(app);
}

Test(reload, takes_routes_and_files)
{
	struct app app;
	begin(&app, FILES("one") "  - {path: /gone, kind: events}\n");
	reloading_expect(&app, "/f", "1");
	cr_expect_eq(app_status(&app, "POST", "/gone", "", "x"), 202);
	reloading_write(&app, FILES("two") "  - {path: /new, kind: events}\n");
	reloading_expect(&app, "/f", "1"); /* not before it is told */
	reloading_reload(&app, 2);
	reloading_expect(&app, "/f", "2");
	cr_expect_eq(app_status(&app, "POST", "/gone", "", "x"), 405); /* it is a file now */
	cr_expect_eq(app_status(&app, "POST", "/new", "", "x"), 202);
	app_await_metric(&app, "weir_generation", 2);
	app_await_metric(&app, "weir_reloads_total", 1);
	app_await_metric(&app, "weir_old_generations", 0);
	finish(&app);
}

/* A directory that was renamed and made again under the same name. */
Test(reload, opens_what_has_kept_its_name)
{
	struct app app;
	begin(&app, FILES("one"));
	must(renameat(app.scratch.fd, "one", app.scratch.fd, "was") == 0 &&
		     mkdirat(app.scratch.fd, "one", 0755) == 0,
	     "no directory");
	scratch_write(&app.scratch, "one/f", "3", 1);
	reloading_expect(&app, "/f", "1");
	reloading_reload(&app, 2);
	reloading_expect(&app, "/f", "3");
	finish(&app);
}

Test(reload, leaves_an_upload_under_the_old_configuration)
{
	struct app app;
	struct client client, other;
	struct reply reply;
	begin(&app, FILES("one"));
	client_open(&client, app.url);
	client_send_text(&client, "PUT /up HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nhal");
	app_await_metric(&app, "weir_requests_in_flight{phase=\"running\"}", 1);
	client_open(&other, app.url);
	client_get(&other, "/f", &reply);
	cr_expect_str_eq(reply.body, "1");
	reply_free(&reply);

	reloading_write(&app, FILES("two"));
	reloading_reload(&app, 2);
	client_get(&other, "/f", &reply); /* on the connection that it had */
	cr_expect_str_eq(reply.body, "2");
	reply_free(&reply);
	app_await_metric(&app, "weir_old_generations", 1);
	client_send_text(&client, "ves");
	client_receive(&client, &reply);
	cr_expect_eq(reply.status, 201);
	cr_expect_not(reply_says_close(&reply));
	reply_free(&reply);
	app_await_metric(&app, "weir_old_generations", 0);
	cr_expect(scratch_has(&app.scratch, "one/up"));
	cr_expect_not(scratch_has(&app.scratch, "two/up"));
	client_close(&client);
	client_close(&other);
	finish(&app);
}

Test(reload, exchanges_listeners_beneath_a_request)
{
	struct app app;
	struct client client, none;
	struct reply reply;
	char old[128];
	begin(&app, FILES("one"));
	(void)snprintf(old, sizeof old, "%s", app.url);
	client_open(&client, app.url);
	client_send_text(&client, "PUT /up HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nhal");
	app_await_metric(&app, "weir_requests_in_flight{phase=\"running\"}", 1);
	reloading_write_all(&app, "listeners:\n"
				  "  - address: unix:b.sock\n"
				  "  - {address: 'unix:admin.sock', admin: true}\n" FILES("two"));
	reloading_reload(&app, 2);
	cr_expect_neq(client_try_open(&none, old), 0);
	cr_expect_not(scratch_has(&app.scratch, "a.sock"));
	must(snprintf(app.url, sizeof app.url, "unix:%s/b.sock", app.scratch.path) > 0, "no URL");
	reloading_expect(&app, "/f", "2");
	client_send_text(&client, "ves");
	client_receive(&client, &reply);
	cr_expect_eq(reply.status, 201);
	cr_expect(reply_says_close(&reply)); /* its listener has gone */
	reply_free(&reply);
	client_close(&client);
	cr_expect(scratch_has(&app.scratch, "one/up"));
	finish(&app);
}

/* Nothing changes, nothing is left open, and the line says why. */
Test(reload, changes_nothing_if_the_file_is_bad)
{
	static const struct {
		const char *text, *part;
	} rows[] = {
		{"workers: none\n", "weir.yaml:4: workers: "},
		{"routes: [\n", "weir.yaml:"},
		{FILES("three"), "routes[0].root: three cannot be opened"},
		{FILES("two") "  - {path: /e, kind: events}\n  - {path: /e, kind: events}\n",
		 "routes[2].path: "},
		{FILES("two") "drain_report: none/report.json\n",
		 "--drain-report: none/report.json cannot be written"},
		{FILES("two") "log: {file: none/log}\n",
		 "--log-file: none/log cannot be appended to"},
#ifdef WEIR_TEST_QUERY
		{"databases:\n  - {name: d, url: none/d.db}\n"
		 "statements: [{name: s, database: d, sql: SELECT 1}]\n"
		 "routes:\n  - {path: '/{p...}', kind: files, root: two}\n"
		 "  - {path: /x, kind: query, statement: s}\n",
		 "databases[0].url: none/d.db cannot be opened"},
#endif
	};
	struct app app;
	begin(&app, FILES("one"));
	size_t before = reloading_descriptors(&app);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		reloading_write(&app, rows[i].text);
		const char *line = reloading_fail(&app, 1);
		cr_expect_not_null(strstr(line, rows[i].part), "%zu: %s", i, line);
		reloading_expect(&app, "/f", "1");
	}
	reloading_write_all(&app, "listeners:\n"
				  "  - address: unix:a.sock\n"
				  "  - address: unix:b.sock\n"
				  "  - address: unix:none/c.sock\n" FILES("two"));
	const char *line = reloading_fail(&app, 1);
	cr_expect_not_null(strstr(line, "--listen unix:none/c.sock: no such host"), "%s", line);
	cr_expect_not(scratch_has(&app.scratch, "b.sock"));
	must(unlinkat(app.scratch.fd, "weir.yaml", 0) == 0, "no file");
	line = reloading_fail(&app, 1);
	cr_expect_not_null(strstr(line, "weir.yaml: cannot be read"), "%s", line);
	reloading_expect(&app, "/f", "1");
	app_await_metric(&app, "weir_reload_failures_total", sizeof rows / sizeof rows[0] + 2);
	reloading_await_descriptors(&app, before);
	reloading_write(&app, FILES("two"));
	reloading_reload(&app, 2);
	reloading_expect(&app, "/f", "2");
	finish(&app);
}

Test(reload, gives_back_what_the_old_configuration_had_open)
{
	struct app app;
	begin(&app, FILES("one") "  - {path: /e, kind: events}\n");
	reloading_reload(&app, 2);
	app_await_metric(&app, "weir_old_generations", 0);
	size_t before = reloading_descriptors(&app);
	for (unsigned i = 3; i < 30; i++)
		reloading_reload(&app, i);
	app_await_metric(&app, "weir_old_generations", 0);
	reloading_await_descriptors(&app, before);
	finish(&app);
}

/* Earlier ones that are still used are bounded, and so is what they keep open. */
Test(reload, is_refused_when_too_many_old_ones_are_used)
{
	struct client clients[16];
	struct app app;
	begin(&app, FILES("one"));
	for (unsigned i = 0; i < 16; i++) {
		client_open(&clients[i], app.url);
		client_send_text(&clients[i],
				 "PUT /up HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\na");
		app_await_metric(&app, "weir_requests_in_flight{phase=\"running\"}", i + 1);
		reloading_reload(&app, i + 2);
	}
	const char *line = reloading_fail(&app, 17);
	cr_expect_not_null(strstr(line, "16 earlier configurations are still used"), "%s", line);
	client_reset(&clients[7]);
	app_await_metric(&app, "weir_old_generations", 15);
	reloading_reload(&app, 18);
	for (unsigned i = 0; i < 16; i++) {
		if (i != 7)
			client_reset(&clients[i]);
	}
	app_await_metric(&app, "weir_old_generations", 0);
	finish(&app);
}

Test(reload, twice_in_a_row_serves_what_was_written_last)
{
	struct app app;
	begin(&app, FILES("one"));
	reloading_write(&app, FILES("root"));
	process_signal(&app.process, SIGHUP);
	process_signal(&app.process, SIGHUP);
	reloading_write(&app, FILES("two"));
	process_signal(&app.process, SIGHUP);
	/* One to three of them; the last begins after the file was written. */
	weir_time until = weir_after(MUST_PATIENCE);
	char *body;
	while ((body = reloading_get(&app, "/f")) == NULL || strcmp(body, "2") != 0) {
		must(weir_now() < until, "the last configuration is not served");
		free(body);
	}
	free(body);
	finish(&app);
}

Test(reload, of_a_server_that_stops_is_refused)
{
	struct app app;
	struct client client;
	struct reply reply;
	begin(&app, FILES("one"));
	client_open(&client, app.url);
	client_send_text(&client, "PUT /up HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nhal");
	app_await_metric(&app, "weir_requests_in_flight{phase=\"running\"}", 1);
	process_signal(&app.process, SIGTERM);
	app_await_metric(&app, "weir_drain_phase", WEIR_PHASE_GRACE);
	reloading_write(&app, FILES("two"));
	process_signal(&app.process, SIGHUP);
	process_await_line(&app.process, "reload-failed");
	client_send_text(&client, "ves");
	client_receive(&client, &reply);
	cr_expect_eq(reply.status, 201);
	reply_free(&reply);
	client_close(&client);
	int code = app_wait(&app);
	cr_expect_eq(code, 0, "exit code %d:\n%s", code, app.process.text);
	cr_expect(scratch_has(&app.scratch, "one/up"));
	app_destroy(&app);
}

Test(reload, changes_how_a_stop_goes)
{
	struct app app;
	struct client client;
	begin(&app, FILES("one") "timeouts: {grace: 1h, drain_timeout: 1h}\n");
	client_open(&client, app.url);
	client_send_text(&client, "PUT /up HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nhal");
	app_await_metric(&app, "weir_requests_in_flight{phase=\"running\"}", 1);
	reloading_write(&app, FILES("one") "timeouts: {grace: 0, drain_timeout: 1h}\n"
					   "drain_report: report.json\n");
	reloading_reload(&app, 2);
	process_signal(&app.process, SIGTERM);
	struct reply reply;
	client_receive(&client, &reply);
	cr_expect_eq(reply.status, 503);
	reply_free(&reply);
	client_close(&client);
	int code = app_wait(&app);
	cr_expect_eq(code, 0, "exit code %d:\n%s", code, app.process.text);
	cr_expect_eq(app_report_number(&app, "cancelled"), 1);
	app_destroy(&app);
}

/* The stop goes on serving until a second signal hurries it. */
Test(reload, changes_how_long_a_stop_goes_on_serving)
{
	struct app app;
	begin(&app, FILES("one"));
	reloading_write(&app, FILES("one") "timeouts: {lame_duck: 1h}\n");
	reloading_reload(&app, 2);
	process_signal(&app.process, SIGTERM);
	app_await_metric(&app, "weir_drain_phase", WEIR_PHASE_LAME_DUCK);
	for (int i = 0; i < 3; i++)
		reloading_expect(&app, "/f", "1");
	process_signal(&app.process, SIGTERM);
	int code = app_wait(&app);
	cr_expect_eq(code, 0, "exit code %d:\n%s", code, app.process.text);
	cr_expect_not_null(strstr(app.process.text, "phases: lame_duck "), "%s", app.process.text);
	app_destroy(&app);
}

Test(reload, names_what_it_cannot_change)
{
	struct app app;
	begin(&app, FILES("one") "workers: 4\n");
	reloading_write(&app, FILES("two") "workers: 5\nqueue: 7\ntimeouts: {header: 3s}\n"
					   "deadline_header: X-Time\n");
	process_signal(&app.process, SIGHUP);
	const char *line = process_await_line(&app.process, "reload-needs-restart ");
	cr_expect_not_null(strstr(line, "options=workers,queue,timeouts.header,deadline_header "),
			   "%s", line);
	process_await_line(&app.process, "reloaded generation=2");
	reloading_expect(&app, "/f", "2");
	/* As it was: nothing to tell. */
	reloading_write(&app, FILES("two") "workers: 4\n");
	reloading_reload(&app, 3);
	finish(&app);
}

Test(reload, without_a_file_opens_the_root_and_the_report_anew)
{
	struct app app;
	app_serve(&app, NULL);
	must(renameat(app.scratch.fd, "root", app.scratch.fd, "was") == 0 &&
		     mkdirat(app.scratch.fd, "root", 0755) == 0,
	     "no directory");
	reloading_reload(&app, 2);
	cr_expect_eq(app_status(&app, "PUT", "/f", "", "new"), 201);
	cr_expect(scratch_has(&app.scratch, "root/f"));
	app_finish(&app); /* with the report */
}

Test(reload, ends_streams_whose_clients_come_back_to_what_they_missed)
{
	struct app app;
	struct client client;
	begin(&app, "routes:\n  - {path: /e, kind: events}\n");
	client_open(&client, app.url);
	app_request(&client, "GET", "/e", "", NULL);
	client_await_text(&client, ": connected\n\n");
	cr_expect_eq(app_status(&app, "POST", "/e", "", "first"), 202);
	client_await_text(&client, "id: 1\ndata: first\n\n");
	reloading_write(&app, "routes:\n  - {path: /e, kind: events, every: 10ms, retry: 50ms}\n");
	reloading_reload(&app, 2);
	client_await_text(&client, "event: stopping\n");
	client_close(&client);
	app_await_metric(&app, "weir_old_generations", 0);
	client_open(&client, app.url);
	app_request(&client, "GET", "/e", "Last-Event-ID: 0\r\n", NULL);
	client_await_text(&client, "id: 1\ndata: first\n\n");
	client_await_text(&client, "event: tick\n"); /* its task has heard of the period */
	client_close(&client);
	/* Without the route its channel ends, and its task. */
	reloading_write(&app, FILES("one"));
	reloading_reload(&app, 3);
	app_await_metric(&app, "weir_old_generations", 0);
	finish(&app);
}

#ifdef WEIR_TEST_QUERY
#define DATABASE(name)                                                                             \
	"databases:\n"                                                                             \
	"  - name: d\n"                                                                            \
	"    url: " name ".db\n"                                                                   \
	"    setup: [CREATE TABLE t AS SELECT '" name "' AS s]\n"                                  \
	"statements: [{name: s, database: d, sql: SELECT s FROM t}]\n"                             \
	"routes: [{path: /s, kind: query, statement: s}]\n"

#define ROW(name) "{\"rows\":[\n{\"s\":\"" name "\"}\n],\"changed\":0}\n"

Test(reload, takes_databases)
{
	struct app app;
	begin(&app, DATABASE("one"));
	reloading_expect(&app, "/s", ROW("one"));
	reloading_write(&app, DATABASE("two"));
	reloading_reload(&app, 2);
	reloading_expect(&app, "/s", ROW("two"));
	/* Its statements do not go twice: what it says is bad now, and the old one serves on. */
	const char *line = reloading_fail(&app, 2);
	cr_expect_not_null(strstr(line, "already exists"), "%s", line);
	reloading_expect(&app, "/s", ROW("two"));
	finish(&app);
}
#endif
