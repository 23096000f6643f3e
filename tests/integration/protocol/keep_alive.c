/* When a connection goes on after an answer, and when it does not. */
#include <criterion/criterion.h>

#include "support/fixture.h"
#include "support/handlers.h"
#include "support/reply.h"

static void ask(struct client *client, const char *request, struct reply *reply)
{
	client_send_text(client, request);
	client_receive(client, reply);
	cr_assert_eq(reply->status, 200);
	cr_assert(reply->complete);
}

Test(keep_alive, is_the_default_of_http_1_1)
{
	struct fixture fixture;
	struct client client;
	struct reply reply;

	fixture_serve(&fixture, NULL, "GET /hello", handle_hello, NULL);
	client_open(&client, fixture.url);
	for (int i = 0; i < 200; i++) {
		ask(&client, "GET /hello HTTP/1.1\r\nHost: test\r\n\r\n", &reply);
		cr_assert_not(reply_says_close(&reply));
		reply_free(&reply);
	}
	cr_assert_eq(metrics_now(fixture.server, "weir_connections_accepted_total"), 1);
	cr_assert_eq(metrics_now(fixture.server, "weir_requests_accepted_total"), 200);
	ask(&client, "GET /hello HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n", &reply);
	cr_assert(reply_says_close(&reply));
	cr_assert_eq(client_await_end(&client), CLIENT_CLOSED);
	reply_free(&reply);
	client_close(&client);
	fixture_finish(&fixture);
}

Test(keep_alive, has_to_be_asked_for_by_http_1_0)
{
	struct fixture fixture;
	struct client client;
	struct reply reply;

	fixture_serve(&fixture, NULL, "GET /hello", handle_hello, NULL);
	client_open(&client, fixture.url);
	ask(&client, "GET /hello HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", &reply);
	cr_assert_not(reply_says_close(&reply));
	reply_free(&reply);
	ask(&client, "GET /hello HTTP/1.0\r\n\r\n", &reply);
	cr_assert_eq(client_await_end(&client), CLIENT_CLOSED);
	reply_free(&reply);
	client_close(&client);
	fixture_finish(&fixture);
}

Test(keep_alive, ends_when_a_client_is_idle_for_too_long)
{
	const struct weir_server_options options = {.keepalive_timeout = 100 * WEIR_MILLISECOND};
	struct fixture fixture;
	struct client client;
	struct reply reply;

	fixture_serve(&fixture, &options, "GET /hello", handle_hello, NULL);
	client_open(&client, fixture.url);
	ask(&client, "GET /hello HTTP/1.1\r\nHost: test\r\n\r\n", &reply);
	cr_assert_eq(client_await_end(&client), CLIENT_CLOSED);
	reply_free(&reply);
	client_close(&client);
	fixture_finish(&fixture);
}

/* An idle client that leaves is let go at once, not at its timeout. */
Test(keep_alive, ends_when_the_client_leaves)
{
	const struct weir_server_options options = {.keepalive_timeout = 3600 * WEIR_SECOND};
	struct fixture fixture;
	struct client client[4];
	struct reply reply;

	fixture_serve(&fixture, &options, "GET /hello", handle_hello, NULL);
	for (int i = 0; i < 4; i++) {
		client_open(&client[i], fixture.url);
		ask(&client[i], "GET /hello HTTP/1.1\r\nHost: test\r\n\r\n", &reply);
		reply_free(&reply);
	}
	cr_assert_eq(metrics_now(fixture.server, "weir_connections_open"), 4);
	client_close(&client[0]);
	client_reset(&client[1]);
	client_half_close(&client[2]);
	metrics_await(fixture.server, "weir_connections_open", 1);
	client_close(&client[2]);
	client_close(&client[3]);
	metrics_await(fixture.server, "weir_connections_open", 0);
	fixture_finish(&fixture);
}
