/* Once a stop has begun nobody new is let in; but whoever had connected before, and had
 * only not been looked at yet, is not reset. */
#include <criterion/criterion.h>
#include <errno.h>

#include "support/fixture.h"
#include "support/gate.h"
#include "support/handlers.h"
#include "support/reply.h"

Test(new_connections_are_refused, while_a_request_is_in_flight)
{
	struct fixture fixture;
	struct gate gate;
	struct client client, late;
	struct reply reply;

	gate_init(&gate);
	fixture_serve(&fixture, NULL, "GET /gated", handle_gated, &gate);
	client_open(&client, fixture.url);
	client_send_text(&client, "GET /gated HTTP/1.1\r\nHost: test\r\n\r\n");
	gate_await(&gate, 1);
	fixture_begin_stop(&fixture);

	cr_assert_eq(client_try_open(&late, fixture.url), -ECONNREFUSED);
	gate_open(&gate, 1);
	client_receive(&client, &reply);
	cr_assert_eq(reply.status, 200);
	reply_free(&reply);
	client_close(&client);
	fixture_await(&fixture, WEIR_CLEAN);
	cr_assert_eq(client_try_open(&late, fixture.url), -ECONNREFUSED);
	fixture_destroy(&fixture);
	gate_destroy(&gate);
}

/* An inline handler holds up the acceptor at the gate, so that a queue forms before the
 * listener, and the stop finds it there: longer than what is accepted at a time. */
Test(new_connections_are_refused, but_the_backlog_is_not_reset)
{
	enum { waiting = 120 };
	const struct weir_route_options inlined = {.run = WEIR_RUN_INLINE};
	struct fixture fixture;
	struct gate gate;
	static struct client client[waiting];
	struct client holder;
	struct reply reply;

	gate_init(&gate);
	fixture_create(&fixture, NULL);
	fixture_route_with(&fixture, "GET /hold", handle_gated, &gate, &inlined);
	fixture_route(&fixture, "GET /hello", handle_hello, NULL);
	fixture_start(&fixture);
	client_open(&holder, fixture.url);
	client_send_text(&holder, "GET /hold HTTP/1.1\r\nHost: test\r\n\r\n");
	gate_await(&gate, 1);
	for (int i = 0; i < waiting; i++) {
		client_open(&client[i], fixture.url);
		client_send_text(&client[i], "GET /hello HTTP/1.1\r\nHost: test\r\n\r\n");
	}
	weir_server_stop(fixture.server, "test");
	gate_open(&gate, 1);

	for (int i = 0; i < waiting; i++) {
		client_receive(&client[i], &reply);
		cr_assert_eq(reply.status, 200, "client %d: status %d, end %d", i, reply.status,
			     client[i].end);
		cr_assert(reply_says_close(&reply));
		cr_assert_eq(client_await_end(&client[i]), CLIENT_CLOSED);
		reply_free(&reply);
		client_close(&client[i]);
	}
	client_receive(&holder, &reply);
	cr_assert_eq(reply.status, 200);
	reply_free(&reply);
	client_close(&holder);
	fixture_finish(&fixture);
	gate_destroy(&gate);
}
