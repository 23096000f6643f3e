/* A handler takes its connection over with a 101: what the client sent behind its request is not
 * lost, `run` has the socket to itself, and the connection is counted until it is closed. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "support/fixture.h"
#include "support/reply.h"
#include "support/scratch.h"
#include "support/upgrading.h"

Test(echo, over_a_connection_that_left_http)
{
	struct upgrading upgrading = {.run = upgrade_echo};
	struct fixture fixture;
	struct client client;

	fixture_serve(&fixture, NULL, "GET /echo", handle_upgrade, &upgrading);
	client_open(&client, fixture.url);
	client_ask_upgrade(&client, "/echo", "");
	client_await_text(&client, "\r\n\r\n");
	cr_assert_not_null(memmem(client.input, client.input_size, "Connection: Upgrade\r\n", 21));
	cr_assert_not_null(memmem(client.input, client.input_size, "Upgrade: test\r\n", 15));
	cr_assert_not_null(memmem(client.input, client.input_size, "X-Test: yes\r\n", 13));
	cr_assert_null(memmem(client.input, client.input_size, "Content-Length", 14));
	client_take(&client, client.input_size);
	client_echo(&client, "one");
	client_echo(&client, "two");
	cr_assert_eq(metrics_now(fixture.server, "weir_upgraded_open"), 1);
	cr_assert_eq(metrics_now(fixture.server, "weir_upgraded_total"), 1);
	cr_assert_eq(metrics_now(fixture.server, "weir_requests_answered_total"), 1);
	cr_assert_eq(metrics_now(fixture.server, "weir_connections_open"), 0);
	cr_assert_eq(metrics_now(fixture.server, "weir_responses_total{class=\"1xx\"}"), 1);
	client_half_close(&client);
	cr_assert_eq(client_await_end(&client), CLIENT_CLOSED);
	metrics_await(fixture.server, "weir_upgraded_open", 0);
	client_close(&client);
	fixture_finish(&fixture);
	cr_assert_eq(atomic_load(&upgrading.drops), 0);
	cr_assert_eq(atomic_load(&upgrading.reason), WEIR_REASON_NONE);
}

Test(echo, of_what_was_sent_with_the_request)
{
	struct upgrading upgrading = {.run = upgrade_echo};
	struct fixture fixture;
	struct client client;

	fixture_serve(&fixture, NULL, "GET /echo", handle_upgrade, &upgrading);
	client_open(&client, fixture.url);
	client_upgrade(&client, "/echo", "GET / HTTP/1.1\r\n\r\nearly");
	client_await_text(&client, "GET / HTTP/1.1\r\n\r\nearly");
	client_take(&client, client.input_size);
	client_echo(&client, "late");
	client_close(&client);
	fixture_finish(&fixture);
}

/* More than the connection's memory holds: a part is in libmicrohttpd's buffer, the rest is in
 * the socket, and they must come in their order. */
Test(echo, of_much_that_was_sent_with_the_request)
{
	enum { size = 100000 };
	static char sent[size + 1];
	struct upgrading upgrading = {.run = upgrade_echo};
	struct fixture fixture;
	struct client client;

	for (int i = 0; i < size; i++)
		sent[i] = (char)('a' + i % 23);
	fixture_serve(&fixture, NULL, "GET /echo", handle_upgrade, &upgrading);
	client_open(&client, fixture.url);
	client_upgrade(&client, "/echo", sent);
	while (client.input_size < size)
		cr_assert(client_fill(&client));
	cr_assert_eq(client.input_size, size);
	cr_assert_eq(memcmp(client.input, sent, size), 0);
	client_close(&client);
	fixture_finish(&fixture);
}

Test(echo, after_other_requests_on_the_connection)
{
	struct upgrading upgrading = {.run = upgrade_echo};
	struct fixture fixture;
	struct client client;
	struct reply reply;

	fixture_serve(&fixture, NULL, "GET /echo", handle_upgrade, &upgrading);
	client_open(&client, fixture.url);
	client_get(&client, "/nothing", &reply);
	cr_assert_eq(reply.status, 404);
	reply_free(&reply);
	client_upgrade(&client, "/echo", "");
	client_echo(&client, "hello");
	client_close(&client);
	fixture_finish(&fixture);
}

Test(echo, over_a_unix_socket)
{
	struct upgrading upgrading = {.run = upgrade_echo};
	struct weir_server_options options = {0};
	struct fixture fixture;
	struct scratch scratch;
	struct client client;
	char address[PATH_MAX + 16];

	scratch_make(&scratch);
	(void)snprintf(address, sizeof(address), "unix:%s/socket", scratch.path);
	options.listen = address;
	fixture_serve(&fixture, &options, "GET /echo", handle_upgrade, &upgrading);
	client_open(&client, fixture.url);
	client_upgrade(&client, "/echo", "early");
	client_await_text(&client, "early");
	client_take(&client, 5);
	client_echo(&client, "hello");
	client_close(&client);
	fixture_finish(&fixture);
	scratch_remove(&scratch);
}
