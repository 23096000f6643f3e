/* server/stop.c: the end of a stop: what comes when nothing seemed to be left, and what an
 * admin listener has that nobody will answer any more. */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "support/client.h"
#include "support/fixture.h"
#include "support/gate.h"
#include "support/handlers.h"
#include "support/must.h"
#include "support/reply.h"
#include "unit/threads.h"

static const struct weir_route_options admin = {.scope = WEIR_SCOPE_ADMIN};
static const struct weir_route_options admin_upload = {.scope = WEIR_SCOPE_ADMIN,
						       .body = WEIR_BODY_STREAMED};

static void *wait_for(weir_server *server)
{
	const struct weir_report *report = NULL;
	int outcome = weir_server_wait(server, &report);

	must(outcome == WEIR_CLEAN, "outcome %d", outcome);
	return NULL;
}

static void run_wait(void *server)
{
	(void)wait_for(server);
}

/* A handler on an admin listener that would go on for ever is cancelled at the end: it is
 * not waited for like an ordinary request, and the server does not go away under it. */
Test(stop, cancels_what_admin_listeners_have_with_workers)
{
	struct sleeping sleeping = {0};
	struct fixture fixture;
	struct client client;
	struct reply reply;
	struct gate gate;

	gate_init(&gate);
	sleeping.gate = &gate;
	fixture_create(&fixture, NULL);
	fixture_route_with(&fixture, "GET /long", handle_sleeping, &sleeping, &admin);
	cr_assert_eq(weir_server_listen(fixture.server, "127.0.0.1:0", WEIR_SCOPE_ADMIN), 0);
	fixture_start(&fixture);
	client_open(&client, weir_server_url(fixture.server, 1));
	client_send_text(&client, "GET /long HTTP/1.1\r\nHost: test\r\n\r\n");
	gate_await(&gate, 1);
	weir_server_stop(fixture.server, "test");
	client_receive(&client, &reply);
	cr_assert_eq(reply.status, 503);
	reply_free(&reply);
	(void)fixture_await(&fixture, WEIR_CLEAN);
	cr_assert_eq(sleeping.reason, WEIR_REASON_SHUTDOWN);
	client_close(&client);
	fixture_destroy(&fixture);
	gate_destroy(&gate);
}

/* An upload to an admin listener that never ends, and a connection to it that was only
 * opened: neither holds up the end, and libmicrohttpd is left with nothing suspended. */
Test(stop, is_not_held_up_by_an_admin_upload_that_never_ends)
{
	struct client upload, silent;
	struct fixture fixture;
	struct reply reply;
	weir_time begun;

	fixture_create(&fixture, NULL);
	fixture_route_with(&fixture, "POST /count", handle_count_body, NULL, &admin_upload);
	cr_assert_eq(weir_server_listen(fixture.server, "127.0.0.1:0", WEIR_SCOPE_ADMIN), 0);
	fixture_start(&fixture);
	client_open(&silent, weir_server_url(fixture.server, 1));
	client_open(&upload, weir_server_url(fixture.server, 1));
	client_send_text(&upload,
			 "POST /count HTTP/1.1\r\nHost: test\r\nContent-Length: 99\r\n\r\n");
	client_send_text(&upload, "not all of it");
	metrics_await(fixture.server, "weir_workers_busy", 1);
	begun = weir_now();
	weir_server_stop(fixture.server, "test");
	client_receive(&upload, &reply);
	cr_assert_eq(reply.status, 503);
	reply_free(&reply);
	client_close(&upload);
	cr_assert_eq(client_await_end(&silent), CLIENT_CLOSED);
	client_close(&silent);
	(void)fixture_await(&fixture, WEIR_CLEAN);
	cr_assert_lt(weir_now() - begun, 10 * WEIR_SECOND, "it waited for its drain timeout");
	fixture_destroy(&fixture);
}

/* Who asks for the end while it comes is told of it like everybody else, and metrics can be
 * read all the while. */
Test(stop, can_be_watched_to_its_very_end)
{
	for (int i = 0; i < 30; i++) {
		struct fixture fixture;
		struct thread waiters[3];

		fixture_serve(&fixture, NULL, "GET /", handle_hello, NULL);
		weir_server_stop(fixture.server, "test");
		for (int k = 0; k < 3; k++)
			thread_start(&waiters[k], run_wait, fixture.server);
		while (metrics_now(fixture.server, "weir_drain_phase") < WEIR_PHASE_DONE)
			continue;
		for (int k = 0; k < 3; k++)
			thread_join(&waiters[k]);
		(void)fixture_await(&fixture, WEIR_CLEAN);
		fixture_destroy(&fixture);
	}
}

/* A route that a stop cancels at once does not take new requests during it. */
Test(stop, refuses_at_once_what_it_would_cancel_at_once)
{
	const struct weir_route_options at_drain = {.cancel_at = WEIR_CANCEL_AT_DRAIN};
	struct sleeping sleeping = {0};
	struct fixture fixture;
	struct client fresh, busy;
	struct reply reply;
	struct gate gate, held;

	gate_init(&gate);
	gate_init(&held);
	sleeping.gate = &gate;
	fixture_create(&fixture, NULL);
	fixture_route_with(&fixture, "GET /poll", handle_sleeping, &sleeping, &at_drain);
	fixture_route(&fixture, "GET /held", handle_gated, &held);
	fixture_start(&fixture);
	client_open(&busy, fixture.url);
	client_send_text(&busy, "GET /held HTTP/1.1\r\nHost: test\r\n\r\n");
	client_open(&fresh, fixture.url);
	metrics_await(fixture.server, "weir_connections_open", 2);
	gate_await(&held, 1);
	fixture_begin_stop(&fixture);
	client_get(&fresh, "/poll", &reply);
	cr_assert_eq(reply.status, 503);
	cr_assert(reply_says_close(&reply));
	reply_free(&reply);
	cr_assert_eq(gate_arrivals(&gate), 0);
	gate_open(&held, 1);
	client_receive(&busy, &reply);
	cr_assert_eq(reply.status, 200);
	reply_free(&reply);
	client_close(&busy);
	client_close(&fresh);
	(void)fixture_await(&fixture, WEIR_CLEAN);
	fixture_destroy(&fixture);
	gate_destroy(&gate);
	gate_destroy(&held);
}

/* What was in the backlog when a stop began finds as many workers as ever. */
Test(stop, leaves_enough_workers_for_who_is_still_to_ask)
{
	enum { CLIENTS = 40 };
	const struct weir_server_options options = {.workers = CLIENTS + 1};
	struct client clients[CLIENTS], busy, done;
	struct gate held, together;
	struct fixture fixture;
	struct reply reply;

	gate_init(&held);
	gate_init(&together);
	fixture_create(&fixture, &options);
	fixture_route(&fixture, "GET /held", handle_gated, &held);
	fixture_route(&fixture, "GET /together", handle_gated, &together);
	fixture_start(&fixture);
	client_open(&busy, fixture.url);
	client_send_text(&busy, "GET /held HTTP/1.1\r\nHost: test\r\n\r\n");
	client_open(&done, fixture.url);
	client_send_text(&done, "GET /held HTTP/1.1\r\nHost: test\r\n\r\n");
	gate_await(&held, 2);
	for (int i = 0; i < CLIENTS; i++)
		client_open(&clients[i], fixture.url);
	fixture_begin_stop(&fixture);
	gate_open(&held, 1); /* one ends: the moment to let workers go */
	metrics_await_sum(fixture.server, "weir_requests_in_flight", 1);
	for (int i = 0; i < CLIENTS; i++)
		client_send_text(&clients[i], "GET /together HTTP/1.1\r\nHost: test\r\n\r\n");
	gate_await(&together, CLIENTS);
	gate_open(&together, CLIENTS);
	gate_open(&held, 1);
	for (int i = 0; i < CLIENTS; i++) {
		client_receive(&clients[i], &reply);
		cr_assert_eq(reply.status, 200);
		reply_free(&reply);
		client_close(&clients[i]);
	}
	client_close(&busy);
	client_close(&done);
	(void)fixture_await(&fixture, WEIR_CLEAN);
	fixture_destroy(&fixture);
	gate_destroy(&held);
	gate_destroy(&together);
}
