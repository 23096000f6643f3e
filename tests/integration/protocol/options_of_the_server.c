/* "OPTIONS *" asks what the server as a whole can do (RFC 9110, 9.3.7): it is answered without a
 * handler, with the methods of all routes of this listener. */
#include <criterion/criterion.h>
#include <string.h>

#include "support/fixture.h"
#include "support/handlers.h"
#include "support/reply.h"

static void expect(struct client *client, const char *text, int status, const char *allow)
{
	struct reply reply;

	client_send_text(client, text);
	client_receive(client, &reply);
	cr_assert_eq(reply.status, status, "%s: %d", text, reply.status);
	cr_assert(reply.complete);
	if (allow) {
		cr_assert_str_eq(reply_header(&reply, "Allow"), allow);
		cr_assert_str_eq(reply_header(&reply, "Content-Length"), "0");
	}
	reply_free(&reply);
}

Test(options_of_the_server, are_told_and_the_connection_is_kept)
{
	struct fixture fixture;
	struct client client;

	fixture_create(&fixture, NULL);
	fixture_route(&fixture, "PUT /b/{name}", handle_hello, NULL);
	fixture_route(&fixture, "DELETE /b/{rest...}", handle_hello, NULL);
	fixture_route(&fixture, "GET /hello", handle_hello, NULL);
	fixture_route(&fixture, "GET /b", handle_hello, NULL);
	fixture_route(&fixture, "* /any", handle_hello, NULL);
	fixture_route_with(&fixture, "PATCH /admin", handle_hello, NULL,
			   &(struct weir_route_options){.scope = WEIR_SCOPE_ADMIN});
	fixture_start(&fixture);
	client_open(&client, fixture.url);
	expect(&client, "OPTIONS * HTTP/1.1\r\nHost: test\r\n\r\n", 200,
	       "OPTIONS, GET, HEAD, PUT, DELETE");
	expect(&client, "OPTIONS * HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\n\r\nbody", 200,
	       "OPTIONS, GET, HEAD, PUT, DELETE");
	expect(&client, "GET /hello HTTP/1.1\r\nHost: test\r\n\r\n", 200, NULL);
	client_close(&client);
	metrics_await(fixture.server, "weir_requests_answered_total", 3);
	fixture_finish(&fixture);
}

/* The asterisk is a target for OPTIONS alone (RFC 9112, 3.2.4). */
Test(options_of_the_server, are_not_asked_for_with_another_method)
{
	struct fixture fixture;
	struct client client;

	fixture_serve(&fixture, NULL, "GET /hello", handle_hello, NULL);
	client_open(&client, fixture.url);
	expect(&client, "GET * HTTP/1.1\r\nHost: test\r\n\r\n", 400, NULL);
	client_close(&client);
	client_open(&client, fixture.url);
	expect(&client, "OPTIONS *? HTTP/1.1\r\nHost: test\r\n\r\n", 400, NULL);
	client_close(&client);
	fixture_finish(&fixture);
}
