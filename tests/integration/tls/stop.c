/* What a stop does to connections over TLS and the shared tests of stops do not see: who has come
 * just before it and has his handshake still to make, and what an end looks like. */
#include <criterion/criterion.h>

#include "serving.h"
#include "support/gate.h"
#include "support/handlers.h"
#include "support/reply.h"

/* A stop waits for a handshake for 400 ms (intake.c). */
#define PATIENCE (400 * WEIR_MILLISECOND)
#define ATTEMPTS 50

/* Asks, and sees whether there was an answer. There has to be one, unless the machine is so busy
 * that the stop's patience was at its end before. */
static bool is_served(struct client *client, weir_time begin)
{
	struct reply reply;
	bool served;

	client_get(client, "/hello", &reply);
	served = reply.status == 200;
	if (served) {
		cr_assert(reply_says_close(&reply));
		cr_assert_eq(client_await_end(client), CLIENT_CLOSED);
	} else {
		cr_assert_gt(weir_now() - begin, PATIENCE, "status %d, end %d", reply.status,
			     client->end);
	}
	reply_free(&reply);
	return served;
}

/* The acceptor is held by an inline handler, so that these wait in the backlog: they have begun
 * their handshakes, and get through them after the stop was asked for. */
static bool serves_all_who_have_connected_before(void)
{
	enum { waiting = 5 };
	const struct weir_route_options inlined = {.run = WEIR_RUN_INLINE};
	static const char *const hosts[] = {"localhost", NULL};
	static struct client client[waiting];
	struct serving serving;
	struct client holder;
	struct reply reply;
	struct gate gate;
	weir_time begin;
	int served = 0;

	gate_init(&gate);
	serving_create(&serving);
	serving_add(&serving, "first", "first", hosts);
	serving_use(&serving);
	fixture_route_with(&serving.fixture, "GET /hold", handle_gated, &gate, &inlined);
	fixture_route(&serving.fixture, "GET /hello", handle_hello, NULL);
	serving_start(&serving);
	client_open(&holder, serving.fixture.url);
	client_send_text(&holder, "GET /hold HTTP/1.1\r\nHost: test\r\n\r\n");
	gate_await(&gate, 1);
	for (int i = 0; i < waiting; i++) {
		client_open(&client[i], serving.fixture.url);
		tls_link_greet(client[i].tls);
	}
	weir_server_stop(serving.fixture.server, "test");
	begin = weir_now();
	gate_open(&gate, 1);
	for (int i = 0; i < waiting; i++) {
		served += is_served(&client[i], begin);
		client_close(&client[i]);
	}
	client_receive(&holder, &reply);
	cr_assert_eq(reply.status, 200);
	reply_free(&reply);
	cr_assert_eq(client_await_end(&holder), CLIENT_CLOSED);
	client_close(&holder);
	serving_finish(&serving);
	gate_destroy(&gate);
	return served == waiting;
}

Test(stop, serves_who_has_connected_before)
{
	int attempts = 1;

	while (!serves_all_who_have_connected_before())
		cr_assert_lt(attempts++, ATTEMPTS, "the machine is too busy");
}

/* What is idle until the very end is told, too. */
Test(stop, says_close_notify_at_the_very_end)
{
	struct serving serving;
	struct client client;
	struct reply reply;

	serving_begin(&serving);
	client_open(&client, serving.fixture.url);
	client_get(&client, "/hello", &reply);
	reply_free(&reply);
	weir_server_stop(serving.fixture.server, "test");
	cr_assert_eq(client_await_end(&client), CLIENT_CLOSED);
	client_close(&client);
	serving_finish(&serving);
}

/* Truncation must be told from an end (RFC 8446, 6.1): who is cut gets no close_notify. */
Test(stop, cuts_without_close_notify)
{
	const weir_time soon = 100 * WEIR_MILLISECOND;
	static const char *const hosts[] = {"localhost", NULL};
	static struct gate gate;
	struct serving serving;
	struct client client;

	gate_init(&gate);
	serving_create(&serving);
	serving_add(&serving, "first", "first", hosts);
	serving_use(&serving);
	fixture_route(&serving.fixture, "GET /gated", handle_gated, &gate);
	serving_start(&serving);
	cr_assert_eq(weir_server_set_stop_times(serving.fixture.server, 0, WEIR_NONE, soon), 0);
	client_open(&client, serving.fixture.url);
	client_send_text(&client, "GET /gated HTTP/1.1\r\nHost: test\r\n\r\n");
	gate_await(&gate, 1);
	weir_server_stop(serving.fixture.server, "test");
	cr_assert_eq(client_await_end(&client), CLIENT_CUT);
	gate_open(&gate, 1);
	client_close(&client);
	(void)weir_server_wait(serving.fixture.server, &serving.fixture.report);
	/* On a busy machine the handler comes back too late to be seen, and may be in the gate yet.
	 */
	cr_assert_eq(serving.fixture.report->counts.cut + serving.fixture.report->counts.abandoned,
		     1);
	fixture_destroy(&serving.fixture);
	scratch_remove(&serving.scratch);
}
