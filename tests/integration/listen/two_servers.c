/* Two servers in one process know nothing of each other: one stops, the other serves on; and
 * as many as one likes, one after the other. */
#include <criterion/criterion.h>

#include "support/fixture.h"
#include "support/handlers.h"
#include "support/reply.h"

static void expect_hello(const char *url)
{
	struct client client;
	struct reply reply;

	client_open(&client, url);
	client_get(&client, "/hello", &reply);
	cr_assert_eq(reply.status, 200);
	reply_free(&reply);
	client_close(&client);
}

Test(two_servers, one_stops_and_the_other_serves_on)
{
	struct fixture first, second;

	fixture_serve(&first, NULL, "GET /hello", handle_hello, NULL);
	fixture_serve(&second, NULL, "GET /hello", handle_hello, NULL);
	expect_hello(first.url);
	expect_hello(second.url);
	cr_assert_eq(metrics_now(second.server, "weir_requests_accepted_total"), 1);
	fixture_finish(&first);
	expect_hello(second.url);
	fixture_finish(&second);
}

Test(two_servers, or_many_in_a_row)
{
	const struct weir_server_options options = {.workers = 4};
	struct fixture fixture;

	for (int i = 0; i < 50; i++) {
		fixture_serve(&fixture, &options, "GET /hello", handle_hello, NULL);
		expect_hello(fixture.url);
		fixture_finish(&fixture);
	}
}
