/* A client that stops in the middle of its header is closed when a stop begins; the grace
 * does not wait for it. One that stops in the middle of its body has a request in
 * flight: it has the grace, and no more. */
#include <criterion/criterion.h>

#include "support/fixture.h"
#include "support/handlers.h"
#include "support/reply.h"

static void stalls_in_header(const char *sent)
{
	const struct weir_server_options options = {.grace = 3600 * WEIR_SECOND,
						    .drain_timeout = 3600 * WEIR_SECOND,
						    .header_timeout = 3600 * WEIR_SECOND};
	const struct weir_route_options inlined = {.run = WEIR_RUN_INLINE};
	struct fixture fixture;
	struct client client, other;
	struct reply reply;

	fixture_create(&fixture, &options);
	fixture_route_with(&fixture, "GET /hello", handle_hello, NULL, &inlined);
	fixture_start(&fixture);
	client_open(&client, fixture.url);
	client_send_text(&client, sent);
	client_open(&other, fixture.url);
	client_get(&other, "/hello", &reply);
	reply_free(&reply);

	weir_server_stop(fixture.server, "test");
	cr_assert_neq(client_await_end(&client), CLIENT_OPEN);
	fixture_await(&fixture, WEIR_CLEAN);
	client_close(&client);
	client_close(&other);
	fixture_destroy(&fixture);
}

Test(stalled_request_holds_nobody_up, in_its_first_line)
{
	stalls_in_header("GET /hel");
}

Test(stalled_request_holds_nobody_up, in_its_header_fields)
{
	stalls_in_header("GET /hello HTTP/1.1\r\nHost: test\r\nX-Lazy: ");
}

Test(stalled_request_holds_nobody_up, in_its_body_once_the_grace_is_over)
{
	const struct weir_server_options options = {.grace = 50 * WEIR_MILLISECOND,
						    .drain_timeout = 60 * WEIR_SECOND,
						    .body_timeout = 3600 * WEIR_SECOND};
	struct fixture fixture;
	struct client client;
	struct reply reply;

	fixture_serve(&fixture, &options, "POST /echo", handle_echo, NULL);
	client_open(&client, fixture.url);
	client_send_text(&client,
			 "POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 8\r\n\r\nhalf");
	metrics_await(fixture.server, "weir_requests_in_flight{phase=\"receiving\"}", 1);
	weir_server_stop(fixture.server, "test");
	client_receive(&client, &reply);
	cr_assert(reply.status == 503 || reply.status == 0, "status %d", reply.status);
	reply_free(&reply);
	client_await_end(&client);
	client_close(&client);
	cr_assert_geq(weir_server_wait(fixture.server, &fixture.report), 0);
	cr_assert_lt(fixture.report->total, 55 * WEIR_SECOND);
	cr_assert_eq(fixture.report->counts.in_flight, 1);
	cr_assert_eq(fixture.report->counts.cancelled + fixture.report->counts.cut, 1);
	fixture_destroy(&fixture);
}
