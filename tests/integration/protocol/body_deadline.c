/* A body that comes too slowly is answered 408, or its connection is cut: buffered or
 * streamed, and also when a byte comes now and then. */
#include <criterion/criterion.h>
#include <stdbool.h>
#include <stdio.h>

#include "support/fixture.h"
#include "support/gate.h"
#include "support/handlers.h"
#include "support/reply.h"

static const struct weir_server_options hurried = {.body_timeout = 100 * WEIR_MILLISECOND,
						   .body_min_rate = 1000};

enum { length = 30000 };

static char slow[length];

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

static void begin(struct client *client, const struct fixture *fixture, bool chunked)
{
	client_open(client, fixture->url);
	if (chunked)
		client_printf(client,
			      "POST /x HTTP/1.1\r\nHost: test\r\n"
			      "Transfer-Encoding: chunked\r\n\r\n%x\r\n",
			      length);
	else
		client_printf(client,
			      "POST /x HTTP/1.1\r\nHost: test\r\nContent-Length: %d\r\n\r\n",
			      length);
}

static void too_slow(enum weir_body body, weir_handler handler, bool chunked, weir_time interval)
{
	const struct weir_route_options options = {.body = body};
	struct fixture fixture;
	struct client client;
	size_t sent;

	fixture_create(&fixture, &hurried);
	fixture_route_with(&fixture, "POST /x", handler, NULL, &options);
	fixture_start(&fixture);
	begin(&client, &fixture, chunked);
	sent = interval > 0 ? client_trickle(&client, slow, length, interval) : 0;
	cr_assert_lt(sent, length);
	expect_end(&client);
	fixture_finish(&fixture);
}

Test(body_deadline, buffered_and_nothing_comes)
{
	too_slow(WEIR_BODY_BUFFERED, handle_echo, false, 0);
}

Test(body_deadline, buffered_and_a_byte_comes_now_and_then)
{
	too_slow(WEIR_BODY_BUFFERED, handle_echo, false, 20 * WEIR_MILLISECOND);
}

Test(body_deadline, buffered_in_chunks_and_a_byte_comes_now_and_then)
{
	too_slow(WEIR_BODY_BUFFERED, handle_echo, true, 20 * WEIR_MILLISECOND);
}

Test(body_deadline, streamed_and_nothing_comes)
{
	too_slow(WEIR_BODY_STREAMED, handle_count_body, false, 0);
}

Test(body_deadline, streamed_and_a_byte_comes_now_and_then)
{
	too_slow(WEIR_BODY_STREAMED, handle_count_body, false, 20 * WEIR_MILLISECOND);
}

Test(body_deadline, streamed_in_chunks_and_a_byte_comes_now_and_then)
{
	too_slow(WEIR_BODY_STREAMED, handle_count_body, true, 20 * WEIR_MILLISECOND);
}

static int wait_then_count(weir_request *request, weir_response *response, weir_token *token)
{
	int rc = gate_pass(weir_request_context(request));

	return rc != 0 ? rc : handle_count_body(request, response, token);
}

/* A body that does not move because its handler does not read is not the client's fault.
 * The ends of other connections, one after the other, show that its time has been over,
 * more than once. */
Test(body_deadline, does_not_punish_a_client_that_is_held_back)
{
	enum { body_size = 48 << 20 };
	static char large[body_size + 200]; /* with its header before it */
	const struct weir_server_options options = {.body_timeout = 400 * WEIR_MILLISECOND,
						    .body_min_rate = 1};
	const struct weir_route_options streamed = {.body = WEIR_BODY_STREAMED};
	struct fixture fixture;
	struct gate gate;
	struct client held, slow_client;
	struct reply reply;
	char expected[32];
	size_t sent;
	int header;

	gate_init(&gate);
	fixture_create(&fixture, &options);
	fixture_route_with(&fixture, "POST /held", wait_then_count, &gate, &streamed);
	fixture_route(&fixture, "POST /x", handle_echo, NULL);
	fixture_start(&fixture);
	client_open(&held, fixture.url);
	header = snprintf(large, sizeof(large),
			  "POST /held HTTP/1.1\r\nHost: test\r\nContent-Length: %d\r\n\r\n",
			  body_size);
	sent = client_send_until_blocked(&held, large, (size_t)header + body_size,
					 50 * WEIR_MILLISECOND);
	cr_assert_lt(sent, body_size);
	gate_await(&gate, 1);
	for (int i = 0; i < 3; i++) {
		begin(&slow_client, &fixture, false);
		expect_end(&slow_client);
	}
	gate_open(&gate, 1);
	client_send(&held, large + sent, (size_t)header + body_size - sent);
	client_receive(&held, &reply);
	snprintf(expected, sizeof(expected), "%d\n", body_size);
	cr_assert_eq(reply.status, 200);
	cr_assert_str_eq(reply.body, expected);
	reply_free(&reply);
	client_close(&held);
	fixture_finish(&fixture);
	gate_destroy(&gate);
}
