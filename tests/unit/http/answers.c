/* http/: answers that take an unusual way out, from a server with its own memory limits.
 * What matters here is that nothing is used after its end: AddressSanitizer looks on. */
#include <criterion/criterion.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/client.h"
#include "support/fixture.h"
#include "support/must.h"
#include "support/reply.h"

/* Answers with a header of as many bytes as the query says. */
static int handle_header(weir_request *request, weir_response *response, weir_token *token)
{
	const char *size = weir_request_query(request, "size");
	static char value[100000];

	(void)token;
	memset(value, 'v', sizeof(value) - 1);
	value[size ? strtoul(size, NULL, 10) % sizeof(value) : 0] = '\0';
	if (weir_response_header(response, "X-Long", value))
		return -ENOMEM;
	return weir_response_printf(response, "hello\n");
}

/* libmicrohttpd cannot send a header that does not fit into the connection's memory, and 0.9.75
 * uses a connection after its end if it finds that out at the wrong moment. */
Test(answers, with_a_header_that_is_too_large)
{
	const struct weir_route_options inlined = {.run = WEIR_RUN_INLINE};
	static const char *const targets[] = {"/queued", "/inline"};
	struct fixture fixture;

	fixture_create(&fixture, NULL);
	fixture_route(&fixture, "GET /queued", handle_header, NULL);
	fixture_route_with(&fixture, "GET /inline", handle_header, NULL, &inlined);
	fixture_start(&fixture);
	for (int round = 0; round < 30; round++)
		for (size_t i = 0; i < 2; i++) {
			struct client client;
			struct reply reply;
			char target[64];

			client_open(&client, fixture.url);
			(void)snprintf(target, sizeof(target), "%s?size=100", targets[i]);
			client_get(&client, target, &reply);
			cr_assert_eq(reply.status, 200);
			cr_assert_not(reply_says_close(&reply));
			reply_free(&reply);
			(void)snprintf(target, sizeof(target), "%s?size=9000", targets[i]);
			client_get(&client, target, &reply);
			cr_assert_eq(reply.status, 200);
			cr_assert_eq(strlen(reply_header(&reply, "X-Long")), 9000);
			cr_assert_str_eq(reply.body, "hello\n");
			cr_assert(reply_says_close(&reply));
			reply_free(&reply);
			cr_assert_eq(client_await_end(&client), CLIENT_CLOSED);
			client_close(&client);
		}
	fixture_finish(&fixture);
}

/* Whatever room a request's header leaves for an answer, there is one. */
Test(answers, to_headers_of_every_size)
{
	static const size_t memories[] = {4096, 8192};

	for (size_t i = 0; i < sizeof(memories) / sizeof(memories[0]); i++) {
		const struct weir_server_options options = {.connection_memory = memories[i]};
		struct fixture fixture;
		int last = 200;

		fixture_serve(&fixture, &options, "GET /", handle_header, NULL);
		for (size_t size = memories[i] - 600; size < memories[i] + 200; size += 5) {
			static char padding[10000];
			struct client client;
			struct reply reply;

			memset(padding, 'x', size);
			padding[size] = '\0';
			client_open(&client, fixture.url);
			client_send_text(&client, "GET / HTTP/1.1\r\nHost: test\r\nX: ");
			client_send_text(&client, padding);
			client_send_text(&client, "\r\n\r\n");
			client_receive(&client, &reply);
			cr_assert(reply.status == last || (reply.status == 431 && last == 200),
				  "%d for %zu bytes", reply.status, size);
			cr_assert(reply.complete);
			last = reply.status;
			reply_free(&reply);
			client_close(&client);
		}
		cr_assert_eq(last, 431);
		fixture_finish(&fixture);
	}
}

static int handle_stream(weir_request *request, weir_response *response, weir_token *token)
{
	int error = weir_response_stream(response, -1);

	(void)request;
	(void)token;
	if (!error)
		error = weir_response_write(response, "a", 1);
	return error == -ENOTSUP ? weir_response_printf(response, "no streams\n") : error;
}

Test(answers, an_inline_handler_does_not_stream)
{
	const struct weir_route_options inlined = {.run = WEIR_RUN_INLINE};
	struct fixture fixture;
	struct client client;
	struct reply reply;

	fixture_create(&fixture, NULL);
	fixture_route_with(&fixture, "GET /", handle_stream, NULL, &inlined);
	fixture_start(&fixture);
	client_open(&client, fixture.url);
	for (int i = 0; i < 10; i++) {
		client_get(&client, "/", &reply);
		cr_assert_eq(reply.status, 200);
		cr_assert_str_eq(reply.body, "no streams\n");
		reply_free(&reply);
	}
	client_close(&client);
	fixture_finish(&fixture);
}

static char large[3 << 20];

static int handle_large(weir_request *request, weir_response *response, weir_token *token)
{
	(void)request;
	(void)token;
	return weir_response_body_static(response, large, sizeof(large));
}

/* The client has said all it wanted to say, and more than the handler wanted to hear. */
Test(answers, an_early_one_that_is_large_reaches_a_half_closed_client)
{
	const struct weir_route_options streamed = {.body = WEIR_BODY_STREAMED};
	struct fixture fixture;
	struct client client;
	struct reply reply;

	for (size_t i = 0; i < sizeof(large); i++)
		large[i] = (char)(i * 7 + i / 1013);
	fixture_create(&fixture, NULL);
	fixture_route_with(&fixture, "POST /", handle_large, NULL, &streamed);
	fixture_start(&fixture);
	client_open_narrow(&client, fixture.url);
	client_printf(&client, "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 1000000\r\n\r\n");
	client_send_text(&client, "only the beginning");
	client_half_close(&client);
	/* Either it counts as cut short or the answer was faster; a part of it is never seen. */
	client_receive(&client, &reply);
	cr_assert(reply.status == 0 || reply.complete, "%zu bytes", reply.body_size);
	reply_free(&reply);
	client_close(&client);

	client_open_narrow(&client, fixture.url);
	client_printf(&client, "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 1000000\r\n\r\n");
	client_await_text(&client, "\r\n\r\n"); /* the early answer has begun */
	client_half_close(&client);
	client_receive(&client, &reply);
	cr_assert_eq(reply.status, 200);
	cr_assert(reply.complete, "%zu bytes", reply.body_size);
	cr_assert_eq(reply.body_size, sizeof(large));
	cr_assert_eq(memcmp(reply.body, large, sizeof(large)), 0);
	reply_free(&reply);
	client_close(&client);
	fixture_finish(&fixture);
}

/* At the connection limit the acceptor waits for somebody to leave; it must not spin. */
Test(answers, nothing_spins_at_the_connection_limit)
{
	const struct weir_server_options options = {.max_connections = 1};
	struct timespec before, after;
	struct client first, second;
	struct fixture fixture;
	struct reply reply;
	int64_t used;

	fixture_serve(&fixture, &options, "GET /", handle_header, NULL);
	client_open(&first, fixture.url);
	client_get(&first, "/", &reply);
	reply_free(&reply);
	client_open(&second, fixture.url);
	metrics_await(fixture.server, "weir_accept_pauses_total", 1);
	cr_assert_eq(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before), 0);
	/* Several times the pause after which it looks again. */
	cr_assert_eq(weir_sleep(NULL, weir_after(500 * WEIR_MILLISECOND)), 0);
	cr_assert_eq(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after), 0);
	used = (after.tv_sec - before.tv_sec) * WEIR_SECOND + after.tv_nsec - before.tv_nsec;
	cr_assert_lt(used, 50 * WEIR_MILLISECOND, "%lld ns of work", (long long)used);
	client_close(&first);
	client_get(&second, "/", &reply);
	cr_assert_eq(reply.status, 200);
	reply_free(&reply);
	client_close(&second);
	fixture_finish(&fixture);
}
