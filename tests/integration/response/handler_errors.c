/* What a handler returns instead of an answer becomes one; what it had prepared until then
 * is forgotten. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "support/fixture.h"
#include "support/handlers.h"
#include "support/reply.h"

static int fail(weir_request *request, weir_response *response, weir_token *token)
{
	const int *error = weir_request_context(request);
	int rc = weir_response_header(response, "X-Secret", "prepared");

	(void)token;
	if (rc == 0)
		rc = weir_response_status(response, 201);
	if (rc == 0)
		rc = weir_response_printf(response, "prepared");
	return rc != 0 ? rc : *error;
}

Test(handler_errors, become_answers)
{
	static const struct {
		int error;
		int status;
	} expected[] = {{-EIO, 500},    {-ENOENT, 500}, {-ENOMEM, 500},
			{-EINVAL, 500}, {-EFBIG, 413},  {-EPERM, 500}};
	struct fixture fixture;
	struct client client;
	struct reply reply;
	enum { count = sizeof(expected) / sizeof(expected[0]) };
	char pattern[32];

	fixture_create(&fixture, NULL);
	fixture_route(&fixture, "GET /hello", handle_hello, NULL);
	for (int i = 0; i < count; i++) {
		snprintf(pattern, sizeof(pattern), "GET /fail/%d", i);
		fixture_route(&fixture, pattern, fail, (void *)&expected[i].error);
	}
	fixture_start(&fixture);
	client_open(&client, fixture.url);
	for (int i = 0; i < count; i++) {
		char target[32];

		snprintf(target, sizeof(target), "/fail/%d", i);
		client_get(&client, target, &reply);
		cr_assert_eq(reply.status, expected[i].status, "%d: status %d", expected[i].error,
			     reply.status);
		cr_assert(reply.complete);
		cr_assert_null(reply_header(&reply, "X-Secret"));
		cr_assert_null(strstr(reply.body, "prepared"));
		cr_assert_not(reply_says_close(&reply));
		reply_free(&reply);
	}
	client_get(&client, "/hello", &reply);
	cr_assert_eq(reply.status, 200);
	reply_free(&reply);
	client_close(&client);
	fixture_finish(&fixture);
}

static int cancel_itself(weir_request *request, weir_response *response, weir_token *token)
{
	(void)request;
	(void)response;
	weir_token_cancel(token, WEIR_REASON_REQUESTED, "by its handler");
	return weir_sleep(token, WEIR_NEVER);
}

Test(handler_errors, a_request_may_be_cancelled_by_the_program)
{
	struct fixture fixture;
	struct client client;
	struct reply reply;

	fixture_serve(&fixture, NULL, "GET /cancel", cancel_itself, NULL);
	client_open(&client, fixture.url);
	client_get(&client, "/cancel", &reply);
	cr_assert_geq(reply.status, 500);
	cr_assert(reply.complete);
	reply_free(&reply);
	metrics_await(fixture.server, "weir_requests_cancelled_total{reason=\"requested\"}", 1);
	client_close(&client);
	fixture_finish(&fixture);
}

/* A stream that has begun cannot become another answer: its client sees it break off. */
static int fail_in_mid_stream(weir_request *request, weir_response *response, weir_token *token)
{
	int rc = weir_response_stream(response, -1);

	(void)request;
	(void)token;
	if (rc == 0)
		rc = weir_response_write(response, "begun\n", 6);
	if (rc == 0)
		rc = weir_response_flush(response);
	return rc != 0 ? rc : -EIO;
}

Test(handler_errors, break_off_a_stream)
{
	struct fixture fixture;
	struct client client;
	struct reply reply;

	fixture_serve(&fixture, NULL, "GET /stream", fail_in_mid_stream, NULL);
	client_open(&client, fixture.url);
	client_get(&client, "/stream", &reply);
	cr_assert_eq(reply.status, 200);
	cr_assert_str_eq(reply.body, "begun\n");
	cr_assert_not(reply.complete);
	cr_assert_neq(client.end, CLIENT_OPEN);
	reply_free(&reply);
	client_close(&client);
	fixture_finish(&fixture);
}
