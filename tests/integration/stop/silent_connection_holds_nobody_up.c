/* A connection that never sent a byte is closed by a stop a moment after it came; the grace does
 * not wait for it. The grace is longer than any test may take, so a server that waited would
 * fail. */
#include <criterion/criterion.h>

#include "support/fixture.h"
#include "support/handlers.h"

static const struct weir_server_options patient = {.grace = 3600 * WEIR_SECOND,
						   .drain_timeout = 3600 * WEIR_SECOND,
						   .header_timeout = 3600 * WEIR_SECOND};

Test(silent_connection_holds_nobody_up, once_accepted)
{
	struct fixture fixture;
	struct client client;

	fixture_serve(&fixture, &patient, "GET /hello", handle_hello, NULL);
	client_open(&client, fixture.url);
	metrics_await(fixture.server, "weir_connections_open", 1);
	weir_server_stop(fixture.server, "test");
	cr_assert_eq(client_await_end(&client), CLIENT_CLOSED);
	fixture_await(&fixture, WEIR_CLEAN);
	cr_assert_eq(fixture.report->counts.in_flight, 0);
	client_close(&client);
	fixture_destroy(&fixture);
}

Test(silent_connection_holds_nobody_up, accepted_or_not)
{
	struct fixture fixture;
	struct client client;

	fixture_serve(&fixture, &patient, "GET /hello", handle_hello, NULL);
	client_open(&client, fixture.url);
	weir_server_stop(fixture.server, "test");
	cr_assert_eq(client_await_end(&client), CLIENT_CLOSED);
	client_close(&client);
	fixture_finish(&fixture);
}
