/* When and where a handler last looked at its token is in the status while it runs, and in the
 * drain report if it does not come back. */
#include <criterion/criterion.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <weir/io.h>

#include "support/fixture.h"
#include "support/gate.h"
#include "support/must.h"
#include "support/reply.h"

static struct gate gate;
static int line_of_check;

static int never_look(weir_request *request, weir_response *response, weir_token *token)
{
	(void)request;
	(void)token;
	(void)gate_pass(&gate);
	return weir_response_printf(response, "done\n");
}

static int look_once(weir_request *request, weir_response *response, weir_token *token)
{
	line_of_check = __LINE__ + 1;
	(void)weir_token_check(token);
	return never_look(request, response, token);
}

static int look_at_child(weir_request *request, weir_response *response, weir_token *token)
{
	weir_token *child;
	int error = weir_token_create(token, WEIR_NEVER, &child);

	if (error)
		return error;
	error = look_once(request, response, child);
	weir_token_unref(child);
	return error;
}

static int sleep_long(weir_request *request, weir_response *response, weir_token *token)
{
	(void)request;
	(void)response;
	gate_announce(&gate);
	return weir_sleep(token, weir_after(MUST_PATIENCE));
}

static int read_body(weir_request *request, weir_response *response, weir_token *token)
{
	char byte;

	(void)response;
	(void)token;
	gate_announce(&gate);
	return (int)weir_request_read(request, &byte, 1);
}

static const struct weir_server_options hurried = {
	.grace = 10 * WEIR_MILLISECOND, .drain_timeout = 100 * WEIR_MILLISECOND, .workers = 2};

static void begin(struct fixture *fixture, struct client *client, weir_handler handler,
		  const char *method)
{
	const struct weir_route_options options = {.body = WEIR_BODY_STREAMED};
	char text[128];

	gate_init(&gate);
	fixture_create(fixture, &hurried);
	(void)snprintf(text, sizeof(text), "%s /here", method);
	fixture_route_with(fixture, text, handler, NULL, &options);
	fixture_start(fixture);
	client_open(client, fixture->url);
	(void)snprintf(text, sizeof(text), "%s /here HTTP/1.1\r\nHost: test\r\n%s\r\n", method,
		       strcmp(method, "POST") == 0 ? "Content-Length: 1\r\n" : "");
	client_send_text(client, text);
	gate_await(&gate, 1);
}

/* Asks until the status says it: the handler is on its way into a call. */
static void await_status(struct fixture *fixture, const char *expected)
{
	weir_time patience = weir_after(MUST_PATIENCE);
	bool said;

	do {
		char *text;

		cr_assert_eq(weir_server_status(fixture->server, &text, NULL), 0);
		said = strstr(text, expected) != NULL;
		if (!said)
			cr_assert_lt(weir_now(), patience, "%s\nnot in %s", expected, text);
		free(text);
		(void)sched_yield();
	} while (!said);
}

static void stop_and_check(struct fixture *fixture, struct client *client, const char *expected)
{
	const struct weir_report *report;
	char *text;

	weir_server_stop(fixture->server, "test");
	report = fixture_await(fixture, WEIR_ABANDONED);
	cr_assert_eq(report->straggler_count, 1);
	cr_assert_geq(report->stragglers[0].looked_ago, 0);
	cr_assert_leq(report->stragglers[0].looked_ago,
		      report->stragglers[0].age + 2 * WEIR_SECOND);
	cr_assert_eq(weir_report_text(report, &text, NULL), 0);
	cr_assert_not_null(strstr(text, expected), "%s\nnot in %s", expected, text);
	free(text);
	client_close(client);
	fixture_destroy(fixture);
	gate_open(&gate, 1);
}

Test(last_look_is_told, of_a_handler_that_never_looks)
{
	struct fixture fixture;
	struct client client;

	begin(&fixture, &client, never_look, "GET");
	await_status(&fixture, "\"looked_at\":null,\"looked_seconds_ago\":null,\"waiting\":false,");
	stop_and_check(&fixture, &client, " token=\"never looked at\"\n");
}

static void look_and_stop(weir_handler handler)
{
	struct fixture fixture;
	struct client client;
	char expected[64];

	begin(&fixture, &client, handler, "GET");
	(void)snprintf(expected, sizeof(expected), "\"looked_at\":\"last_look_is_told.c:%d\"",
		       line_of_check);
	await_status(&fixture, expected);
	(void)snprintf(expected, sizeof(expected), " ago at last_look_is_told.c:%d\"\n",
		       line_of_check);
	stop_and_check(&fixture, &client, expected);
}

Test(last_look_is_told, of_a_handler_that_looked_once)
{
	look_and_stop(look_once);
}

Test(last_look_is_told, of_one_that_looked_at_a_token_beneath)
{
	look_and_stop(look_at_child);
}

static void wait_and_stop(weir_handler handler, const char *method, const char *where)
{
	struct fixture fixture;
	struct client client;
	char expected[64];

	begin(&fixture, &client, handler, method);
	(void)snprintf(expected, sizeof(expected), "\"looked_at\":\"%s\"", where);
	await_status(&fixture, expected);
	await_status(&fixture, "\"waiting\":true,");
	weir_server_stop(fixture.server, "test");
	cr_assert_eq(fixture_await(&fixture, WEIR_CLEAN)->straggler_total, 0);
	client_close(&client);
	fixture_destroy(&fixture);
}

Test(last_look_is_told, of_one_that_sleeps)
{
	wait_and_stop(sleep_long, "GET", "weir_sleep()");
}

Test(last_look_is_told, of_one_that_waits_for_its_body)
{
	wait_and_stop(read_body, "POST", "weir_request_read()");
}

/* Nothing happens in the server meanwhile: only the acceptor, which does not sleep for long
 * while there are requests, keeps the tick going. */
static int look_until_the_tick_has_moved(weir_request *request, weir_response *response,
					 weir_token *token)
{
	weir_time begun = weir_now(), patience = weir_after(MUST_PATIENCE);
	struct weir_last_check last;

	(void)request;
	do {
		if (weir_now() > patience || weir_token_check(token) != 0 ||
		    weir_token_last_check(token, &last) != 0)
			return -EIO;
	} while (last.when < begun + 250 * WEIR_MILLISECOND);
	return weir_response_printf(response, "%s\n", last.when <= weir_now() ? "past" : "future");
}

Test(last_look_is_told, the_time_goes_on_while_a_request_is_in_flight)
{
	struct fixture fixture;
	struct client client;
	struct reply reply;

	fixture_serve(&fixture, NULL, "GET /here", look_until_the_tick_has_moved, NULL);
	client_open(&client, fixture.url);
	client_get(&client, "/here", &reply);
	cr_assert_eq(reply.status, 200);
	cr_assert_str_eq(reply.body, "past\n");
	reply_free(&reply);
	client_close(&client);
	fixture_finish(&fixture);
}
