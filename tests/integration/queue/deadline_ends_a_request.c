/* A route's deadline trips the request's token with WEIR_REASON_DEADLINE; the client is
 * told 504. A request whose deadline passes in the queue is answered without having run. */
#include <criterion/criterion.h>
#include <errno.h>

#include "support/fixture.h"
#include "support/gate.h"
#include "support/handlers.h"
#include "support/must.h"
#include "support/reply.h"

static const struct weir_route_options short_deadline = {.deadline = 20 * WEIR_MILLISECOND};

Test(deadline_ends_a_request, while_it_runs)
{
	struct fixture fixture;
	struct gate gate;
	struct sleeping sleeping = {.gate = &gate};
	struct client client;
	struct reply reply;

	gate_init(&gate);
	fixture_create(&fixture, NULL);
	fixture_route_with(&fixture, "GET /sleep", handle_sleeping, &sleeping, &short_deadline);
	fixture_route(&fixture, "GET /hello", handle_hello, NULL);
	fixture_start(&fixture);
	client_open(&client, fixture.url);
	client_get(&client, "/sleep", &reply);
	cr_assert_eq(reply.status, 504);
	cr_assert(reply.complete);
	reply_free(&reply);
	if (gate_arrivals(&gate) > 0) {
		cr_assert_eq(sleeping.result, -ECANCELED);
		cr_assert_eq(sleeping.reason, WEIR_REASON_DEADLINE);
	}
	metrics_await(fixture.server, "weir_requests_cancelled_total{reason=\"deadline\"}", 1);
	client_get(&client, "/hello", &reply);
	cr_assert_eq(reply.status, 200);
	reply_free(&reply);
	client_close(&client);
	fixture_finish(&fixture);
	gate_destroy(&gate);
}

/* Deadlines trip in their order: when one that lies later has, so has the request's. */
static void await_later_deadline(void)
{
	weir_token *token;

	cr_assert_eq(weir_token_create(NULL, weir_after(short_deadline.deadline), &token), 0);
	cr_assert_eq(weir_token_wait(token, weir_after(MUST_PATIENCE)), -ECANCELED);
	weir_token_unref(token);
}

Test(deadline_ends_a_request, while_it_is_queued)
{
	const struct weir_server_options options = {.workers = 1};
	struct fixture fixture;
	struct gate gate, unused;
	struct sleeping sleeping = {.gate = &unused};
	struct client running, queued;
	struct reply reply;

	gate_init(&gate);
	gate_init(&unused);
	fixture_create(&fixture, &options);
	fixture_route(&fixture, "GET /gated", handle_gated, &gate);
	fixture_route_with(&fixture, "GET /sleep", handle_sleeping, &sleeping, &short_deadline);
	fixture_start(&fixture);
	client_open(&running, fixture.url);
	client_send_text(&running, "GET /gated HTTP/1.1\r\nHost: test\r\n\r\n");
	gate_await(&gate, 1);
	client_open(&queued, fixture.url);
	client_send_text(&queued, "GET /sleep HTTP/1.1\r\nHost: test\r\n\r\n");
	metrics_await(fixture.server, "weir_requests_accepted_total", 2);
	await_later_deadline();
	gate_open(&gate, 1);
	client_receive(&queued, &reply);
	cr_assert_eq(reply.status, 504);
	reply_free(&reply);
	client_receive(&running, &reply);
	cr_assert_eq(reply.status, 200);
	reply_free(&reply);
	cr_assert_eq(gate_arrivals(&unused), 0);
	client_close(&running);
	client_close(&queued);
	fixture_finish(&fixture);
	gate_destroy(&gate);
	gate_destroy(&unused);
}

/* A deadline is not a limit on those who do not look: an answer that is ready goes out. */
Test(deadline_ends_a_request, unless_the_handler_finishes)
{
	struct fixture fixture;
	struct gate gate;
	struct client client;
	struct reply reply;

	gate_init(&gate);
	fixture_create(&fixture, NULL);
	fixture_route_with(&fixture, "GET /gated", handle_gated, &gate,
			   &(struct weir_route_options){.deadline = 3600 * WEIR_SECOND});
	fixture_start(&fixture);
	gate_open(&gate, 1);
	client_open(&client, fixture.url);
	client_get(&client, "/gated", &reply);
	cr_assert_eq(reply.status, 200);
	reply_free(&reply);
	client_close(&client);
	fixture_finish(&fixture);
	gate_destroy(&gate);
}
