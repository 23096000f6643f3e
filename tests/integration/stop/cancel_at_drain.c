/* A route with WEIR_CANCEL_AT_DRAIN: its requests' tokens trip as soon as a stop begins;
 * those of other routes do not. */
#include <criterion/criterion.h>
#include <errno.h>

#include "support/fixture.h"
#include "support/gate.h"
#include "support/handlers.h"
#include "support/reply.h"

Test(cancel_at_drain, trips_at_the_beginning_of_a_stop)
{
	const struct weir_server_options options = {.grace = 3600 * WEIR_SECOND,
						    .drain_timeout = 3600 * WEIR_SECOND};
	const struct weir_route_options at_drain = {.cancel_at = WEIR_CANCEL_AT_DRAIN};
	struct fixture fixture;
	struct gate poll_gate, gate;
	struct sleeping poll = {.gate = &poll_gate};
	struct client poller, other;
	struct reply reply;

	gate_init(&poll_gate);
	gate_init(&gate);
	fixture_create(&fixture, &options);
	fixture_route_with(&fixture, "GET /poll", handle_sleeping, &poll, &at_drain);
	fixture_route(&fixture, "GET /gated", handle_gated, &gate);
	fixture_start(&fixture);
	client_open(&poller, fixture.url);
	client_send_text(&poller, "GET /poll HTTP/1.1\r\nHost: test\r\n\r\n");
	client_open(&other, fixture.url);
	client_send_text(&other, "GET /gated HTTP/1.1\r\nHost: test\r\n\r\n");
	gate_await(&poll_gate, 1);
	gate_await(&gate, 1);

	weir_server_stop(fixture.server, "test");
	client_receive(&poller, &reply);
	cr_assert_eq(reply.status, 503);
	cr_assert_not_null(reply_header(&reply, "Retry-After"));
	reply_free(&reply);
	cr_assert_eq(poll.result, -ECANCELED);
	cr_assert_eq(poll.reason, WEIR_REASON_DRAINING);
	cr_assert_eq(weir_token_check(weir_server_shutdown_token(fixture.server)), 0);
	gate_open(&gate, 1);
	client_receive(&other, &reply);
	cr_assert_eq(reply.status, 200);
	reply_free(&reply);

	fixture_await(&fixture, WEIR_CLEAN);
	cr_assert_eq(fixture.report->counts.cancelled, 1);
	cr_assert_eq(fixture.report->counts.answered, 1);
	client_close(&poller);
	client_close(&other);
	fixture_destroy(&fixture);
	gate_destroy(&gate);
	gate_destroy(&poll_gate);
}

/* Queued ones are answered without having run. */
Test(cancel_at_drain, reaches_queued_requests)
{
	const struct weir_server_options options = {
		.workers = 1, .grace = 3600 * WEIR_SECOND, .drain_timeout = 3600 * WEIR_SECOND};
	const struct weir_route_options at_drain = {.cancel_at = WEIR_CANCEL_AT_DRAIN};
	struct fixture fixture;
	struct gate poll_gate, gate;
	struct sleeping poll = {.gate = &poll_gate};
	struct client poller, other;
	struct reply reply;

	gate_init(&poll_gate);
	gate_init(&gate);
	fixture_create(&fixture, &options);
	fixture_route_with(&fixture, "GET /poll", handle_sleeping, &poll, &at_drain);
	fixture_route(&fixture, "GET /gated", handle_gated, &gate);
	fixture_start(&fixture);
	client_open(&other, fixture.url);
	client_send_text(&other, "GET /gated HTTP/1.1\r\nHost: test\r\n\r\n");
	gate_await(&gate, 1);
	client_open(&poller, fixture.url);
	client_send_text(&poller, "GET /poll HTTP/1.1\r\nHost: test\r\n\r\n");
	metrics_await(fixture.server, "weir_queue_depth", 1);

	fixture_begin_stop(&fixture);
	gate_open(&gate, 1);
	client_receive(&other, &reply);
	cr_assert_eq(reply.status, 200);
	reply_free(&reply);
	client_receive(&poller, &reply);
	cr_assert_eq(reply.status, 503);
	reply_free(&reply);
	fixture_await(&fixture, WEIR_CLEAN);
	cr_assert_eq(fixture.report->counts.cancelled, 1);
	cr_assert_eq(gate_arrivals(&poll_gate), 0);
	client_close(&poller);
	client_close(&other);
	fixture_destroy(&fixture);
	gate_destroy(&gate);
	gate_destroy(&poll_gate);
}
