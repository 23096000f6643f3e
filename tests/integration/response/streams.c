/* Streamed answers: of known length, chunked, to HTTP/1.0; what is written goes out as it
 * is flushed, and no further than the bounded buffer while the client does not read. */
#include <criterion/criterion.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "support/fixture.h"
#include "support/gate.h"
#include "support/handlers.h"
#include "support/must.h"
#include "support/reply.h"

static char content[1 << 20];

/* Streams the content in pieces of 10,007 bytes. */
static int write_all(weir_response *response, size_t size)
{
	int rc = 0;

	for (size_t done = 0; rc == 0 && done < size;) {
		size_t piece = size - done < 10007 ? size - done : 10007;

		rc = weir_response_write(response, content + done, piece);
		done += piece;
	}
	return rc;
}

static int known_length(weir_request *request, weir_response *response, weir_token *token)
{
	int rc = weir_response_header(response, "X-Kind", "known");

	(void)request;
	(void)token;
	if (rc == 0)
		rc = weir_response_status(response, 201);
	if (rc == 0)
		rc = weir_response_stream(response, sizeof(content));
	return rc != 0 ? rc : write_all(response, sizeof(content));
}

static int unknown_length(weir_request *request, weir_response *response, weir_token *token)
{
	int rc = weir_response_stream(response, -1);

	(void)request;
	(void)token;
	return rc != 0 ? rc : write_all(response, sizeof(content));
}

static void set_up(struct fixture *fixture)
{
	for (size_t i = 0; i < sizeof(content); i++)
		content[i] = (char)(i * 11 + i / 997);
	fixture_create(fixture, NULL);
	fixture_route(fixture, "GET /known", known_length, NULL);
	fixture_route(fixture, "GET /unknown", unknown_length, NULL);
	fixture_route(fixture, "GET /hello", handle_hello, NULL);
	fixture_start(fixture);
}

static void expect_content(const struct reply *reply)
{
	cr_assert(reply->complete);
	cr_assert_eq(reply->body_size, sizeof(content));
	cr_assert_eq(memcmp(reply->body, content, sizeof(content)), 0);
}

Test(streams, of_known_length_and_chunked_leave_the_connection_open)
{
	struct fixture fixture;
	struct client client;
	struct reply reply;

	set_up(&fixture);
	client_open(&client, fixture.url);
	for (int i = 0; i < 2; i++) {
		client_get(&client, "/known", &reply);
		cr_assert_eq(reply.status, 201);
		cr_assert_not(reply.chunked);
		cr_assert_str_eq(reply_header(&reply, "X-Kind"), "known");
		expect_content(&reply);
		reply_free(&reply);
		client_get(&client, "/unknown", &reply);
		cr_assert_eq(reply.status, 200);
		cr_assert(reply.chunked);
		expect_content(&reply);
		reply_free(&reply);
	}
	client_get(&client, "/hello", &reply);
	cr_assert_eq(reply.status, 200);
	reply_free(&reply);
	client_close(&client);
	fixture_finish(&fixture);
}

Test(streams, to_http_1_0_end_with_the_connection)
{
	struct fixture fixture;
	struct client client;
	struct reply reply;

	set_up(&fixture);
	client_open(&client, fixture.url);
	client_send_text(&client, "GET /unknown HTTP/1.0\r\n\r\n");
	client_receive(&client, &reply);
	cr_assert_eq(reply.status, 200);
	cr_assert_not(reply.chunked);
	cr_assert_null(reply_header(&reply, "Content-Length"));
	expect_content(&reply);
	cr_assert_eq(client.end, CLIENT_CLOSED);
	reply_free(&reply);
	client_close(&client);
	fixture_finish(&fixture);
}

/* Each piece is read by the client before the handler writes the next. */
static int converse(weir_request *request, weir_response *response, weir_token *token)
{
	struct gate *gate = weir_request_context(request);
	int rc = weir_response_stream(response, -1);

	(void)token;
	for (int i = 0; rc == 0 && i < 5; i++) {
		char piece[16];
		int size = snprintf(piece, sizeof(piece), "piece %d\n", i);

		rc = weir_response_write(response, piece, (size_t)size);
		if (rc == 0)
			rc = weir_response_flush(response);
		if (rc == 0)
			rc = gate_pass(gate);
	}
	return rc;
}

Test(streams, go_out_as_they_are_flushed)
{
	struct fixture fixture;
	struct gate gate;
	struct client client;
	struct reply reply;

	gate_init(&gate);
	fixture_serve(&fixture, NULL, "GET /talk", converse, &gate);
	client_open(&client, fixture.url);
	client_send_text(&client, "GET /talk HTTP/1.1\r\nHost: test\r\n\r\n");
	for (int i = 0; i < 5; i++) {
		char piece[16];

		snprintf(piece, sizeof(piece), "piece %d\n", i);
		client_await_text(&client, piece);
		gate_await(&gate, 1);
		gate_open(&gate, 1);
	}
	client_receive(&client, &reply);
	cr_assert(reply.complete);
	cr_assert_str_eq(reply.body, "piece 0\npiece 1\npiece 2\npiece 3\npiece 4\n");
	reply_free(&reply);
	client_close(&client);
	fixture_finish(&fixture);
	gate_destroy(&gate);
}

enum { flood_pieces = 800, flood_piece = 65536 };

static atomic_uint flooded;

static int flood(weir_request *request, weir_response *response, weir_token *token)
{
	static char piece[flood_piece];
	int rc = weir_response_stream(response, -1);

	(void)request;
	(void)token;
	for (int i = 0; rc == 0 && i < flood_pieces; i++) {
		rc = weir_response_write(response, piece, sizeof(piece));
		atomic_fetch_add(&flooded, 1);
	}
	return rc;
}

/* How much a client that does not read lets through is up to the kernel; it must come to
 * rest well before the end, and go on when the client reads. */
Test(streams, wait_for_a_client_that_does_not_read)
{
	struct fixture fixture;
	struct client client;
	struct reply reply;
	unsigned before, now = 0;

	fixture_serve(&fixture, NULL, "GET /flood", flood, NULL);
	client_open_window(&client, fixture.url, 256 << 10);
	client_send_text(&client, "GET /flood HTTP/1.1\r\nHost: test\r\n\r\n");
	client_await_text(&client, "HTTP/1.1 200");
	do {
		before = now;
		weir_sleep(NULL, weir_after(50 * WEIR_MILLISECOND));
		now = atomic_load(&flooded);
	} while (now != before);
	cr_assert_lt(now, flood_pieces / 2);
	client_receive(&client, &reply);
	cr_assert(reply.complete);
	cr_assert_eq(reply.body_size, (size_t)flood_pieces * flood_piece);
	reply_free(&reply);
	client_close(&client);
	fixture_finish(&fixture);
}
