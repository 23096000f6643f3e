/* Inline routes need no worker: they answer when every worker is stuck and the queue is
 * full; so does everything that the library answers by itself. */
#include <criterion/criterion.h>
#include <errno.h>

#include "support/fixture.h"
#include "support/gate.h"
#include "support/handlers.h"
#include "support/reply.h"

static int fail(weir_request *request, weir_response *response, weir_token *token)
{
	(void)request;
	(void)response;
	(void)token;
	return -EIO;
}

Test(inline_answers_while_workers_are_stuck, on_a_full_queue)
{
	const struct weir_server_options options = {.workers = 2, .queue = 1};
	const struct weir_route_options inlined = {.run = WEIR_RUN_INLINE};
	struct fixture fixture;
	struct gate gate;
	struct client stuck[3], client;
	struct reply reply;

	gate_init(&gate);
	fixture_create(&fixture, &options);
	fixture_route(&fixture, "GET /gated", handle_gated, &gate);
	fixture_route_with(&fixture, "GET /inline", handle_hello, NULL, &inlined);
	fixture_route_with(&fixture, "POST /inline", handle_echo, NULL, &inlined);
	fixture_route_with(&fixture, "GET /fail", fail, NULL, &inlined);
	fixture_start(&fixture);
	for (int i = 0; i < 3; i++) {
		client_open(&stuck[i], fixture.url);
		client_send_text(&stuck[i], "GET /gated HTTP/1.1\r\nHost: test\r\n\r\n");
		if (i < 2)
			gate_await(&gate, 1);
	}
	metrics_await(fixture.server, "weir_queue_depth", 1);

	client_open(&client, fixture.url);
	for (int i = 0; i < 3; i++) {
		client_get(&client, "/inline", &reply);
		cr_assert_eq(reply.status, 200);
		cr_assert_str_eq(reply.body, "hello\n");
		cr_assert_not(reply_says_close(&reply));
		reply_free(&reply);
	}
	client_send_text(&client,
			 "POST /inline HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\n\r\nbody");
	client_receive(&client, &reply);
	cr_assert_eq(reply.status, 200);
	cr_assert_str_eq(reply.body, "body");
	reply_free(&reply);
	client_get(&client, "/fail", &reply);
	cr_assert_eq(reply.status, 500);
	reply_free(&reply);
	client_close(&client);
	client_open(&client, fixture.url);
	client_get(&client, "/nowhere", &reply);
	cr_assert_eq(reply.status, 404);
	reply_free(&reply);
	client_close(&client);

	gate_open(&gate, 3);
	for (int i = 0; i < 3; i++) {
		client_receive(&stuck[i], &reply);
		cr_assert_eq(reply.status, 200);
		reply_free(&reply);
		client_close(&stuck[i]);
	}
	fixture_finish(&fixture);
	gate_destroy(&gate);
}
