/* What a request tells its handler: method, target, path, query, header fields, client. */
#include <criterion/criterion.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>

#include "support/fixture.h"
#include "support/handlers.h"
#include "support/reply.h"

static int context_of_route;

/* Answers with what was asked for by `ask`: one line, the texts in brackets. */
static int answer(weir_response *response, const char *text)
{
	return text != NULL ? weir_response_printf(response, "[%s]", text)
			    : weir_response_printf(response, "nothing");
}

static int tell_query(weir_request *request, weir_response *response, weir_token *token)
{
	(void)token;
	return answer(response, weir_request_query(request, "q"));
}

static int tell_header(weir_request *request, weir_response *response, weir_token *token)
{
	(void)token;
	return answer(response, weir_request_header(request, "x-asked"));
}

static int tell_target(weir_request *request, weir_response *response, weir_token *token)
{
	(void)token;
	return weir_response_printf(response, "%s|%s", weir_request_target(request),
				    weir_request_path(request));
}

struct expectation {
	const char *target;
	const char *body;
};

static void expect_all(struct client *client, const struct expectation *expected, size_t count)
{
	struct reply reply;

	for (size_t i = 0; i < count; i++) {
		client_get(client, expected[i].target, &reply);
		cr_assert_eq(reply.status, 200, "%s: status %d", expected[i].target, reply.status);
		cr_assert_str_eq(reply.body, expected[i].body, "%s: %s", expected[i].target,
				 reply.body);
		reply_free(&reply);
	}
}

Test(what_a_handler_sees, query)
{
	static const struct expectation expected[] = {
		{"/query", "nothing"},      {"/query?", "nothing"},
		{"/query?p=1", "nothing"},  {"/query?q=1", "[1]"},
		{"/query?q", "[]"},         {"/query?q=", "[]"},
		{"/query?p=1&q=2", "[2]"},  {"/query?q=1&q=2", "[1]"},
		{"/query?qq=1&q=2", "[2]"}, {"/query?q=a%20b%26c", "[a b&c]"},
		{"/query?q=a=b", "[a=b]"},  {"/query?%71=coded", "[coded]"},
		{"/query?&&q=x&", "[x]"},   {"/query?q=a?b/c", "[a?b/c]"},
	};
	struct fixture fixture;
	struct client client;

	fixture_serve(&fixture, NULL, "GET /query", tell_query, NULL);
	client_open(&client, fixture.url);
	expect_all(&client, expected, sizeof(expected) / sizeof(expected[0]));
	client_close(&client);
	fixture_finish(&fixture);
}

Test(what_a_handler_sees, target_and_path)
{
	static const struct expectation expected[] = {
		{"/any", "/any|/any"},
		{"/any/a%20b?q=%41", "/any/a%20b?q=%41|/any/a b"},
		{"/any//double/", "/any//double/|/any//double/"},
		{"/any/../up", "/any/../up|/any/../up"},
		{"/any/%2e%2e/up", "/any/%2e%2e/up|/any/../up"},
		{"/any/a+b", "/any/a+b|/any/a+b"},
	};
	struct fixture fixture;
	struct client client;

	fixture_serve(&fixture, NULL, "GET /{rest...}", tell_target, NULL);
	client_open(&client, fixture.url);
	expect_all(&client, expected, sizeof(expected) / sizeof(expected[0]));
	client_close(&client);
	fixture_finish(&fixture);
}

static void header_is(struct client *client, const char *fields, const char *expected)
{
	struct reply reply;

	client_printf(client, "GET /header HTTP/1.1\r\nHost: test\r\n%s\r\n", fields);
	client_receive(client, &reply);
	cr_assert_eq(reply.status, 200, "%s: status %d", fields, reply.status);
	cr_assert_str_eq(reply.body, expected, "%s: %s", fields, reply.body);
	reply_free(&reply);
}

Test(what_a_handler_sees, header_fields)
{
	struct fixture fixture;
	struct client client;

	fixture_serve(&fixture, NULL, "GET /header", tell_header, NULL);
	client_open(&client, fixture.url);
	header_is(&client, "", "nothing");
	header_is(&client, "X-Asked: yes\r\n", "[yes]");
	header_is(&client, "x-aSKED: yes\r\n", "[yes]");
	header_is(&client, "X-Asked: first\r\nX-Asked: second\r\n", "[first]");
	header_is(&client, "X-Asked:   spaces between   \r\n", "[spaces between]");
	header_is(&client, "X-Asked:\r\n", "[]");
	header_is(&client, "X-Asked: a,b;c=\"d\"\r\n", "[a,b;c=\"d\"]");
	client_close(&client);
	fixture_finish(&fixture);
}

struct listing {
	char text[512];
	size_t size;
	unsigned stop_after;
};

static int append(void *arg, const char *name, const char *value)
{
	struct listing *listing = arg;
	int size = snprintf(listing->text + listing->size, sizeof(listing->text) - listing->size,
			    "%s=%s;", name, value);

	if (size < 0 || (size_t)size >= sizeof(listing->text) - listing->size)
		return -EMSGSIZE;
	listing->size += (size_t)size;
	return listing->stop_after > 0 && --listing->stop_after == 0 ? 7 : 0;
}

static int list_headers(weir_request *request, weir_response *response, weir_token *token)
{
	struct listing all = {0}, some = {.stop_after = 2};
	int of_all = weir_request_each_header(request, append, &all);
	int of_some = weir_request_each_header(request, append, &some);

	(void)token;
	return weir_response_printf(response, "%d %s\n%d %s", of_all, all.text, of_some, some.text);
}

Test(what_a_handler_sees, all_header_fields_in_their_order)
{
	struct fixture fixture;
	struct client client;
	struct reply reply;

	fixture_serve(&fixture, NULL, "GET /list", list_headers, NULL);
	client_open(&client, fixture.url);
	client_send_text(&client,
			 "GET /list HTTP/1.1\r\nHost: test\r\nB: 1\r\nA: 2\r\nB: 3\r\n\r\n");
	client_receive(&client, &reply);
	cr_assert_str_eq(reply.body, "0 Host=test;B=1;A=2;B=3;\n7 Host=test;B=1;");
	reply_free(&reply);
	client_close(&client);
	fixture_finish(&fixture);
}

static int tell_the_rest(weir_request *request, weir_response *response, weir_token *token)
{
	bool context = weir_request_context(request) == &context_of_route;
	bool same_token = weir_request_token(request) == token;
	bool drain = weir_request_drain_token(request) ==
		     weir_server_drain_token(weir_request_server(request));

	return weir_response_printf(response, "%s %s %lld %d%d%d", weir_request_method(request),
				    weir_request_client(request),
				    (long long)weir_request_length(request), context, same_token,
				    drain);
}

Test(what_a_handler_sees, client_length_context_and_tokens)
{
	struct fixture fixture;
	struct client client;
	struct sockaddr_in own;
	socklen_t size = sizeof(own);
	struct reply reply;
	char expected[128];

	fixture_serve(&fixture, NULL, "* /rest", tell_the_rest, &context_of_route);
	client_open(&client, fixture.url);
	cr_assert_eq(getsockname(client.fd, (struct sockaddr *)&own, &size), 0);
	client_get(&client, "/rest", &reply);
	snprintf(expected, sizeof(expected), "GET 127.0.0.1:%d 0 111", ntohs(own.sin_port));
	cr_assert_str_eq(reply.body, expected);
	reply_free(&reply);
	client_send_text(&client,
			 "Patch /rest HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\n\r\nbody");
	client_receive(&client, &reply);
	snprintf(expected, sizeof(expected), "Patch 127.0.0.1:%d 4 111", ntohs(own.sin_port));
	cr_assert_str_eq(reply.body, expected);
	reply_free(&reply);
	client_send_text(&client, "PUT /rest HTTP/1.1\r\nHost: test\r\n"
				  "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
	client_receive(&client, &reply);
	snprintf(expected, sizeof(expected), "PUT 127.0.0.1:%d -1 111", ntohs(own.sin_port));
	cr_assert_str_eq(reply.body, expected);
	reply_free(&reply);
	client_close(&client);
	fixture_finish(&fixture);
}
