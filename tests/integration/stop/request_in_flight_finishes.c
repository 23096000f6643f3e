/* A request in flight when a stop begins is answered in full, with `Connection: close`,
 * and its connection then ends cleanly. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "support/fixture.h"
#include "support/gate.h"
#include "support/handlers.h"
#include "support/reply.h"

static void finishes(const char *request)
{
	struct fixture fixture;
	struct gate gate;
	struct client client;
	struct reply reply;

	gate_init(&gate);
	fixture_serve(&fixture, NULL, "* /gated", handle_gated, &gate);
	client_open(&client, fixture.url);
	client_send_text(&client, request);
	gate_await(&gate, 1);

	fixture_begin_stop(&fixture);
	cr_assert(weir_server_stopping(fixture.server));
	gate_open(&gate, 1);
	client_receive(&client, &reply);
	cr_assert_eq(reply.status, 200);
	cr_assert(reply.complete);
	cr_assert_str_eq(reply.body, "done\n");
	cr_assert(reply_says_close(&reply));
	cr_assert_eq(client_await_end(&client), CLIENT_CLOSED);

	fixture_await(&fixture, WEIR_CLEAN);
	cr_assert_eq(fixture.report->counts.in_flight, 1);
	cr_assert_eq(fixture.report->counts.answered, 1);
	cr_assert_str_eq(fixture.report->who, "test");
	reply_free(&reply);
	client_close(&client);
	fixture_destroy(&fixture);
	gate_destroy(&gate);
}

Test(request_in_flight_finishes, get)
{
	finishes("GET /gated HTTP/1.1\r\nHost: test\r\n\r\n");
}

Test(request_in_flight_finishes, post_with_its_body)
{
	finishes("POST /gated HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\n\r\nbody");
}

Test(request_in_flight_finishes, post_of_a_body_that_is_still_coming)
{
	struct fixture fixture;
	struct client client;
	struct reply reply;

	fixture_serve(&fixture, NULL, "POST /echo", handle_echo, NULL);
	client_open(&client, fixture.url);
	client_send_text(&client,
			 "POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 8\r\n\r\nhalf");
	metrics_await(fixture.server, "weir_requests_in_flight{phase=\"receiving\"}", 1);
	fixture_begin_stop(&fixture);
	client_send_text(&client, "done");
	client_receive(&client, &reply);
	cr_assert_eq(reply.status, 200);
	cr_assert_str_eq(reply.body, "halfdone");
	cr_assert(reply_says_close(&reply));
	cr_assert_eq(client_await_end(&client), CLIENT_CLOSED);
	reply_free(&reply);
	client_close(&client);
	fixture_finish(&fixture);
}

static char large[24 << 20];

static int handle_large(weir_request *request, weir_response *response, weir_token *token)
{
	(void)request;
	(void)token;
	return weir_response_body_static(response, large, sizeof(large));
}

/* Its header is out already: the end of the connection is all that can be seen of the stop. */
Test(request_in_flight_finishes, download_that_is_under_way)
{
	struct fixture fixture;
	struct client client;
	struct reply reply;

	fixture_serve(&fixture, NULL, "GET /large", handle_large, NULL);
	client_open_window(&client, fixture.url, 256 << 10);
	client_send_text(&client, "GET /large HTTP/1.1\r\nHost: test\r\n\r\n");
	client_await_text(&client, "HTTP/1.1 200");
	metrics_await(fixture.server, "weir_requests_in_flight{phase=\"replying\"}", 1);
	fixture_begin_stop(&fixture);
	client_receive(&client, &reply);
	cr_assert_eq(reply.status, 200);
	cr_assert(reply.complete);
	cr_assert_eq(reply.body_size, sizeof(large));
	cr_assert_eq(client_await_end(&client), CLIENT_CLOSED);
	reply_free(&reply);
	client_close(&client);
	fixture_await(&fixture, WEIR_CLEAN);
	cr_assert_eq(fixture.report->counts.in_flight, 1);
	cr_assert_eq(fixture.report->counts.answered, 1);
	fixture_destroy(&fixture);
}

Test(request_in_flight_finishes, upload_that_is_under_way)
{
	const struct weir_route_options streamed = {.body = WEIR_BODY_STREAMED};
	struct fixture fixture;
	struct client client;
	struct reply reply;
	char expected[32];

	fixture_create(&fixture, NULL);
	fixture_route_with(&fixture, "PUT /large", handle_count_body, NULL, &streamed);
	fixture_start(&fixture);
	client_open(&client, fixture.url);
	client_printf(&client, "PUT /large HTTP/1.1\r\nHost: test\r\nContent-Length: %zu\r\n\r\n",
		      sizeof(large));
	client_send(&client, large, sizeof(large) / 2);
	metrics_await(fixture.server, "weir_requests_accepted_total", 1);
	fixture_begin_stop(&fixture);
	client_send(&client, large, sizeof(large) / 2);
	client_receive(&client, &reply);
	snprintf(expected, sizeof(expected), "%zu\n", sizeof(large));
	cr_assert_eq(reply.status, 200);
	cr_assert_str_eq(reply.body, expected);
	cr_assert(reply_says_close(&reply));
	cr_assert_eq(client_await_end(&client), CLIENT_CLOSED);
	reply_free(&reply);
	client_close(&client);
	fixture_await(&fixture, WEIR_CLEAN);
	cr_assert_eq(fixture.report->counts.answered, 1);
	fixture_destroy(&fixture);
}

Test(request_in_flight_finishes, many_at_a_time)
{
	enum { clients = 40 };
	struct weir_server_options options = {.workers = clients};
	struct fixture fixture;
	struct gate gate;
	struct client client[clients];
	struct reply reply;

	gate_init(&gate);
	fixture_serve(&fixture, &options, "GET /gated", handle_gated, &gate);
	for (int i = 0; i < clients; i++) {
		client_open(&client[i], fixture.url);
		client_send_text(&client[i], "GET /gated HTTP/1.1\r\nHost: test\r\n\r\n");
	}
	gate_await(&gate, clients);
	fixture_begin_stop(&fixture);
	gate_open(&gate, clients);
	for (int i = 0; i < clients; i++) {
		client_receive(&client[i], &reply);
		cr_assert_eq(reply.status, 200);
		cr_assert(reply_says_close(&reply));
		cr_assert_eq(client_await_end(&client[i]), CLIENT_CLOSED);
		reply_free(&reply);
		client_close(&client[i]);
	}
	fixture_await(&fixture, WEIR_CLEAN);
	cr_assert_eq(fixture.report->counts.in_flight, clients);
	cr_assert_eq(fixture.report->counts.answered, clients);
	fixture_destroy(&fixture);
	gate_destroy(&gate);
}
