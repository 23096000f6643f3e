/* A client that goes away while its handler runs trips the request's token with
 * WEIR_REASON_CLIENT_GONE: by a reset, by a plain close, on TCP and on a unix socket. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>

#include "support/fixture.h"
#include "support/gate.h"
#include "support/handlers.h"
#include "support/reply.h"
#include "support/scratch.h"

static void goes(const char *listen, const char *request, void (*go)(struct client *))
{
	const struct weir_server_options options = {.listen = listen};
	struct fixture fixture;
	struct gate gate;
	struct sleeping sleeping = {.gate = &gate};
	struct client client;
	struct reply reply;

	gate_init(&gate);
	fixture_create(&fixture, &options);
	fixture_route(&fixture, "* /sleep", handle_sleeping, &sleeping);
	fixture_route(&fixture, "GET /hello", handle_hello, NULL);
	fixture_start(&fixture);
	client_open(&client, fixture.url);
	client_send_text(&client, request);
	gate_await(&gate, 1);
	go(&client);
	gate_await(&gate, 1);
	cr_assert_eq(sleeping.result, -ECANCELED);
	cr_assert_eq(sleeping.reason, WEIR_REASON_CLIENT_GONE);
	metrics_await(fixture.server, "weir_requests_cancelled_total{reason=\"client_gone\"}", 1);

	client_open(&client, fixture.url);
	client_get(&client, "/hello", &reply);
	cr_assert_eq(reply.status, 200);
	reply_free(&reply);
	client_close(&client);
	fixture_finish(&fixture);
	gate_destroy(&gate);
}

static const char get[] = "GET /sleep HTTP/1.1\r\nHost: test\r\n\r\n";

Test(gone_while_running, by_a_reset)
{
	goes(NULL, get, client_reset);
}

Test(gone_while_running, by_a_close)
{
	goes(NULL, get, client_close);
}

/* The server may see the end before it has looked at the request. Its handler may run, or be
 * too late to. */
Test(gone_while_running, by_a_close_behind_the_request)
{
	enum { clients = 100 };
	struct fixture fixture;
	struct gate gate;
	struct sleeping sleeping = {.gate = &gate};
	struct client client;

	gate_init(&gate);
	fixture_serve(&fixture, NULL, "GET /sleep", handle_sleeping, &sleeping);
	for (int i = 0; i < clients; i++) {
		client_open(&client, fixture.url);
		client_send_text(&client, get);
		client_close(&client);
	}
	metrics_await(fixture.server, "weir_requests_cancelled_total{reason=\"client_gone\"}",
		      clients);
	fixture_finish(&fixture);
	gate_destroy(&gate);
}

Test(gone_while_running, after_a_body)
{
	goes(NULL, "POST /sleep HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\n\r\nbody",
	     client_close);
}

Test(gone_while_running, after_a_pipelined_request)
{
	goes(NULL,
	     "GET /sleep HTTP/1.1\r\nHost: test\r\n\r\nGET /hello HTTP/1.1\r\nHost: test\r\n\r\n",
	     client_reset);
}

Test(gone_while_running, http_1_0_by_a_reset)
{
	goes(NULL, "GET /sleep HTTP/1.0\r\n\r\n", client_reset);
}

Test(gone_while_running, on_a_unix_socket)
{
	struct scratch scratch;
	char address[sizeof(scratch.path) + 16];

	scratch_make(&scratch);
	snprintf(address, sizeof(address), "unix:%s/socket", scratch.path);
	goes(address, get, client_close);
	scratch_remove(&scratch);
}

static int read_on(weir_request *request, weir_response *response, weir_token *token)
{
	struct sleeping *sleeping = weir_request_context(request);
	char buffer[64];
	ssize_t size;

	(void)response;
	gate_announce(sleeping->gate);
	do
		size = weir_request_read(request, buffer, sizeof(buffer));
	while (size > 0);
	sleeping->result = (int)size;
	sleeping->reason = weir_token_reason(token);
	gate_announce(sleeping->gate);
	return (int)size;
}

static void goes_in_mid_body(void (*go)(struct client *))
{
	const struct weir_route_options streamed = {.body = WEIR_BODY_STREAMED};
	struct fixture fixture;
	struct gate gate;
	struct sleeping reading = {.gate = &gate};
	struct client client;

	gate_init(&gate);
	fixture_create(&fixture, NULL);
	fixture_route_with(&fixture, "PUT /read", read_on, &reading, &streamed);
	fixture_start(&fixture);
	client_open(&client, fixture.url);
	client_send_text(&client,
			 "PUT /read HTTP/1.1\r\nHost: test\r\nContent-Length: 100\r\n\r\nhalf");
	gate_await(&gate, 1);
	go(&client);
	gate_await(&gate, 1);
	cr_assert_eq(reading.result, -ECANCELED);
	cr_assert_eq(reading.reason, WEIR_REASON_CLIENT_GONE);
	client_close(&client);
	fixture_finish(&fixture);
	gate_destroy(&gate);
}

Test(gone_while_running, in_the_middle_of_a_streamed_body_by_a_reset)
{
	goes_in_mid_body(client_reset);
}

Test(gone_while_running, in_the_middle_of_a_streamed_body_by_a_close)
{
	goes_in_mid_body(client_close);
}

/* A FIN in the middle of a body is not a half-close: the rest can never come. */
Test(gone_while_running, in_the_middle_of_a_streamed_body_by_a_fin)
{
	goes_in_mid_body(client_half_close);
}

Test(gone_while_running, in_the_middle_of_a_buffered_body)
{
	struct fixture fixture;
	struct gate gate;
	struct client client;
	struct reply reply;

	gate_init(&gate);
	fixture_serve(&fixture, NULL, "PUT /gated", handle_gated, &gate);
	client_open(&client, fixture.url);
	client_send_text(&client,
			 "PUT /gated HTTP/1.1\r\nHost: test\r\nContent-Length: 100\r\n\r\nhalf");
	metrics_await(fixture.server, "weir_requests_in_flight{phase=\"receiving\"}", 1);
	client_half_close(&client);
	metrics_await(fixture.server, "weir_requests_cancelled_total{reason=\"client_gone\"}", 1);
	client_receive(&client, &reply);
	cr_assert(reply.status == 0 || reply.status == 400, "status %d", reply.status);
	reply_free(&reply);
	client_close(&client);
	metrics_await(fixture.server, "weir_connections_open", 0);
	cr_assert_eq(gate_arrivals(&gate), 0);
	fixture_finish(&fixture);
	gate_destroy(&gate);
}
