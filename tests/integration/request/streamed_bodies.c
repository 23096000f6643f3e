/* Streamed bodies: the handler starts at once and reads as it goes; while it does not, the
 * client is held back, and the server does not collect what it sends. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "support/fixture.h"
#include "support/gate.h"
#include "support/handlers.h"
#include "support/must.h"
#include "support/reply.h"

static const struct weir_route_options streamed = {.body = WEIR_BODY_STREAMED};

static int sum_body(weir_request *request, weir_response *response, weir_token *token)
{
	static _Thread_local unsigned char buffer[10000];
	unsigned long long total = 0, sum = 0;
	ssize_t size;

	(void)token;
	while ((size = weir_request_read(request, buffer, sizeof(buffer))) > 0) {
		for (ssize_t i = 0; i < size; i++)
			sum = sum * 31 + buffer[i];
		total += (unsigned long long)size;
	}
	if (size < 0)
		return (int)size;
	return weir_response_printf(response, "%llu %llu", total, sum);
}

static char body[1 << 20];

static unsigned long long sum_of(size_t size)
{
	unsigned long long sum = 0;

	for (size_t i = 0; i < size; i++)
		sum = sum * 31 + (unsigned char)body[i];
	return sum;
}

static void expect_sum(struct client *client, size_t size)
{
	struct reply reply;
	char expected[64];

	client_receive(client, &reply);
	snprintf(expected, sizeof(expected), "%zu %llu", size, sum_of(size));
	cr_assert_eq(reply.status, 200);
	cr_assert_str_eq(reply.body, expected);
	cr_assert_not(reply_says_close(&reply));
	reply_free(&reply);
}

Test(streamed_bodies, arrive_whole_and_in_order)
{
	static const size_t sizes[] = {0, 1, 9999, 10000, 10001, 65536, sizeof(body)};
	struct fixture fixture;
	struct client client;

	for (size_t i = 0; i < sizeof(body); i++)
		body[i] = (char)(i * 7 + i / 251);
	fixture_create(&fixture, NULL);
	fixture_route_with(&fixture, "POST /sum", sum_body, NULL, &streamed);
	fixture_start(&fixture);
	client_open(&client, fixture.url);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		client_printf(&client,
			      "POST /sum HTTP/1.1\r\nHost: test\r\nContent-Length: %zu\r\n\r\n",
			      sizes[i]);
		client_send(&client, body, sizes[i]);
		expect_sum(&client, sizes[i]);
		client_printf(&client, "POST /sum HTTP/1.1\r\nHost: test\r\n"
				       "Transfer-Encoding: chunked\r\n\r\n");
		for (size_t done = 0; done < sizes[i];) {
			size_t chunk = sizes[i] - done < 7000 ? sizes[i] - done : 7000;

			client_printf(&client, "%zx\r\n", chunk);
			client_send(&client, body + done, chunk);
			client_send_text(&client, "\r\n");
			done += chunk;
		}
		client_send_text(&client, "0\r\n\r\n");
		expect_sum(&client, sizes[i]);
	}
	client_close(&client);
	fixture_finish(&fixture);
}

/* Reads up to five bytes a time, and says so to the client: a conversation. */
static int converse(weir_request *request, weir_response *response, weir_token *token)
{
	struct gate *gate = weir_request_context(request);
	char buffer[5];
	unsigned reads = 0;
	ssize_t size;

	(void)token;
	gate_announce(gate);
	while ((size = weir_request_read(request, buffer, sizeof(buffer))) > 0) {
		reads++;
		gate_announce(gate);
	}
	return size < 0 ? (int)size : weir_response_printf(response, "%u", reads);
}

Test(streamed_bodies, reach_the_handler_as_they_come)
{
	struct fixture fixture;
	struct gate gate;
	struct client client;
	struct reply reply;

	gate_init(&gate);
	fixture_create(&fixture, NULL);
	fixture_route_with(&fixture, "POST /talk", converse, &gate, &streamed);
	fixture_start(&fixture);
	client_open(&client, fixture.url);
	client_send_text(&client,
			 "POST /talk HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n");
	gate_await(&gate, 1);
	for (int i = 0; i < 5; i++) {
		client_send_text(&client, "5\r\nhello\r\n");
		gate_await(&gate, 1);
	}
	client_send_text(&client, "0\r\n\r\n");
	client_receive(&client, &reply);
	cr_assert_eq(reply.status, 200);
	cr_assert_str_eq(reply.body, "5");
	reply_free(&reply);
	client_close(&client);
	fixture_finish(&fixture);
	gate_destroy(&gate);
}

static int wait_then_count(weir_request *request, weir_response *response, weir_token *token)
{
	int rc = gate_pass(weir_request_context(request));

	return rc != 0 ? rc : handle_count_body(request, response, token);
}

static size_t resident_bytes(void)
{
	FILE *file = fopen("/proc/self/statm", "re");
	unsigned long total, resident;
	int fields;

	must(file != NULL, "/proc/self/statm: errno %d", errno);
	fields = fscanf(file, "%lu %lu", &total, &resident);
	fclose(file);
	must(fields == 2, "/proc/self/statm has %d fields", fields);
	return resident * (size_t)sysconf(_SC_PAGESIZE);
}

/* What is on the way fills the kernel's buffers and the server's bounded one; far more
 * than those hold is offered, in vain until the handler reads. */
Test(streamed_bodies, hold_the_client_back_while_nobody_reads)
{
	static char large[48 << 20];
	struct fixture fixture;
	struct gate gate;
	struct client client;
	struct reply reply;
	size_t before, sent;
	char expected[64];

	gate_init(&gate);
	fixture_create(&fixture, NULL);
	fixture_route_with(&fixture, "POST /count", wait_then_count, &gate, &streamed);
	fixture_start(&fixture);
	client_open(&client, fixture.url);
	client_printf(&client, "POST /count HTTP/1.1\r\nHost: test\r\nContent-Length: %zu\r\n\r\n",
		      sizeof(large));
	gate_await(&gate, 1);
	before = resident_bytes();
	sent = client_send_until_blocked(&client, large, sizeof(large), 200 * WEIR_MILLISECOND);
	cr_assert_lt(sent, sizeof(large));
	cr_assert_lt(resident_bytes(), before + (8 << 20));
	gate_open(&gate, 1);
	client_send(&client, large + sent, sizeof(large) - sent);
	client_receive(&client, &reply);
	snprintf(expected, sizeof(expected), "%zu\n", sizeof(large));
	cr_assert_eq(reply.status, 200);
	cr_assert_str_eq(reply.body, expected);
	reply_free(&reply);
	client_close(&client);
	fixture_finish(&fixture);
	gate_destroy(&gate);
}

static int read_and_tell(weir_request *request, weir_response *response, weir_token *token)
{
	char buffer[100];
	const void *data;
	size_t whole;
	ssize_t size;
	int as_buffer = weir_request_body(request, &data, &whole);

	(void)token;
	do
		size = weir_request_read(request, buffer, sizeof(buffer));
	while (size > 0);
	return weir_response_printf(response, "%zd %d", size, as_buffer);
}

Test(streamed_bodies, stop_at_their_limit)
{
	const struct weir_route_options limited = {.body = WEIR_BODY_STREAMED, .body_limit = 1000};
	struct fixture fixture;
	struct client client;
	struct reply reply;
	char expected[64];

	fixture_create(&fixture, NULL);
	fixture_route_with(&fixture, "POST /tell", read_and_tell, NULL, &limited);
	fixture_start(&fixture);
	client_open(&client, fixture.url);
	client_send_text(&client,
			 "POST /tell HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n"
			 "3e8\r\n");
	client_send(&client, body, 1000);
	client_send_text(&client, "\r\n0\r\n\r\n");
	client_receive(&client, &reply);
	snprintf(expected, sizeof(expected), "0 %d", -EINVAL);
	cr_assert_eq(reply.status, 200);
	cr_assert_str_eq(reply.body, expected);
	reply_free(&reply);
	client_send_text(&client,
			 "POST /tell HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n"
			 "3e9\r\n");
	client_send(&client, body, 1001);
	client_send_text(&client, "\r\n0\r\n\r\n");
	client_receive(&client, &reply);
	snprintf(expected, sizeof(expected), "%d %d", -EFBIG, -EINVAL);
	cr_assert_eq(reply.status, 200);
	cr_assert_str_eq(reply.body, expected);
	reply_free(&reply);
	client_close(&client);
	fixture_finish(&fixture);
}
