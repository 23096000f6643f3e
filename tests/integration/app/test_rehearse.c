/* POST /rehearse: what it asks of its arguments, what it says, and when it refuses. */
#include "app.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const debug[] = {"--debug-routes", "--workers", "8", NULL};

static void ask(const struct app *app, const char *target, const char *fields, struct reply *reply)
{
	struct client client;
	client_open(&client, app->admin);
	app_request(&client, "POST", target, fields, NULL);
	client_receive(&client, reply);
	client_close(&client);
}

static void expect(const struct app *app, const char *target, const char *fields, int status,
		   const char *part)
{
	struct reply reply;
	ask(app, target, fields, &reply);
	cr_expect_eq(reply.status, status, "%s: %d: %s", target, reply.status, reply.body);
	cr_expect_not_null(strstr(reply.body, part), "%s: %s", target, reply.body);
	reply_free(&reply);
}

static void send_get(struct client *client, const struct app *app, const char *target)
{
	client_open(client, app->url);
	app_request(client, "GET", target, "", NULL);
}

static void expect_answer(struct client *client, int status)
{
	struct reply reply;
	client_receive(client, &reply);
	cr_expect_eq(reply.status, status);
	reply_free(&reply);
	client_close(client);
}

Test(rehearse, trips_a_half)
{
	struct app app;
	struct client clients[4];
	struct reply reply;
	app_serve(&app, debug);
	for (unsigned i = 0; i < 4; i++) {
		send_get(&clients[i], &app, "/debug/sleep?ms=3600000");
		app_await_metric(&app, "weir_requests_in_flight{phase=\"running\"}", i + 1);
	}
	ask(&app, "/rehearse?fraction=0.5&timeout=1m", "", &reply);
	cr_assert_eq(reply.status, 200, "%s", reply.body);
	cr_expect_str_eq(reply_header(&reply, "Content-Type"), "application/json");
	cr_expect_eq(strncmp(reply.body,
			     "{\"in_flight\":4,\"tripped\":2,\"over\":2,\"last_seconds\":", 51),
		     0, "%s", reply.body);
	cr_expect_not_null(strstr(reply.body, ",\"slowest\":\"GET /debug/sleep\",\"forecast\":{"
					      "\"seconds\":"),
			   "%s", reply.body);
	cr_expect_not_null(strstr(reply.body, ",\"in_flight\":4,\"cancelled\":4,\"cut\":0,"
					      "\"route\":\"GET /debug/sleep\",\"gap_seconds\":"),
			   "%s", reply.body);
	cr_expect_str_eq(reply.body + reply.body_size - 3, "}}\n");
	reply_free(&reply);
	expect_answer(&clients[0], 503);
	expect_answer(&clients[2], 503);
	expect(&app, "/rehearse?fraction=1", "", 200, "{\"in_flight\":2,\"tripped\":2,\"over\":2,");
	expect_answer(&clients[1], 503);
	expect_answer(&clients[3], 503);
	app_finish(&app);
}

Test(rehearse, names_a_handler_that_does_not_look)
{
	static const char begin[] = "{\"in_flight\":1,\"tripped\":1,\"over\":0,"
				    "\"last_seconds\":0.000000,\"paused_seconds\":";
	struct app app;
	struct client client;
	struct reply reply;
	app_serve(&app, debug);
	send_get(&client, &app, "/debug/work?ms=3000");
	app_await_metric(&app, "weir_requests_in_flight{phase=\"running\"}", 1);
	ask(&app, "/rehearse?timeout=20ms", "", &reply);
	cr_assert_eq(reply.status, 200, "%s", reply.body);
	cr_assert_eq(strncmp(reply.body, begin, strlen(begin)), 0, "%s", reply.body);
	double paused = strtod(reply.body + strlen(begin), NULL);
	cr_expect(paused >= 0.02 && paused < 3, "%s", reply.body);
	reply_free(&reply);
	app_await_metric(&app, "weir_intake_paused", 0);
	expect_answer(&client, 200);
	app_finish(&app);
}

Test(rehearse, refuses_wrong_arguments)
{
	static const char *const wrong[] = {
		"fraction=0",       "fraction=1.1",    "fraction=-0.5", "fraction=",
		"fraction=1e-1",    "fraction=0.",     "fraction=.5",   "fraction=nan",
		"fraction=0.5x",    "fraction=2",      "fraction=0x1",  "fraction=0.0000000001",
		"fraction=0.00000", "fraction=00.5",   "timeout=0",     "timeout=5",
		"timeout=6m",       "timeout=forever", "timeout=-1s",   "timeout=99999999999999h",
	};
	struct app app;
	char target[64];
	app_serve(&app, NULL);
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		cr_assert_gt(snprintf(target, sizeof target, "/rehearse?%s", wrong[i]), 0);
		expect(&app, target, "", 400, wrong[i][0] == 'f' ? "fraction is" : "timeout is");
	}
	expect(&app, "/rehearse?fraction=1.000&timeout=5m", "", 200, "{\"in_flight\":0,");
	expect(&app, "/rehearse?fraction=0.000000001", "", 200, ",\"slowest\":\"-\",");
	expect(&app, "/rehearse", "Origin: http://localhost\r\n", 403, "not for web pages");
	cr_expect_eq(app_status(&app, "POST", "/rehearse", "", ""), 405); /* a file there */
	app_finish(&app);
}

Test(rehearse, ends_with_a_stop_and_is_one_at_a_time)
{
	struct app app;
	struct client working, first;
	app_serve(&app, debug);
	send_get(&working, &app, "/debug/work?ms=4000");
	app_await_metric(&app, "weir_requests_in_flight{phase=\"running\"}", 1);
	client_open(&first, app.admin);
	app_request(&first, "POST", "/rehearse?timeout=5m", "", NULL);
	app_await_metric(&app, "weir_intake_paused", 1);
	expect(&app, "/rehearse", "", 409, "{\"error\":\"another rehearsal runs\"}\n");
	expect(&app, "/shutdown", "", 202, "\"stopping\":true");
	expect_answer(&first, 409);
	expect_answer(&working, 200);
	cr_expect_eq(app_wait(&app), 0);
	app_destroy(&app);
}
