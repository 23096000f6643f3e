/* A stop ends a rehearsal at once; and what a rehearsal is refused for. */
#include <criterion/criterion.h>

#include <errno.h>
#include <math.h>
#include <stdio.h>

#include "support/fixture.h"
#include "support/gate.h"
#include "support/handlers.h"
#include "support/must.h"
#include "support/rehearsing.h"
#include "support/reply.h"

static struct gate gate;

static void begin(struct fixture *fixture, struct client *stubborn, weir_time lame_duck)
{
	const struct weir_server_options options = {.lame_duck = lame_duck};

	gate_init(&gate);
	fixture_create(fixture, &options);
	fixture_route(fixture, "GET /stubborn", handle_gated, &gate);
	fixture_route(fixture, "GET /hello", handle_hello, NULL);
	fixture_start(fixture);
	client_open(stubborn, fixture->url);
	client_send_text(stubborn, "GET /stubborn HTTP/1.1\r\nHost: test\r\n\r\n");
	gate_await(&gate, 1);
}

static void stop_meanwhile(weir_time lame_duck)
{
	struct rehearsing rehearsing;
	struct client stubborn, waiting;
	struct fixture fixture;
	struct reply reply;

	begin(&fixture, &stubborn, lame_duck);
	client_open(&waiting, fixture.url);
	client_get(&waiting, "/hello", &reply);
	reply_free(&reply);
	rehearsing_begin(&rehearsing, fixture.server, 1, 1000 * MUST_PATIENCE);
	rehearsing_await_pause(&rehearsing);
	client_send_text(&waiting, "GET /hello HTTP/1.1\r\nHost: test\r\n\r\n");
	metrics_await(fixture.server, "weir_queue_depth", 1);
	weir_server_stop(fixture.server, "test");
	/* The stubborn one is still there. */
	rehearsing_end(&rehearsing, -ECANCELED);
	cr_assert_eq(gate_arrivals(&gate), 1);
	client_receive(&waiting, &reply);
	cr_assert_eq(reply.status, 200, "what was held is served");
	reply_free(&reply);
	weir_server_cancel(fixture.server, "test"); /* ends a lame-duck time */
	gate_open(&gate, 1);
	client_receive(&stubborn, &reply);
	cr_assert_eq(reply.status, 200);
	reply_free(&reply);
	client_close(&stubborn);
	client_close(&waiting);
	fixture_await(&fixture, WEIR_CLEAN);
	cr_assert_eq(weir_server_rehearse(fixture.server, NULL, &rehearsing.out), -ECANCELED);
	fixture_destroy(&fixture);
	gate_destroy(&gate);
}

Test(a_stop_goes_first, and_ends_it_at_once)
{
	stop_meanwhile(0);
}

Test(a_stop_goes_first, in_a_lame_duck_time_too)
{
	stop_meanwhile(1000 * MUST_PATIENCE);
}

Test(a_stop_goes_first, and_only_one_rehearsal_runs)
{
	struct rehearsing rehearsing;
	struct client stubborn;
	struct fixture fixture;
	struct reply reply;
	struct weir_rehearsal out;

	begin(&fixture, &stubborn, 0);
	rehearsing_begin(&rehearsing, fixture.server, 1, 1000 * MUST_PATIENCE);
	rehearsing_await_pause(&rehearsing);
	cr_assert_eq(weir_server_rehearse(fixture.server, NULL, &out), -EBUSY);
	gate_open(&gate, 1);
	rehearsing_end(&rehearsing, 0);
	cr_assert_eq(weir_server_rehearse(fixture.server, NULL, &out), 0);
	client_receive(&stubborn, &reply);
	reply_free(&reply);
	client_close(&stubborn);
	fixture_finish(&fixture);
	gate_destroy(&gate);
}

/* On a worker, or inline. */
static int rehearse_here(weir_request *request, weir_response *response, weir_token *token)
{
	struct weir_rehearsal out;

	(void)token;
	return weir_response_printf(response, "%d\n",
				    weir_server_rehearse(weir_request_server(request), NULL, &out));
}

Test(a_stop_goes_first, and_wrong_callers_are_refused)
{
	const struct weir_route_options at_once = {.run = WEIR_RUN_INLINE};
	const double wrong[] = {-0.1, 1.1, (double)NAN, -(double)INFINITY};
	struct weir_rehearsal out;
	struct fixture fixture;
	struct client client;
	struct reply reply;
	char expected[16];

	fixture_create(&fixture, NULL);
	fixture_route(&fixture, "GET /worker", rehearse_here, NULL);
	fixture_route_with(&fixture, "GET /inline", rehearse_here, NULL, &at_once);
	cr_assert_eq(weir_server_rehearse(fixture.server, NULL, &out), -EINVAL, "not started");
	fixture_start(&fixture);
	cr_assert_eq(weir_server_rehearse(fixture.server, NULL, NULL), -EINVAL);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const struct weir_rehearsal_options options = {.fraction = wrong[i]};

		cr_assert_eq(weir_server_rehearse(fixture.server, &options, &out), -EINVAL);
	}
	cr_assert_eq(weir_server_rehearse(fixture.server,
					  &(struct weir_rehearsal_options){.timeout = -1}, &out),
		     -EINVAL);
	(void)snprintf(expected, sizeof(expected), "%d\n", -EDEADLK);
	client_open(&client, fixture.url);
	client_get(&client, "/worker", &reply);
	cr_assert_str_eq(reply.body, expected);
	reply_free(&reply);
	client_get(&client, "/inline", &reply);
	cr_assert_str_eq(reply.body, expected);
	reply_free(&reply);
	client_close(&client);
	fixture_finish(&fixture);
}
