/* What a server that was never started says to start, stop, wait and destroy. */
#include <criterion/criterion.h>
#include <errno.h>

#include "support/fixture.h"
#include "support/handlers.h"

Test(before_start, a_stop_makes_the_start_fail)
{
	struct fixture fixture;

	fixture_create(&fixture, NULL);
	fixture_route(&fixture, "GET /hello", handle_hello, NULL);
	weir_server_stop(fixture.server, "early");
	cr_assert(weir_server_stopping(fixture.server));
	cr_assert_eq(weir_server_start(fixture.server), -ECANCELED);
	cr_assert_eq(weir_server_start(fixture.server), -ECANCELED);
	fixture_destroy(&fixture);
}

Test(before_start, wait_says_so)
{
	struct fixture fixture;

	fixture_create(&fixture, NULL);
	cr_assert_eq(weir_server_wait(fixture.server, NULL), -EINVAL);
	fixture_destroy(&fixture);
}

Test(before_start, destroy_is_enough)
{
	struct fixture fixture;

	fixture_create(&fixture, NULL);
	fixture_route(&fixture, "GET /hello", handle_hello, NULL);
	fixture_destroy(&fixture);
	weir_server_destroy(NULL);
}

Test(before_start, nothing_is_stopping)
{
	struct fixture fixture;

	fixture_create(&fixture, NULL);
	cr_assert_not(weir_server_stopping(fixture.server));
	cr_assert_eq(weir_token_check(weir_server_drain_token(fixture.server)), 0);
	cr_assert_eq(weir_token_check(weir_server_shutdown_token(fixture.server)), 0);
	fixture_destroy(&fixture);
}

Test(before_start, a_second_start_is_refused)
{
	struct fixture fixture;

	fixture_serve(&fixture, NULL, "GET /hello", handle_hello, NULL);
	cr_assert_eq(weir_server_start(fixture.server), -EALREADY);
	fixture_finish(&fixture);
}

Test(before_start, destroy_stops_what_runs)
{
	struct fixture fixture;
	struct client client;

	fixture_serve(&fixture, NULL, "GET /hello", handle_hello, NULL);
	client_open(&client, fixture.url);
	metrics_await(fixture.server, "weir_connections_open", 1);
	fixture_destroy(&fixture);
	cr_assert_eq(client_await_end(&client), CLIENT_CLOSED);
	client_close(&client);
}

Test(before_start, routes_come_first)
{
	struct fixture fixture;

	fixture_serve(&fixture, NULL, "GET /hello", handle_hello, NULL);
	cr_assert_eq(weir_server_route(fixture.server, "GET /late", handle_hello, NULL, NULL),
		     -EBUSY);
	fixture_finish(&fixture);
}
