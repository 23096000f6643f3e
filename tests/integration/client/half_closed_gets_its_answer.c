/* A client that has sent its request and then a FIN, but still reads, gets its answer: it
 * has said that no more will come, not that it has gone. */
#include <criterion/criterion.h>

#include "support/fixture.h"
#include "support/gate.h"
#include "support/handlers.h"
#include "support/reply.h"

static int handle_watchful(weir_request *request, weir_response *response, weir_token *token)
{
	int rc = gate_pass(weir_request_context(request));

	if (rc != 0)
		return rc;
	return weir_response_printf(response, "%d\n", weir_token_check(token));
}

static void expect_answer(struct client *client)
{
	struct reply reply;

	client_receive(client, &reply);
	cr_assert_eq(reply.status, 200);
	cr_assert(reply.complete);
	cr_assert_str_eq(reply.body, "0\n");
	cr_assert_neq(client_await_end(client), CLIENT_OPEN);
	reply_free(&reply);
	client_close(client);
}

Test(half_closed_gets_its_answer, when_the_fin_comes_while_the_handler_runs)
{
	struct fixture fixture;
	struct gate gate;
	struct client client;

	gate_init(&gate);
	fixture_serve(&fixture, NULL, "GET /gated", handle_watchful, &gate);
	client_open(&client, fixture.url);
	client_send_text(&client, "GET /gated HTTP/1.1\r\nHost: test\r\n\r\n");
	gate_await(&gate, 1);
	client_half_close(&client);
	client_await_text(&client, "HTTP/1.1 100");
	gate_open(&gate, 1);
	expect_answer(&client);
	fixture_finish(&fixture);
	gate_destroy(&gate);
}

/* An inline handler keeps the acceptor from looking until request and FIN are both there. */
static void fin_with_request(const char *request)
{
	const struct weir_route_options inlined = {.run = WEIR_RUN_INLINE};
	struct fixture fixture;
	struct gate hold, gate;
	struct client holder, client;
	struct reply reply;

	gate_init(&hold);
	gate_init(&gate);
	fixture_create(&fixture, NULL);
	fixture_route_with(&fixture, "GET /hold", handle_gated, &hold, &inlined);
	fixture_route(&fixture, "* /gated", handle_watchful, &gate);
	fixture_start(&fixture);
	client_open(&holder, fixture.url);
	client_send_text(&holder, "GET /hold HTTP/1.1\r\nHost: test\r\n\r\n");
	gate_await(&hold, 1);
	client_open(&client, fixture.url);
	client_send_text(&client, request);
	client_half_close(&client);
	gate_open(&hold, 1);
	gate_await(&gate, 1);
	gate_open(&gate, 1);
	expect_answer(&client);
	client_receive(&holder, &reply);
	cr_assert_eq(reply.status, 200);
	reply_free(&reply);
	client_close(&holder);
	fixture_finish(&fixture);
	gate_destroy(&hold);
	gate_destroy(&gate);
}

Test(half_closed_gets_its_answer, when_the_fin_comes_with_the_request)
{
	fin_with_request("GET /gated HTTP/1.1\r\nHost: test\r\n\r\n");
}

Test(half_closed_gets_its_answer, when_the_fin_comes_with_the_body)
{
	fin_with_request("POST /gated HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\n\r\nbody");
}

Test(half_closed_gets_its_answer, over_http_1_0)
{
	fin_with_request("GET /gated HTTP/1.0\r\n\r\n");
}

/* All of its requests, not only the first. */
Test(half_closed_gets_its_answer, to_each_of_its_pipelined_requests)
{
	enum { requests = 20 };
	struct fixture fixture;
	struct client client;
	struct reply reply;

	fixture_create(&fixture, NULL);
	fixture_route(&fixture, "GET /hello", handle_hello, NULL);
	fixture_route(&fixture, "POST /echo", handle_echo, NULL);
	fixture_start(&fixture);
	client_open(&client, fixture.url);
	for (int i = 0; i < requests; i++) {
		client_send_text(&client, "GET /hello HTTP/1.1\r\nHost: test\r\n\r\n"
					  "POST /echo HTTP/1.1\r\nHost: test\r\n"
					  "Content-Length: 4\r\n\r\nbody");
	}
	client_half_close(&client);
	for (int i = 0; i < 2 * requests; i++) {
		client_receive(&client, &reply);
		cr_assert_eq(reply.status, 200, "answer %d: status %d", i, reply.status);
		cr_assert_str_eq(reply.body, i % 2 == 0 ? "hello\n" : "body");
		reply_free(&reply);
	}
	cr_assert_eq(client_await_end(&client), CLIENT_CLOSED);
	client_close(&client);
	fixture_finish(&fixture);
}

/* Older connections change the order in which libmicrohttpd looks at its timeouts. */
Test(half_closed_gets_its_answer, beside_older_connections)
{
	enum { clients = 10 };
	struct fixture fixture;
	struct gate gate;
	struct client older, client[clients];
	struct reply reply;

	gate_init(&gate);
	fixture_create(&fixture, NULL);
	fixture_route(&fixture, "GET /gated", handle_watchful, &gate);
	fixture_route(&fixture, "GET /hello", handle_hello, NULL);
	fixture_start(&fixture);
	client_open(&older, fixture.url);
	client_get(&older, "/hello", &reply);
	reply_free(&reply);
	for (int i = 0; i < clients; i++) {
		client_open(&client[i], fixture.url);
		client_send_text(&client[i], "GET /gated HTTP/1.1\r\nHost: test\r\n\r\n");
	}
	gate_await(&gate, clients);
	for (int i = 0; i < clients; i++)
		client_half_close(&client[i]);
	for (int i = 0; i < clients; i++)
		client_await_text(&client[i], "HTTP/1.1 100");
	gate_open(&gate, clients);
	for (int i = 0; i < clients; i++)
		expect_answer(&client[i]);
	client_get(&older, "/hello", &reply);
	cr_assert_eq(reply.status, 200);
	reply_free(&reply);
	client_close(&older);
	fixture_finish(&fixture);
	gate_destroy(&gate);
}

static int handle_large(weir_request *request, weir_response *response, weir_token *token)
{
	static char large[4 << 20];
	int rc = gate_pass(weir_request_context(request));

	(void)token;
	return rc != 0 ? rc : weir_response_body_static(response, large, sizeof(large));
}

Test(half_closed_gets_its_answer, also_a_large_one)
{
	struct fixture fixture;
	struct gate gate;
	struct client client;
	struct reply reply;

	gate_init(&gate);
	fixture_serve(&fixture, NULL, "GET /large", handle_large, &gate);
	client_open(&client, fixture.url);
	client_send_text(&client, "GET /large HTTP/1.1\r\nHost: test\r\n\r\n");
	gate_await(&gate, 1);
	client_half_close(&client);
	gate_open(&gate, 1);
	client_receive(&client, &reply);
	cr_assert_eq(reply.status, 200);
	cr_assert(reply.complete);
	cr_assert_eq(reply.body_size, 4 << 20);
	reply_free(&reply);
	client_close(&client);
	fixture_finish(&fixture);
	gate_destroy(&gate);
}

Test(half_closed_gets_its_answer, when_idle_it_is_closed_at_once)
{
	const struct weir_server_options options = {.keepalive_timeout = 3600 * WEIR_SECOND};
	struct fixture fixture;
	struct client client;
	struct reply reply;

	fixture_serve(&fixture, &options, "GET /hello", handle_hello, NULL);
	client_open(&client, fixture.url);
	client_get(&client, "/hello", &reply);
	cr_assert_eq(reply.status, 200);
	reply_free(&reply);
	client_half_close(&client);
	cr_assert_eq(client_await_end(&client), CLIENT_CLOSED);
	client_close(&client);
	fixture_finish(&fixture);
}
