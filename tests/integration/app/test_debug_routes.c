/* The debug routes, and what a stop does to each. */
#include "app.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <weir/report.h>

static const char running[] = "weir_requests_in_flight{phase=\"running\"}";

/* Asks, and returns when the handler runs. */
static void begin(struct app *app, struct client *client, const char *target)
{
	client_open(client, app->url);
	app_request(client, "GET", target, "", NULL);
	app_await_metric(app, running, 1);
}

static void expect_status(struct client *client, int status)
{
	struct reply reply;
	client_receive(client, &reply);
	cr_expect_eq(reply.status, status, "%d", reply.status);
	cr_expect(reply.complete);
	reply_free(&reply);
}

Test(debug_routes, are_there_only_when_asked_for)
{
	struct app app;
	app_serve(&app, NULL);
	cr_expect_eq(app_status(&app, "GET", "/debug/sleep?ms=0", "", NULL), 404);
	cr_expect_geq(app_status(&app, "POST", "/debug/echo", "", "x"), 404);
	app_finish(&app);
}

Test(debug_routes, check_their_parameters)
{
	static const char *const wrong[] = {
		"/debug/sleep",
		"/debug/sleep?ms=",
		"/debug/sleep?ms=-1",
		"/debug/sleep?ms=abc",
		"/debug/sleep?ms=3600001",
		"/debug/work?ms=1s",
		"/debug/work",
		"/debug/stream?ms=10",
		"/debug/stream?ms=10&every=0",
		"/debug/stream?every=5",
		"/debug/stream?ms=10&every=60001",
	};
	struct app app;
	app_serve(&app, (const char *const[]){"--debug-routes", NULL});
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		struct reply reply;
		app_exchange(&app, "GET", wrong[i], "", NULL, &reply);
		cr_expect_eq(reply.status, 400, "%s: %d", wrong[i], reply.status);
		cr_expect_eq(strcspn(reply.body, "\n"), reply.body_size - 1, "not one line: %s",
			     reply.body);
		reply_free(&reply);
	}
	cr_expect_eq(app_status(&app, "GET", "/debug/sleep?ms=0", "", NULL), 200);
	cr_expect_eq(app_status(&app, "GET", "/debug/work?ms=1", "", NULL), 200);
	app_finish(&app);
}

Test(debug_routes, sleep_is_cancelled_when_there_is_no_grace)
{
	struct app app;
	struct client client;
	app_serve(&app, (const char *const[]){"--debug-routes", "--grace", "0", NULL});
	begin(&app, &client, "/debug/sleep?ms=3600000");
	process_signal(&app.process, SIGTERM);
	expect_status(&client, 503);
	client_close(&client);
	cr_expect_eq(app_wait(&app), 0);
	cr_expect_eq(app_report_number(&app, "cancelled"), 1, "%s", app.report);
	app_report_check(&app);
	app_destroy(&app);
}

Test(debug_routes, work_finishes_in_its_grace)
{
	struct app app;
	struct client client;
	app_serve(&app, (const char *const[]){"--debug-routes", "--grace", "1h", "--drain-timeout",
					      "1h", NULL});
	begin(&app, &client, "/debug/work?ms=300");
	process_signal(&app.process, SIGTERM);
	expect_status(&client, 200);
	client_close(&client);
	cr_expect_eq(app_wait(&app), 0);
	cr_expect_eq(app_report_number(&app, "answered"), 1, "%s", app.report);
	app_report_check(&app);
	app_destroy(&app);
}

Test(debug_routes, stuck_is_abandoned_and_named)
{
	struct app app;
	struct client client;
	app_serve(&app, (const char *const[]){"--debug-routes", "--grace", "100ms",
					      "--drain-timeout", "200ms", NULL});
	begin(&app, &client, "/debug/stuck?a=b");
	int code = app_stop(&app);
	cr_expect_eq(code, WEIR_ABANDONED, "exit code %d:\n%s", code, app.process.text);
	cr_assert_not_null(app.report);
	cr_expect_eq(app_report_number(&app, "abandoned"), 1, "%s", app.report);
	cr_expect_not_null(strstr(app.report, "\"route\":\"GET /debug/stuck\""), "%s", app.report);
	cr_expect_not_null(strstr(app.report, "\"doing\":\"stuck\""), "%s", app.report);
	cr_expect_not_null(strstr(app.process.text, "/debug/stuck"), "%s", app.process.text);
	app_report_check(&app);
	client_close(&client);
	app_destroy(&app);
}

Test(debug_routes, stream_counts_and_says_goodbye_at_a_stop)
{
	struct app app;
	struct client client;
	struct reply reply;
	app_serve(&app, (const char *const[]){"--debug-routes", "--grace", "1h", "--drain-timeout",
					      "1h", NULL});
	app_exchange(&app, "GET", "/debug/stream?ms=15&every=5", "", NULL, &reply);
	cr_expect_eq(reply.status, 200);
	cr_expect(reply.complete);
	cr_expect_str_eq(reply.body, "1 of 3\n2 of 3\n3 of 3\n");
	reply_free(&reply);

	client_open(&client, app.url);
	app_request(&client, "GET", "/debug/stream?ms=3600000&every=5", "", NULL);
	client_await_text(&client, "1 of 720000\n");
	process_signal(&app.process, SIGTERM);
	client_receive(&client, &reply);
	cr_expect(reply.complete);
	cr_expect_geq(reply.body_size, 9);
	cr_expect_str_eq(reply.body + reply.body_size - 9, "stopping\n");
	reply_free(&reply);
	client_close(&client);
	cr_expect_eq(app_wait(&app), 0);
	app_report_check(&app);
	app_destroy(&app);
}

Test(debug_routes, echo_gives_the_body_back)
{
	enum { SIZE = 3 * 1024 * 1024 + 1 };
	struct app app;
	struct client client;
	struct reply reply;
	app_serve(&app, (const char *const[]){"--debug-routes", NULL});
	app_exchange(&app, "POST", "/debug/echo", "Content-Type: text/x-test\r\n", "hello", &reply);
	cr_expect_eq(reply.status, 200);
	cr_expect_str_eq(reply.body, "hello");
	cr_assert_not_null(reply_header(&reply, "Content-Type"));
	cr_expect_str_eq(reply_header(&reply, "Content-Type"), "text/x-test");
	reply_free(&reply);
	cr_expect_eq(app_status(&app, "POST", "/debug/echo", "", ""), 200);

	char *data = malloc(SIZE);
	cr_assert_not_null(data);
	for (size_t i = 0; i < SIZE; i++)
		data[i] = (char)(i * 31 + i / 1009);
	client_open(&client, app.url);
	client_printf(&client,
		      "POST /debug/echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n",
		      SIZE);
	client_send(&client, data, SIZE);
	client_receive(&client, &reply);
	cr_expect_eq(reply.status, 200);
	cr_assert_eq(reply.body_size, SIZE);
	cr_expect_eq(memcmp(reply.body, data, SIZE), 0);
	reply_free(&reply);
	client_close(&client);
	free(data);

	client_open(&client, app.url);
	client_send_text(&client, "POST /debug/echo HTTP/1.1\r\nHost: localhost\r\n"
				  "Content-Length: 1073741825\r\n\r\n");
	expect_status(&client, 413);
	client_close(&client);
	app_finish(&app);
}
