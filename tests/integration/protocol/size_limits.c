/* A target that is too long is answered 414, a header that is too large 431; what just fits
 * is taken, and connection_memory decides. */
#include <criterion/criterion.h>
#include <string.h>

#include "support/fixture.h"
#include "support/handlers.h"
#include "support/reply.h"

static char filling[64 << 10];

static int status_of(struct fixture *fixture, const char *before, size_t size, const char *after)
{
	struct client client;
	struct reply reply;
	int status;

	client_open(&client, fixture->url);
	client_send_text(&client, before);
	client_send_up_to(&client, filling, size);
	client_send_up_to(&client, after, strlen(after));
	client_receive(&client, &reply);
	status = reply.status;
	if (status >= 400) {
		cr_assert(reply_says_close(&reply));
		cr_assert_neq(client_await_end(&client), CLIENT_OPEN);
	}
	reply_free(&reply);
	client_close(&client);
	return status;
}

static int with_target(struct fixture *fixture, size_t size)
{
	return status_of(fixture, "GET /", size, " HTTP/1.1\r\nHost: test\r\n\r\n");
}

static int with_query(struct fixture *fixture, size_t size)
{
	return status_of(fixture, "GET /x?", size, " HTTP/1.1\r\nHost: test\r\n\r\n");
}

static int with_field(struct fixture *fixture, size_t size)
{
	return status_of(fixture, "GET /x HTTP/1.1\r\nHost: test\r\nX-Long: ", size, "\r\n\r\n");
}

static void serve(struct fixture *fixture, size_t memory)
{
	const struct weir_server_options options = {.connection_memory = memory};

	memset(filling, 'a', sizeof(filling));
	fixture_serve(fixture, &options, "GET /{rest...}", handle_hello, NULL);
}

Test(size_limits, of_the_target)
{
	struct fixture fixture;

	serve(&fixture, 0);
	cr_assert_eq(with_target(&fixture, 1000), 200);
	cr_assert_eq(with_query(&fixture, 1000), 200);
	cr_assert_eq(with_target(&fixture, 20000), 414);
	cr_assert_eq(with_query(&fixture, 20000), 414);
	cr_assert_eq(with_target(&fixture, sizeof(filling)), 414);
	cr_assert_eq(with_target(&fixture, 1000), 200);
	fixture_finish(&fixture);
}

Test(size_limits, of_the_header)
{
	struct fixture fixture;

	serve(&fixture, 0);
	cr_assert_eq(with_field(&fixture, 1000), 200);
	cr_assert_eq(with_field(&fixture, 20000), 431);
	cr_assert_eq(with_field(&fixture, sizeof(filling)), 431);
	cr_assert_eq(with_field(&fixture, 1000), 200);
	fixture_finish(&fixture);
}

Test(size_limits, of_many_small_fields)
{
	struct fixture fixture;
	struct client client;
	struct reply reply;

	serve(&fixture, 0);
	client_open(&client, fixture.url);
	client_send_text(&client, "GET /x HTTP/1.1\r\nHost: test\r\n");
	for (int i = 0; i < 2000; i++)
		client_send_up_to(&client, "X-Y: 1\r\n", 8);
	client_send_up_to(&client, "\r\n", 2);
	client_receive(&client, &reply);
	cr_assert_eq(reply.status, 431);
	reply_free(&reply);
	client_close(&client);
	fixture_finish(&fixture);
}

Test(size_limits, grow_with_the_connections_memory)
{
	struct fixture fixture;

	serve(&fixture, 32768);
	cr_assert_eq(with_target(&fixture, 20000), 200);
	cr_assert_eq(with_field(&fixture, 20000), 200);
	cr_assert_eq(with_target(&fixture, 40000), 414);
	cr_assert_eq(with_field(&fixture, 40000), 431);
	fixture_finish(&fixture);
	serve(&fixture, 4096);
	cr_assert_eq(with_target(&fixture, 1000), 200);
	cr_assert_eq(with_target(&fixture, 5000), 414);
	cr_assert_eq(with_field(&fixture, 5000), 431);
	fixture_finish(&fixture);
}
