/* When the grace is over, or cut short, tokens trip: a handler blocked in weir_sleep()
 * comes back at once, and its client is told 503 with Retry-After. That is a clean end. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>

#include "support/fixture.h"
#include "support/gate.h"
#include "support/handlers.h"
#include "support/reply.h"

static const char request[] = "GET /sleep HTTP/1.1\r\nHost: test\r\n\r\n";

static void expect_unavailable(struct client *client)
{
	struct reply reply;

	client_receive(client, &reply);
	cr_assert_eq(reply.status, 503);
	cr_assert(reply.complete);
	cr_assert_not_null(reply_header(&reply, "Retry-After"));
	cr_assert(reply_says_close(&reply));
	cr_assert_eq(client_await_end(client), CLIENT_CLOSED);
	reply_free(&reply);
}

Test(cancelling_reaches_sleeping_handler, at_the_end_of_the_grace)
{
	const struct weir_server_options options = {.grace = 50 * WEIR_MILLISECOND};
	struct fixture fixture;
	struct gate gate;
	struct sleeping sleeping = {.gate = &gate};
	struct client client;

	gate_init(&gate);
	fixture_serve(&fixture, &options, "GET /sleep", handle_sleeping, &sleeping);
	client_open(&client, fixture.url);
	client_send_text(&client, request);
	gate_await(&gate, 1);
	weir_server_stop(fixture.server, "test");
	expect_unavailable(&client);
	client_close(&client);
	fixture_await(&fixture, WEIR_CLEAN);
	cr_assert_eq(sleeping.result, -ECANCELED);
	cr_assert_eq(sleeping.reason, WEIR_REASON_SHUTDOWN);
	cr_assert_eq(fixture.report->counts.cancelled, 1);
	cr_assert_geq(fixture.report->total, 50 * WEIR_MILLISECOND);
	fixture_destroy(&fixture);
	gate_destroy(&gate);
}

Test(cancelling_reaches_sleeping_handler, at_once_without_grace)
{
	const struct weir_server_options options = {.grace = WEIR_NONE};
	struct fixture fixture;
	struct gate gate;
	struct sleeping sleeping = {.gate = &gate};
	struct client client;

	gate_init(&gate);
	fixture_serve(&fixture, &options, "GET /sleep", handle_sleeping, &sleeping);
	client_open(&client, fixture.url);
	client_send_text(&client, request);
	gate_await(&gate, 1);
	weir_server_stop(fixture.server, "test");
	expect_unavailable(&client);
	client_close(&client);
	fixture_await(&fixture, WEIR_CLEAN);
	cr_assert_eq(sleeping.reason, WEIR_REASON_SHUTDOWN);
	fixture_destroy(&fixture);
	gate_destroy(&gate);
}

Test(cancelling_reaches_sleeping_handler, all_of_them)
{
	enum { clients = 40 };
	const struct weir_server_options options = {.grace = 10 * WEIR_MILLISECOND,
						    .workers = clients};
	struct fixture fixture;
	struct gate gate;
	struct sleeping sleeping[clients];
	struct client client[clients];

	gate_init(&gate);
	fixture_create(&fixture, &options);
	for (int i = 0; i < clients; i++) {
		char pattern[32];

		sleeping[i] = (struct sleeping){.gate = &gate};
		snprintf(pattern, sizeof(pattern), "GET /sleep/%d", i);
		fixture_route(&fixture, pattern, handle_sleeping, &sleeping[i]);
	}
	fixture_start(&fixture);
	for (int i = 0; i < clients; i++) {
		client_open(&client[i], fixture.url);
		client_printf(&client[i], "GET /sleep/%d HTTP/1.1\r\nHost: test\r\n\r\n", i);
	}
	gate_await(&gate, clients);
	weir_server_stop(fixture.server, "test");
	for (int i = 0; i < clients; i++) {
		expect_unavailable(&client[i]);
		client_close(&client[i]);
	}
	fixture_await(&fixture, WEIR_CLEAN);
	cr_assert_eq(fixture.report->counts.cancelled, clients);
	for (int i = 0; i < clients; i++)
		cr_assert_eq(sleeping[i].reason, WEIR_REASON_SHUTDOWN);
	fixture_destroy(&fixture);
	gate_destroy(&gate);
}
