/* weir_server_cancel() ends the grace of a stop that is under way, and is a stop without
 * grace if there was none. */
#include <criterion/criterion.h>
#include <stdbool.h>

#include "support/fixture.h"
#include "support/gate.h"
#include "support/handlers.h"
#include "support/reply.h"

static const struct weir_server_options patient = {.grace = 3600 * WEIR_SECOND,
						   .drain_timeout = 3600 * WEIR_SECOND};

static void cancel(bool stop_first)
{
	struct fixture fixture;
	struct gate gate;
	struct sleeping sleeping = {.gate = &gate};
	struct client client;
	struct reply reply;

	gate_init(&gate);
	fixture_serve(&fixture, &patient, "GET /sleep", handle_sleeping, &sleeping);
	client_open(&client, fixture.url);
	client_send_text(&client, "GET /sleep HTTP/1.1\r\nHost: test\r\n\r\n");
	gate_await(&gate, 1);
	if (stop_first) {
		fixture_begin_stop(&fixture);
		cr_assert_eq(weir_token_check(weir_server_shutdown_token(fixture.server)), 0);
		cr_assert_eq(gate_arrivals(&gate), 1);
	}
	weir_server_cancel(fixture.server, "impatient");
	client_receive(&client, &reply);
	cr_assert_eq(reply.status, 503);
	reply_free(&reply);
	client_close(&client);
	fixture_await(&fixture, WEIR_CLEAN);
	cr_assert_str_eq(fixture.report->who, stop_first ? "test" : "impatient");
	cr_assert_eq(sleeping.reason, WEIR_REASON_SHUTDOWN);
	cr_assert_eq(weir_token_reason(weir_server_shutdown_token(fixture.server)),
		     WEIR_REASON_SHUTDOWN);
	fixture_destroy(&fixture);
	gate_destroy(&gate);
}

Test(cancel_skips_grace, of_a_stop_under_way)
{
	cancel(true);
}

Test(cancel_skips_grace, without_a_stop_before)
{
	cancel(false);
}

Test(cancel_skips_grace, twice_and_after_the_end)
{
	struct fixture fixture;

	fixture_serve(&fixture, &patient, "GET /hello", handle_hello, NULL);
	weir_server_cancel(fixture.server, "first");
	weir_server_cancel(fixture.server, "second");
	fixture_await(&fixture, WEIR_CLEAN);
	weir_server_cancel(fixture.server, "third");
	cr_assert_str_eq(fixture.report->who, "first");
	fixture_destroy(&fixture);
}
