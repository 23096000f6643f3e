/* The drain report has the counters of all the time that the server ran: what came after the last
 * look at /metrics is in no metrics that anybody has seen. */
#include <criterion/criterion.h>

#include "support/client.h"
#include "support/fixture.h"
#include "support/handlers.h"
#include "support/reply.h"

static void ask(const char *url, const char *target, int status)
{
	struct client client;
	struct reply reply;

	client_open(&client, url);
	client_get(&client, target, &reply);
	cr_assert_eq(reply.status, status);
	reply_free(&reply);
	client_close(&client);
}

Test(report_counts_from_the_start, also_what_was_over_before_the_stop)
{
	struct fixture fixture;
	const struct weir_report_served *served;

	fixture_create(&fixture, NULL);
	fixture_route(&fixture, "GET /here", handle_hello, NULL);
	fixture_start(&fixture);
	ask(fixture.url, "/here", 200);
	ask(fixture.url, "/here", 200);
	ask(fixture.url, "/nowhere", 404);
	weir_server_stop(fixture.server, "test");
	fixture_await(&fixture, WEIR_CLEAN);
	served = &fixture.report->served;
	cr_assert_eq(fixture.report->counts.arrived + fixture.report->counts.in_flight, 0);
	cr_assert_eq(served->accepted, 3);
	cr_assert_eq(served->answered, 2);
	cr_assert_eq(served->refused, 1);
	cr_assert_eq(served->cancelled + served->cut, 0);
	cr_assert_eq(served->responses[2], 2);
	cr_assert_eq(served->responses[4], 1);
	cr_assert_eq(served->responses[1] + served->responses[3] + served->responses[5], 0);
	fixture_destroy(&fixture);
}
