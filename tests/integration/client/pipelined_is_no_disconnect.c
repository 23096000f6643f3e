/* Bytes that come while a handler runs are the next requests, not a sign of anything: the
 * token stays live, and the answers come in order. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "support/fixture.h"
#include "support/gate.h"
#include "support/handlers.h"
#include "support/reply.h"

static int handle_watchful(weir_request *request, weir_response *response, weir_token *token)
{
	int rc = gate_pass(weir_request_context(request));

	if (rc != 0)
		return rc;
	return weir_response_printf(response, "%s %d\n", weir_request_path(request),
				    weir_token_check(token));
}

static void expect(struct client *client, const char *body)
{
	struct reply reply;

	client_receive(client, &reply);
	cr_assert_eq(reply.status, 200);
	cr_assert(reply.complete);
	cr_assert_str_eq(reply.body, body);
	reply_free(&reply);
}

Test(pipelined_is_no_disconnect, sent_at_once)
{
	struct fixture fixture;
	struct gate gate;
	struct client client;

	gate_init(&gate);
	fixture_serve(&fixture, NULL, "* /{name}", handle_watchful, &gate);
	client_open(&client, fixture.url);
	client_send_text(&client,
			 "GET /a HTTP/1.1\r\nHost: test\r\n\r\n"
			 "POST /b HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\n\r\nbody"
			 "POST /c HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n"
			 "4\r\nbody\r\n0\r\n\r\n"
			 "GET /d HTTP/1.1\r\nHost: test\r\n\r\n");
	for (int i = 0; i < 4; i++) {
		char body[16];

		gate_await(&gate, 1);
		cr_assert_eq(gate_arrivals(&gate), (unsigned)i + 1);
		gate_open(&gate, 1);
		snprintf(body, sizeof(body), "/%c 0\n", 'a' + i);
		expect(&client, body);
	}
	client_close(&client);
	fixture_finish(&fixture);
	gate_destroy(&gate);
}

Test(pipelined_is_no_disconnect, sent_while_the_first_runs)
{
	struct fixture fixture;
	struct gate gate;
	struct client client;

	gate_init(&gate);
	fixture_serve(&fixture, NULL, "GET /{name}", handle_watchful, &gate);
	client_open(&client, fixture.url);
	client_send_text(&client, "GET /a HTTP/1.1\r\nHost: test\r\n\r\n");
	gate_await(&gate, 1);
	client_send_text(&client, "GET /b HTTP/1.1\r\nHo");
	client_send_text(&client, "st: test\r\n\r\nGET /c HTTP/1.1\r\n");
	gate_open(&gate, 1);
	expect(&client, "/a 0\n");
	gate_await(&gate, 1);
	client_send_text(&client, "Host: test\r\n\r\n");
	gate_open(&gate, 1);
	expect(&client, "/b 0\n");
	gate_open(&gate, 1);
	expect(&client, "/c 0\n");
	client_close(&client);
	fixture_finish(&fixture);
	gate_destroy(&gate);
}

/* More of them than the connection's memory holds: the rest waits in the socket. */
Test(pipelined_is_no_disconnect, many)
{
	enum { requests = 500 };
	static const char one[] =
		"GET /hello HTTP/1.1\r\nHost: test\r\nX-Filling: aaaaaaaaaaa\r\n\r\n";
	struct fixture fixture;
	struct client client;

	fixture_serve(&fixture, NULL, "GET /hello", handle_hello, NULL);
	client_open(&client, fixture.url);
	for (int i = 0; i < requests; i++)
		client_send_text(&client, one);
	for (int i = 0; i < requests; i++)
		expect(&client, "hello\n");
	cr_assert(client_is_quiet(&client));
	client_close(&client);
	fixture_finish(&fixture);
}
