/* Status codes and header fields: what a handler may set, and what it may not. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "support/fixture.h"
#include "support/reply.h"

static int set_good(weir_request *request, weir_response *response, weir_token *token)
{
	char value[] = "first";
	int rc = weir_response_header(response, "X-One", value);

	(void)request;
	(void)token;
	memset(value, 'x', sizeof(value) - 1);
	if (rc == 0)
		rc = weir_response_header(response, "Set-Cookie", "a=1");
	if (rc == 0)
		rc = weir_response_header(response, "Set-Cookie", "b=2");
	if (rc == 0)
		rc = weir_response_status(response, 418);
	return rc != 0 ? rc : weir_response_printf(response, "short and stout");
}

/* Answers with the number of refusals that were not -EINVAL. */
static int set_bad(weir_request *request, weir_response *response, weir_token *token)
{
	static const char *const bad[][2] = {
		{"Connection", "keep-alive"},
		{"content-length", "3"},
		{"Transfer-Encoding", "chunked"},
		{"Date", "today"},
		{"", "empty"},
		{"X Space", "1"},
		{"X:Colon", "1"},
		{"X-\xc3\xa9", "1"},
		{"X-Split", "a\r\nX-Injected: 1"},
		{"X-Feed", "a\nb"},
		{"X-Return", "a\rb"},
		{"X-Control", "a\x01"},
	};
	int faults = 0;

	(void)request;
	(void)token;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		faults += weir_response_header(response, bad[i][0], bad[i][1]) != -EINVAL;
	faults += weir_response_status(response, 199) != -EINVAL;
	faults += weir_response_status(response, 600) != -EINVAL;
	faults += weir_response_status(response, -1) != -EINVAL;
	return weir_response_printf(response, "%d", faults);
}

/* HTTP allows an empty value; whoever cannot send it says so when it is set. */
static int set_empty(weir_request *request, weir_response *response, weir_token *token)
{
	int rc = weir_response_header(response, "X-Empty", "");

	(void)request;
	(void)token;
	return weir_response_printf(response, "%s", rc == 0 ? "taken" : "refused");
}

static int error_page(weir_request *request, weir_response *response, weir_token *token)
{
	(void)request;
	(void)token;
	return weir_response_error(response, 404, "no such thing");
}

Test(status_and_header, are_sent_as_set)
{
	struct fixture fixture;
	struct client client;
	struct reply reply;
	int cookies = 0;

	fixture_serve(&fixture, NULL, "GET /good", set_good, NULL);
	client_open(&client, fixture.url);
	client_get(&client, "/good", &reply);
	cr_assert_eq(reply.status, 418);
	cr_assert_str_eq(reply.body, "short and stout");
	cr_assert_str_eq(reply_header(&reply, "X-One"), "first");
	for (size_t i = 0; i < reply.field_count; i++)
		cookies += strcmp(reply.fields[i].name, "Set-Cookie") == 0;
	cr_assert_eq(cookies, 2);
	reply_free(&reply);
	client_close(&client);
	fixture_finish(&fixture);
}

Test(status_and_header, that_are_not_the_handlers_are_refused)
{
	struct fixture fixture;
	struct client client;
	struct reply reply;

	fixture_serve(&fixture, NULL, "GET /bad", set_bad, NULL);
	client_open(&client, fixture.url);
	client_get(&client, "/bad", &reply);
	cr_assert_eq(reply.status, 200);
	cr_assert_str_eq(reply.body, "0");
	cr_assert_null(reply_header(&reply, "X-Injected"));
	reply_free(&reply);
	client_close(&client);
	fixture_finish(&fixture);
}

Test(status_and_header, that_are_empty_are_sent_or_refused)
{
	struct fixture fixture;
	struct client client;
	struct reply reply;

	fixture_serve(&fixture, NULL, "GET /empty", set_empty, NULL);
	client_open(&client, fixture.url);
	client_get(&client, "/empty", &reply);
	cr_assert_eq(reply.status, 200);
	cr_assert_eq(strcmp(reply.body, "taken") == 0, reply_header(&reply, "X-Empty") != NULL);
	reply_free(&reply);
	client_close(&client);
	fixture_finish(&fixture);
}

Test(status_and_header, of_an_error_in_one_call)
{
	struct fixture fixture;
	struct client client;
	struct reply reply;

	fixture_serve(&fixture, NULL, "GET /error", error_page, NULL);
	client_open(&client, fixture.url);
	client_get(&client, "/error", &reply);
	cr_assert_eq(reply.status, 404);
	cr_assert_not_null(strstr(reply.body, "no such thing"));
	cr_assert_eq(strncmp(reply_header(&reply, "Content-Type"), "text/plain", 10), 0);
	cr_assert_not(reply_says_close(&reply));
	reply_free(&reply);
	client_close(&client);
	fixture_finish(&fixture);
}
