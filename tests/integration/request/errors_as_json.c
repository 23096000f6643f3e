/* What the library answers by itself, as one line of JSON: to what finds no route, to a body
 * that is too large, to a handler that failed, and to a request that a stop has cancelled. */
#include <criterion/criterion.h>
#include <errno.h>

#include "support/fixture.h"
#include "support/gate.h"
#include "support/handlers.h"
#include "support/reply.h"

static const struct weir_server_options json = {.errors = WEIR_ERRORS_JSON, .grace = WEIR_NONE};

static int fail(weir_request *request, weir_response *response, weir_token *token)
{
	(void)request;
	(void)token;
	return weir_response_header(response, "Content-Type", "text/html") ? 0 : -EIO;
}

static void expect(struct client *client, int status, const char *body)
{
	struct reply reply;

	client_receive(client, &reply);
	cr_assert_eq(reply.status, status, "%d", reply.status);
	cr_assert_str_eq(reply_header(&reply, "Content-Type"), "application/json");
	cr_assert_str_eq(reply.body, body);
	reply_free(&reply);
}

Test(errors_as_json, refusals_and_failures)
{
	static const struct {
		const char *request;
		int status;
		const char *body;
	} cases[] = {
		{"GET /none HTTP/1.1\r\nHost: test\r\n\r\n", 404,
		 "{\"error\":\"nothing is here\"}\n"},
		{"GET /echo HTTP/1.1\r\nHost: test\r\n\r\n", 405,
		 "{\"error\":\"this path does not know the method\"}\n"},
		{"GET /fail HTTP/1.1\r\nHost: test\r\n\r\n", 500,
		 "{\"error\":\"the handler failed\"}\n"},
		{"POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nabcde", 413,
		 "{\"error\":\"the body is too large\"}\n"},
		{"GET /fail HTTP/1.1\r\nHost: a b\r\n\r\n", 400,
		 "{\"error\":\"Host is not valid\"}\n"},
	};
	const struct weir_route_options small = {.body_limit = 4};
	struct fixture fixture;
	struct client client;

	fixture_create(&fixture, &json);
	fixture_route(&fixture, "GET /fail", fail, NULL);
	fixture_route_with(&fixture, "POST /echo", handle_echo, NULL, &small);
	fixture_start(&fixture);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		client_open(&client, fixture.url);
		client_send_text(&client, cases[i].request);
		expect(&client, cases[i].status, cases[i].body);
		client_close(&client);
	}
	fixture_finish(&fixture);
}

Test(errors_as_json, cancelled_by_a_stop)
{
	struct fixture fixture;
	struct gate gate;
	struct sleeping sleeping = {.gate = &gate};
	struct client client;

	gate_init(&gate);
	fixture_serve(&fixture, &json, "GET /sleep", handle_sleeping, &sleeping);
	client_open(&client, fixture.url);
	client_send_text(&client, "GET /sleep HTTP/1.1\r\nHost: test\r\n\r\n");
	gate_await(&gate, 1);
	fixture_finish(&fixture);
	expect(&client, 503, "{\"error\":\"the server is stopping\"}\n");
	client_close(&client);
	gate_destroy(&gate);
}

Test(errors_as_json, there_is_no_third_form)
{
	const struct weir_server_options options = {.errors = WEIR_ERRORS_JSON + 1};
	weir_server *server;

	cr_assert_eq(weir_server_create(&options, &server), -EINVAL);
}
