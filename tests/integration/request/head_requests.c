/* HEAD: the header of the GET, no body, and the connection goes on. */
#include <criterion/criterion.h>

#include "support/fixture.h"
#include "support/handlers.h"
#include "support/reply.h"

static int tell_method(weir_request *request, weir_response *response, weir_token *token)
{
	(void)token;
	return weir_response_printf(response, "method %s\n", weir_request_method(request));
}

static int handle_stream(weir_request *request, weir_response *response, weir_token *token)
{
	int rc = weir_response_stream(response, 10);

	(void)request;
	(void)token;
	if (rc == 0)
		rc = weir_response_write(response, "0123456789", 10);
	return rc;
}

static int handle_chunks(weir_request *request, weir_response *response, weir_token *token)
{
	int rc = weir_response_stream(response, -1);

	(void)request;
	(void)token;
	for (int i = 0; rc == 0 && i < 1000; i++)
		rc = weir_response_write(response, "0123456789", 10);
	return rc;
}

static void head(struct client *client, const char *target, struct reply *reply)
{
	client_printf(client, "HEAD %s HTTP/1.1\r\nHost: test\r\n\r\n", target);
	client_receive_head(client, reply);
}

Test(head_requests, have_no_body_and_keep_the_connection)
{
	struct fixture fixture;
	struct client client;
	struct reply reply;

	fixture_create(&fixture, NULL);
	fixture_route(&fixture, "GET /method", tell_method, NULL);
	fixture_route(&fixture, "GET /stream", handle_stream, NULL);
	fixture_route(&fixture, "GET /chunks", handle_chunks, NULL);
	fixture_start(&fixture);
	client_open(&client, fixture.url);

	head(&client, "/method", &reply);
	cr_assert_eq(reply.status, 200);
	cr_assert_str_eq(reply_header(&reply, "Content-Length"), "12");
	cr_assert_str_eq(reply_header(&reply, "Content-Type"), "text/plain; charset=utf-8");
	reply_free(&reply);
	head(&client, "/stream", &reply);
	cr_assert_eq(reply.status, 200);
	cr_assert_str_eq(reply_header(&reply, "Content-Length"), "10");
	reply_free(&reply);
	/* Without a length there is nothing but the connection's end to tell the end by. */
	head(&client, "/chunks", &reply);
	cr_assert_eq(reply.status, 200);
	cr_assert(reply_says_close(&reply));
	reply_free(&reply);
	cr_assert_eq(client_await_end(&client), CLIENT_CLOSED);
	client_close(&client);

	client_open(&client, fixture.url);
	head(&client, "/nowhere", &reply);
	cr_assert_eq(reply.status, 404);
	reply_free(&reply);
	client_close(&client);

	client_open(&client, fixture.url);
	head(&client, "/method", &reply);
	reply_free(&reply);
	client_get(&client, "/method", &reply);
	cr_assert_eq(reply.status, 200);
	cr_assert_str_eq(reply.body, "method GET\n");
	reply_free(&reply);
	client_close(&client);
	fixture_finish(&fixture);
}

Test(head_requests, may_have_a_route_of_their_own)
{
	struct fixture fixture;
	struct client client;
	struct reply reply;

	fixture_create(&fixture, NULL);
	fixture_route(&fixture, "GET /method", tell_method, NULL);
	fixture_route(&fixture, "HEAD /method", handle_hello, NULL);
	fixture_start(&fixture);
	client_open(&client, fixture.url);
	head(&client, "/method", &reply);
	cr_assert_eq(reply.status, 200);
	cr_assert_str_eq(reply_header(&reply, "Content-Length"), "6");
	reply_free(&reply);
	client_close(&client);
	fixture_finish(&fixture);
}
