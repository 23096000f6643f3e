/* A client says by a header field how long it will wait, when the operator names one: the earlier
 * of that and the route's deadline is the request's. What is not a duration is answered 400, what
 * has no time left never runs and is answered 504. */
#include <criterion/criterion.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/fixture.h"
#include "support/gate.h"
#include "support/handlers.h"
#include "support/must.h"
#include "support/reply.h"

#define FIELD "X-Request-Timeout"

static const struct weir_server_options named = {.deadline_header = FIELD, .workers = 1};

/* Milliseconds that are left, or "none". */
static int tell_time_left(weir_request *request, weir_response *response, weir_token *token)
{
	weir_time deadline = weir_token_deadline(token);

	(void)request;
	if (deadline == WEIR_NEVER)
		return weir_response_printf(response, "none");
	return weir_response_printf(response, "%" PRId64,
				    (deadline - weir_now()) / WEIR_MILLISECOND);
}

/* Asks on a connection of its own; the answer's body, in a buffer of the test's. */
static int ask(const char *url, const char *path, const char *fields, char *body, size_t room)
{
	struct client client;
	struct reply reply;
	int status;

	client_open(&client, url);
	client_printf(&client, "GET %s HTTP/1.1\r\nHost: test\r\n%s\r\n", path, fields);
	client_receive(&client, &reply);
	status = reply.status;
	must(reply.body_size < room, "a long answer");
	memcpy(body, reply.body, reply.body_size + 1);
	reply_free(&reply);
	client_close(&client);
	return status;
}

Test(client_deadlines, the_earlier_one_wins)
{
	/* Between `least` and `most` milliseconds are left; most 0: no deadline. They lie so far
	 * apart that no busy machine takes one for the other. */
	static const struct {
		const char *path, *field;
		int64_t least, most;
	} cases[] = {
		{"/free", "", 0, 0},
		{"/free", FIELD ": 3600s\r\n", 2400000, 3600000},
		{"/free", FIELD ": 3600000ms\r\n", 2400000, 3600000},
		{"/free", FIELD ": 3600000\r\n", 2400000, 3600000},
		{"/free", "x-request-timeout:   0003600s  \r\n", 2400000, 3600000},
		{"/free", FIELD ": 2147483648s\r\n", INT64_C(2147482448000),
		 INT64_C(2147483648000)},
		{"/free", FIELD ": 99999999999999999999999s\r\n", 0, 0},
		{"/free", FIELD ": 9223372036854775807s\r\n", 0, 0},
		{"/hour", "", 2400000, 3600000},
		{"/hour", FIELD ": 7200s\r\n", 2400000, 3600000},
		{"/hour", FIELD ": 99999999999999999999999\r\n", 2400000, 3600000},
		{"/hour", FIELD ": 1200s\r\n", 1, 1200000},
	};
	struct fixture fixture;
	char body[64];

	fixture_create(&fixture, &named);
	fixture_route(&fixture, "GET /free", tell_time_left, NULL);
	fixture_route_with(&fixture, "GET /hour", tell_time_left, NULL,
			   &(struct weir_route_options){.deadline = 3600 * WEIR_SECOND});
	fixture_start(&fixture);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cr_assert_eq(ask(fixture.url, cases[i].path, cases[i].field, body, sizeof(body)),
			     200, "case %zu", i);
		if (cases[i].most == 0) {
			cr_assert_str_eq(body, "none", "case %zu: %s", i, body);
		} else {
			cr_assert_geq(strtoll(body, NULL, 10), cases[i].least, "%zu: %s", i, body);
			cr_assert_leq(strtoll(body, NULL, 10), cases[i].most, "%zu: %s", i, body);
		}
	}
	fixture_finish(&fixture);
}

static int count_runs(weir_request *request, weir_response *response, weir_token *token)
{
	(void)token;
	gate_announce(weir_request_context(request));
	return weir_response_printf(response, "run\n");
}

Test(client_deadlines, what_is_no_duration_is_refused)
{
	static const char *const values[] = {"",    "soon", "-1",   "+5", "1.5s", "5m",
					     "5 s", "0x10", "5S",   "5M", "5sec", "s",
					     "ms",  "1s2",  "1, 2", "1e3"};
	struct fixture fixture;
	struct gate runs;
	char body[128], field[128];

	gate_init(&runs);
	fixture_create(&fixture, &named);
	fixture_route(&fixture, "GET /", count_runs, &runs);
	fixture_start(&fixture);
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		(void)snprintf(field, sizeof(field), FIELD ": %s\r\n", values[i]);
		cr_assert_eq(ask(fixture.url, "/", field, body, sizeof(body)), 400, "\"%s\"",
			     values[i]);
		cr_assert_not_null(strstr(body, "is not a duration"), "%s", body);
	}
	cr_assert_eq(ask(fixture.url, "/", FIELD ": 5s\r\n" FIELD ": 5s\r\n", body, sizeof(body)),
		     400);
	cr_assert_eq(gate_arrivals(&runs), 0);
	fixture_finish(&fixture);
	gate_destroy(&runs);
}

Test(client_deadlines, without_a_name_there_is_no_such_field)
{
	struct fixture fixture;
	char body[64];

	fixture_serve(&fixture, NULL, "GET /", tell_time_left, NULL);
	cr_assert_eq(ask(fixture.url, "/", FIELD ": soon\r\n", body, sizeof(body)), 200);
	cr_assert_str_eq(body, "none");
	fixture_finish(&fixture);
}

Test(client_deadlines, the_name_is_copied_and_must_be_one)
{
	char name[] = "Patience";
	const struct weir_server_options mine = {.deadline_header = name};
	const struct weir_server_options bad = {.deadline_header = "My Patience"};
	const struct weir_server_options empty = {.deadline_header = ""};
	struct fixture fixture;
	weir_server *server;
	char body[64];

	cr_assert_eq(weir_server_create(&bad, &server), -EINVAL);
	cr_assert_eq(weir_server_create(&empty, &server), -EINVAL);
	fixture_create(&fixture, &mine);
	memset(name, 'x', sizeof(name) - 1);
	fixture_route(&fixture, "GET /", tell_time_left, NULL);
	fixture_start(&fixture);
	cr_assert_eq(ask(fixture.url, "/", "patience: 3600s\r\n", body, sizeof(body)), 200);
	cr_assert_str_neq(body, "none");
	fixture_finish(&fixture);
}

/* Without a body, with one, with one that is never sent, in chunks; before and after a route that
 * would run at once. */
Test(client_deadlines, no_time_at_all_is_answered_at_once)
{
	static const struct {
		const char *method, *rest;
	} requests[] = {
		{"GET", FIELD ": 0\r\n\r\n"},
		{"GET", FIELD ": 0ms\r\n\r\n"},
		{"PUT", FIELD ": 0s\r\nContent-Length: 4\r\n\r\nbody"},
		{"PUT", FIELD ": 0s\r\nContent-Length: 9999\r\n\r\n"},
		{"PUT", FIELD ": 0s\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n"},
		{"PUT", FIELD ": 0s\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n"},
	};
	static const char *const paths[] = {"buffered", "streamed", "inline"};
	const size_t count = sizeof(requests) / sizeof(requests[0]);
	struct fixture fixture;
	struct gate runs;

	gate_init(&runs);
	fixture_create(&fixture, &named);
	fixture_route(&fixture, "* /buffered", count_runs, &runs);
	fixture_route_with(&fixture, "* /streamed", count_runs, &runs,
			   &(struct weir_route_options){.body = WEIR_BODY_STREAMED});
	fixture_route_with(&fixture, "* /inline", count_runs, &runs,
			   &(struct weir_route_options){.run = WEIR_RUN_INLINE});
	fixture_start(&fixture);
	for (size_t i = 0; i < count * 3; i++) {
		struct client client;
		struct reply reply;
		client_open(&client, fixture.url);
		client_printf(&client, "%s /%s HTTP/1.1\r\nHost: test\r\n%s",
			      requests[i / 3].method, paths[i % 3], requests[i / 3].rest);
		client_receive(&client, &reply);
		cr_assert_eq(reply.status, 504, "case %zu: %d", i, reply.status);
		cr_assert(reply.complete);
		cr_assert_eq(reply.interim, 0);
		reply_free(&reply);
		client_close(&client);
	}
	cr_assert_eq(gate_arrivals(&runs), 0);
	metrics_await(fixture.server, "weir_requests_cancelled_total{reason=\"deadline\"}",
		      count * 3);
	fixture_finish(&fixture);
	gate_destroy(&runs);
}

/* The only worker is busy all the time: the answer comes without one. */
Test(client_deadlines, what_expires_in_the_queue_never_runs)
{
	struct fixture fixture;
	struct gate gate, runs;
	struct client running, queued;
	struct reply reply;

	gate_init(&gate);
	gate_init(&runs);
	fixture_create(&fixture, &named);
	fixture_route(&fixture, "GET /gated", handle_gated, &gate);
	fixture_route_with(&fixture, "GET /", count_runs, &runs,
			   &(struct weir_route_options){.deadline = 3600 * WEIR_SECOND});
	fixture_start(&fixture);
	client_open(&running, fixture.url);
	client_send_text(&running, "GET /gated HTTP/1.1\r\nHost: test\r\n\r\n");
	gate_await(&gate, 1);
	client_open(&queued, fixture.url);
	client_send_text(&queued, "GET / HTTP/1.1\r\nHost: test\r\n" FIELD ": 30ms\r\n\r\n");
	client_receive(&queued, &reply);
	cr_assert_eq(reply.status, 504);
	reply_free(&reply);
	gate_open(&gate, 1);
	client_receive(&running, &reply);
	cr_assert_eq(reply.status, 200);
	reply_free(&reply);
	client_close(&running);
	client_close(&queued);
	fixture_finish(&fixture);
	cr_assert_eq(gate_arrivals(&runs), 0);
	gate_destroy(&gate);
	gate_destroy(&runs);
}

Test(client_deadlines, what_runs_is_cancelled)
{
	struct fixture fixture;
	struct gate gate;
	struct sleeping sleeping = {.gate = &gate};
	char body[128];

	gate_init(&gate);
	fixture_create(&fixture, &named);
	fixture_route(&fixture, "GET /", handle_sleeping, &sleeping);
	fixture_start(&fixture);
	cr_assert_eq(ask(fixture.url, "/", FIELD ": 200ms\r\n", body, sizeof(body)), 504);
	if (gate_arrivals(&gate) > 0) {
		cr_assert_eq(sleeping.result, -ECANCELED);
		cr_assert_eq(sleeping.reason, WEIR_REASON_DEADLINE);
	}
	fixture_finish(&fixture);
	gate_destroy(&gate);
}
