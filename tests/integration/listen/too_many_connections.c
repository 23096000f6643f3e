/* max_connections bounds how many there are at a time; the next waits until one leaves. */
#include <criterion/criterion.h>

#include "support/fixture.h"
#include "support/handlers.h"
#include "support/reply.h"

enum { most = 4 };

static void expect_hello(struct client *client)
{
	struct reply reply;

	client_get(client, "/hello", &reply);
	cr_assert_eq(reply.status, 200);
	reply_free(&reply);
}

Test(too_many_connections, are_not_all_served_at_a_time)
{
	const struct weir_server_options options = {.max_connections = most};
	struct fixture fixture;
	struct client client[most], next;
	struct reply reply;

	fixture_serve(&fixture, &options, "GET /hello", handle_hello, NULL);
	for (int i = 0; i < most; i++) {
		client_open(&client[i], fixture.url);
		expect_hello(&client[i]);
	}
	cr_assert_eq(metrics_now(fixture.server, "weir_connections_open"), most);
	client_open(&next, fixture.url);
	client_send_text(&next, "GET /hello HTTP/1.1\r\nHost: test\r\n\r\n");
	log_capture_await(&fixture.log, "accept-paused", 1);
	for (int i = 0; i < most; i++)
		expect_hello(&client[i]);
	cr_assert(client_is_quiet(&next));
	client_close(&client[0]);
	client_receive(&next, &reply);
	cr_assert_eq(reply.status, 200);
	reply_free(&reply);
	client_close(&next);
	for (int i = 1; i < most; i++)
		client_close(&client[i]);
	fixture_finish(&fixture);
}
