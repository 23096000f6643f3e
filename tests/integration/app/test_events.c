/* The kind "events": streams that a task feeds. */
#include "app.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>

static const char config[] = "routes:\n"
			     "  - {path: /quiet, kind: events, retry: 1500ms, body_limit: 4KiB}\n"
			     "  - {path: /ticking, kind: events, every: 10ms}\n";

static void begin(struct app *app)
{
	app_prepare(app);
	scratch_write(&app->scratch, "weir.yaml", config, strlen(config));
	app_start(app, (const char *const[]){"--config", "weir.yaml", NULL});
}

static void listen_to(struct client *client, const struct app *app, const char *target,
		      const char *fields)
{
	client_open(client, app->url);
	app_request(client, "GET", target, fields, NULL);
	client_await_text(client, ": connected\n\n");
}

Test(events, what_is_posted_comes_to_every_listener)
{
	struct app app;
	struct client one, two;
	begin(&app);
	listen_to(&one, &app, "/quiet", "");
	listen_to(&two, &app, "/quiet", "");
	client_await_text(&one, "Content-Type: text/event-stream\r\n");
	cr_expect_eq(app_status(&app, "POST", "/quiet?event=greeting", "", "hello\nto\r\nall"),
		     202);
	static const char event[] = "id: 1\nevent: greeting\ndata: hello\ndata: to\ndata: all\n\n";
	client_await_text(&one, event);
	client_await_text(&two, event);
	cr_expect_eq(app_status(&app, "POST", "/quiet", "", "more"), 202);
	client_await_text(&one, "id: 2\ndata: more\n\n");
	client_close(&one);
	client_close(&two);
	app_finish(&app);
}

Test(events, who_comes_back_gets_what_was_missed)
{
	struct app app;
	struct client client;
	begin(&app);
	listen_to(&client, &app, "/quiet", "");
	for (int i = 0; i < 3; i++)
		cr_expect_eq(app_status(&app, "POST", "/quiet", "", "again"), 202);
	client_await_text(&client, "id: 3\n");
	client_close(&client);
	listen_to(&client, &app, "/quiet", "Last-Event-ID: 1\r\n");
	client_await_text(&client, "id: 2\ndata: again\n\n");
	client_await_text(&client, "id: 3\ndata: again\n\n");
	client_close(&client);
	app_finish(&app);
}

Test(events, who_was_away_for_too_long_is_told)
{
	struct app app;
	struct client client;
	begin(&app);
	listen_to(&client, &app, "/ticking", "");
	client_await_text(&client, "id: 300\nevent: tick\n");
	client_close(&client);
	listen_to(&client, &app, "/ticking", "Last-Event-ID: 1\r\n");
	client_await_text(&client, "event: lost\ndata: {\"lost\":");
	client_close(&client);
	app_finish(&app);
}

Test(events, bad_input_is_refused_and_publishes_nothing)
{
	static const struct {
		const char *method, *target, *fields, *body;
		int status;
		const char *reason;
	} rows[] = {
		{"POST", "/quiet", "", "", 400, "{\"error\":\"an event needs a body\"}\n"},
		{"POST", "/quiet", "", "\xff", 400,
		 "{\"error\":\"the body of an event must be text in UTF-8\"}\n"},
		{"POST", "/quiet?event=", "", "x", 400,
		 "{\"error\":\"?event= must be 1 to 64 bytes of UTF-8\"}\n"},
		{"POST", "/quiet?event=%ff", "", "x", 400,
		 "{\"error\":\"?event= must be 1 to 64 bytes of UTF-8\"}\n"},
		{"GET", "/quiet", "Last-Event-ID: x\r\n", NULL, 400,
		 "{\"error\":\"Last-Event-ID must be a number\"}\n"},
	};
	struct app app;
	struct client client;
	begin(&app);
	listen_to(&client, &app, "/quiet", "");
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct reply reply;
		app_exchange(&app, rows[i].method, rows[i].target, rows[i].fields, rows[i].body,
			     &reply);
		cr_expect_eq(reply.status, rows[i].status, "row %zu: %d", i, reply.status);
		cr_expect_str_eq(reply.body, rows[i].reason);
		reply_free(&reply);
	}
	static char large[5000];
	memset(large, 'x', sizeof large - 1);
	cr_expect_eq(app_status(&app, "POST", "/quiet", "", large), 413);
	cr_expect_eq(app_status(&app, "POST", "/quiet", "", "good"), 202);
	client_await_text(&client, "id: 1\ndata: good\n\n");
	client_close(&client);
	app_finish(&app);
}

Test(events, head_ends_at_once)
{
	struct app app;
	begin(&app);
	cr_expect_eq(app_status(&app, "HEAD", "/quiet", "", NULL), 200);
	app_finish(&app);
}

/* Nothing is published meanwhile: the wait itself is ended. */
Test(events, a_listener_that_goes_frees_its_worker)
{
	struct app app;
	struct client client;
	begin(&app);
	listen_to(&client, &app, "/quiet", "");
	app_await_metric(&app, "weir_requests_in_flight{phase=\"replying\"}", 1);
	client_reset(&client);
	app_await_metric(&app, "weir_requests_in_flight{phase=\"replying\"}", 0);
	app_finish(&app);
}

Test(events, a_stop_says_when_to_come_back)
{
	struct app app;
	struct client client;
	struct reply reply;
	begin(&app);
	client_open(&client, app.url);
	app_request(&client, "GET", "/quiet", "", NULL);
	client_await_text(&client, ": connected\n\n");
	process_signal(&app.process, SIGTERM);
	client_receive(&client, &reply);
	cr_expect_eq(reply.status, 200);
	cr_expect(reply.complete);
	cr_expect_str_eq(reply.body, ": connected\n\nretry: 1500\nevent: stopping\ndata: {}\n\n");
	reply_free(&reply);
	client_close(&client);
	cr_expect_eq(app_wait(&app), 0, "%s", app.process.text);
	cr_expect_eq(app_report_number(&app, "answered"), 1, "%s", app.report);
	app_report_check(&app);
	app_destroy(&app);
}
