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

/* A connection with one request behind it. On a busy machine this test itself may be too
 * late with its header; it then tries again. */
static void open_and_ask(struct client *client, const struct fixture *fixture)
{
	static const char ask[] = "GET /hello HTTP/1.1\r\nHost: test\r\n\r\n";
	struct reply reply;
	int status;

	for (;;) {
		client_open(client, fixture->url);
		client_send_up_to(client, ask, strlen(ask));
		client_receive(client, &reply);
		status = reply.status;
		reply_free(&reply);
		if (status == 200)
			return;
		cr_assert(status == 0 || status == 408, "status %d", status);
		client_close(client);
	}
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
	size_t sent;

	memset(slow, 'a', size);
	memcpy(slow, "GET /hello HTTP/1.1\r\nX:", 23);
	fixture_serve(&fixture, &hurried, "GET /hello", handle_hello, NULL);
	open_and_ask(&client, &fixture);
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
	open_and_ask(&idle, &fixture);
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
