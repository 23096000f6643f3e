/* A header that does not come in time is answered 408, or its connection is closed: also
 * when a byte comes now and then, and when nothing comes at all. */
#include <criterion/criterion.h>
#include <string.h>

#include "support/fixture.h"
#include "support/handlers.h"
#include "support/reply.h"

static const struct weir_server_options hurried = {.header_timeout = 100 * WEIR_MILLISECOND};

static void expect_end(struct client *client)
{
	struct reply reply;

	client_receive(client, &reply);
	cr_assert(reply.status == 408 || reply.status == 0, "status %d", reply.status);
	if (reply.status == 408)
		cr_assert(reply_says_close(&reply));
	cr_assert_neq(client_await_end(client), CLIENT_OPEN);
	reply_free(&reply);
	client_close(client);
}

Test(header_deadline, of_a_client_that_says_nothing)
{
	struct fixture fixture;
	struct client client;

	fixture_serve(&fixture, &hurried, "GET /hello", handle_hello, NULL);
	client_open(&client, fixture.url);
	expect_end(&client);
	fixture_finish(&fixture);
}

Test(header_deadline, of_a_client_that_stops_in_the_middle)
{
	struct fixture fixture;
	struct client client;

	fixture_serve(&fixture, &hurried, "GET /hello", handle_hello, NULL);
	client_open(&client, fixture.url);
	client_send_text(&client, "GET /hello HTTP/1.1\r\nHost: te");
	expect_end(&client);
	fixture_finish(&fixture);
}

/* Ten minutes' worth of bytes: only the server can end this in time. */
Test(header_deadline, of_a_client_that_sends_a_byte_now_and_then)
{
	enum { size = 30000 };
	static char slow[size];
	struct fixture fixture;
	struct client client;
	size_t sent;

	memset(slow, 'a', size);
	memcpy(slow, "GET /", 5);
	fixture_serve(&fixture, &hurried, "GET /hello", handle_hello, NULL);
	client_open(&client, fixture.url);
	sent = client_trickle(&client, slow, size, 20 * WEIR_MILLISECOND);
	cr_assert_lt(sent, size);
	expect_end(&client);
	fixture_finish(&fixture);
}

Test(header_deadline, of_a_second_request_too)
{
	enum { size = 30000 };
	static char slow[size];
	struct fixture fixture;
	struct client client;
	struct reply reply;
	size_t sent;

	memset(slow, 'a', size);
	memcpy(slow, "GET /hello HTTP/1.1\r\nX:", 23);
	fixture_serve(&fixture, &hurried, "GET /hello", handle_hello, NULL);
	client_open(&client, fixture.url);
	client_get(&client, "/hello", &reply);
	cr_assert_eq(reply.status, 200);
	reply_free(&reply);
	sent = client_trickle(&client, slow, size, 20 * WEIR_MILLISECOND);
	cr_assert_lt(sent, size);
	expect_end(&client);
	fixture_finish(&fixture);
}

/* Nobody else is touched by it, and an idle connection is not under it. */
Test(header_deadline, leaves_idle_connections_alone)
{
	struct fixture fixture;
	struct client idle, client;
	struct reply reply;

	fixture_serve(&fixture, &hurried, "GET /hello", handle_hello, NULL);
	client_open(&idle, fixture.url);
	client_get(&idle, "/hello", &reply);
	cr_assert_eq(reply.status, 200);
	reply_free(&reply);
	client_open(&client, fixture.url);
	expect_end(&client);
	client_open(&client, fixture.url);
	expect_end(&client);
	client_get(&idle, "/hello", &reply);
	cr_assert_eq(reply.status, 200);
	reply_free(&reply);
	client_close(&idle);
	fixture_finish(&fixture);
}
