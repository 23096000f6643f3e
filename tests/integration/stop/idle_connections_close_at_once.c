/* Idle keep-alive connections are closed as soon as a stop begins, cleanly, although a
 * request elsewhere keeps the stop waiting. */
#include <criterion/criterion.h>

#include "support/fixture.h"
#include "support/gate.h"
#include "support/handlers.h"
#include "support/reply.h"

Test(idle_connections_close_at_once, while_a_request_is_in_flight)
{
	enum { idlers = 50 };
	struct fixture fixture;
	struct gate gate;
	struct client busy, idle[idlers];
	struct reply reply;

	gate_init(&gate);
	fixture_create(&fixture, NULL);
	fixture_route(&fixture, "GET /gated", handle_gated, &gate);
	fixture_route(&fixture, "GET /hello", handle_hello, NULL);
	fixture_start(&fixture);
	for (int i = 0; i < idlers; i++) {
		client_open(&idle[i], fixture.url);
		client_get(&idle[i], "/hello", &reply);
		cr_assert_eq(reply.status, 200);
		cr_assert_not(reply_says_close(&reply));
		reply_free(&reply);
	}
	client_open(&busy, fixture.url);
	client_send_text(&busy, "GET /gated HTTP/1.1\r\nHost: test\r\n\r\n");
	gate_await(&gate, 1);

	weir_server_stop(fixture.server, "test");
	for (int i = 0; i < idlers; i++) {
		cr_assert_eq(client_await_end(&idle[i]), CLIENT_CLOSED, "idle client %d", i);
		client_close(&idle[i]);
	}
	cr_assert(client_is_quiet(&busy));
	gate_open(&gate, 1);
	client_receive(&busy, &reply);
	cr_assert_eq(reply.status, 200);
	reply_free(&reply);
	client_close(&busy);

	fixture_await(&fixture, WEIR_CLEAN);
	cr_assert_eq(fixture.report->counts.idle_closed, idlers);
	cr_assert_eq(fixture.report->counts.in_flight, 1);
	fixture_destroy(&fixture);
	gate_destroy(&gate);
}
