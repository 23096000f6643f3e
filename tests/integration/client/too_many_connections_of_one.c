/* client_connections: one client has as many connections as it may, and others are not touched. */
#include <criterion/criterion.h>

#include "support/fixture.h"
#include "support/handlers.h"
#include "support/reply.h"

#define OWN "127.0.0.2"
#define OTHER "127.0.0.3"

enum { most = 3 };

static const struct weir_server_options limited = {.client_connections = most};

static void expect_hello(struct client *client)
{
	struct reply reply;

	client_get(client, "/hello", &reply);
	cr_assert_eq(reply.status, 200);
	reply_free(&reply);
}

static void fill(struct client client[most], const char *url)
{
	for (int i = 0; i < most; i++) {
		client_open_from(&client[i], url, OWN);
		expect_hello(&client[i]);
	}
}

Test(too_many_connections_of_one, are_closed)
{
	struct fixture fixture;
	struct client client[most], next, other;

	fixture_serve(&fixture, &limited, "GET /hello", handle_hello, NULL);
	fill(client, fixture.url);
	client_open_from(&next, fixture.url, OWN);
	cr_expect_neq(client_await_end(&next), CLIENT_OPEN);
	client_close(&next);
	cr_expect_eq(metrics_now(fixture.server, "weir_client_connections_refused_total"), 1);
	cr_expect_eq(metrics_now(fixture.server, "weir_connections_refused_total"), 1);
	log_capture_await(&fixture.log, "client-limit", 1);
	cr_expect_str_eq(log_capture_field(&fixture.log, "client-limit", "limit"), "connections");
	for (int i = 0; i < most; i++) {
		client_open_from(&other, fixture.url, OTHER);
		expect_hello(&other);
		client_close(&other);
		expect_hello(&client[i]);
	}
	client_close(&client[0]);
	metrics_await(fixture.server, "weir_connections_open", most - 1);
	client_open_from(&client[0], fixture.url, OWN);
	expect_hello(&client[0]);
	for (int i = 0; i < most; i++)
		client_close(&client[i]);
	fixture_finish(&fixture);
}

/* The answer is out, but the socket is still read to its end. */
Test(too_many_connections_of_one, count_while_they_linger)
{
	struct fixture fixture;
	struct client client[most], next;
	struct reply reply;

	fixture_serve(&fixture, &limited, "GET /hello", handle_hello, NULL);
	for (int i = 0; i < most; i++) {
		client_open_from(&client[i], fixture.url, OWN);
		client_send_text(&client[i], "POST /nowhere HTTP/1.1\r\nHost: test\r\n"
					     "Content-Length: 1000000\r\n\r\nx");
		client_receive(&client[i], &reply);
		cr_assert_eq(reply.status, 404);
		reply_free(&reply);
	}
	metrics_await(fixture.server, "weir_sockets_lingering", most);
	cr_expect_eq(metrics_now(fixture.server, "weir_connections_open"), 0);
	client_open_from(&next, fixture.url, OWN);
	cr_expect_neq(client_await_end(&next), CLIENT_OPEN);
	client_close(&next);
	for (int i = 0; i < most; i++)
		client_close(&client[i]);
	cr_expect_eq(metrics_now(fixture.server, "weir_client_connections_refused_total"), 1);
	metrics_await(fixture.server, "weir_sockets_lingering", 0);
	client_open_from(&next, fixture.url, OWN);
	expect_hello(&next);
	client_close(&next);
	fixture_finish(&fixture);
}

Test(too_many_connections_of_one, are_not_counted_on_unix_sockets_nor_on_admin_listeners)
{
	struct weir_server_options options = limited;
	const struct weir_route_options both = {.scope = WEIR_SCOPE_BOTH};
	struct fixture fixture;
	struct client local[2 * most], admin[2 * most];

	options.listen = "unix:many.sock";
	fixture_create(&fixture, &options);
	fixture_route_with(&fixture, "GET /hello", handle_hello, NULL, &both);
	cr_assert_eq(weir_server_listen(fixture.server, "127.0.0.1:0", WEIR_SCOPE_ADMIN), 0);
	fixture_start(&fixture);
	for (int i = 0; i < 2 * most; i++) {
		client_open(&local[i], fixture.url);
		expect_hello(&local[i]);
		client_open_from(&admin[i], weir_server_url(fixture.server, 1), OWN);
		expect_hello(&admin[i]);
	}
	cr_expect_eq(metrics_now(fixture.server, "weir_client_connections_refused_total"), 0);
	for (int i = 0; i < 2 * most; i++) {
		client_close(&local[i]);
		client_close(&admin[i]);
	}
	fixture_finish(&fixture);
}

Test(too_many_connections_of_one, of_all_are_counted_too)
{
	const struct weir_server_options options = {.max_connections = 1};
	struct fixture fixture;
	struct client client, next;
	struct reply reply;

	fixture_serve(&fixture, &options, "GET /hello", handle_hello, NULL);
	client_open_from(&client, fixture.url, OWN);
	expect_hello(&client);
	client_open_from(&next, fixture.url, OTHER);
	client_send_text(&next, "GET /hello HTTP/1.1\r\nHost: test\r\n\r\n");
	metrics_await(fixture.server, "weir_connection_limit_total", 1);
	client_close(&client);
	client_receive(&next, &reply);
	cr_expect_eq(reply.status, 200);
	reply_free(&reply);
	client_close(&next);
	fixture_finish(&fixture);
}
