/* What a handler may not do with a stream, and what it is told. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdbool.h>

#include "support/fixture.h"
#include "support/handlers.h"
#include "support/reply.h"

static int before_a_stream(weir_request *request, weir_response *response, weir_token *token)
{
	int write = weir_response_write(response, "x", 1);

	(void)request;
	(void)token;
	return weir_response_printf(response, "%d", write == -EINVAL);
}

static int after_it_began(weir_request *request, weir_response *response, weir_token *token)
{
	int rc = weir_response_stream(response, 6);
	bool all;

	(void)request;
	(void)token;
	if (rc == 0)
		rc = weir_response_write(response, "abc", 3);
	if (rc != 0)
		return rc;
	all = weir_response_status(response, 404) == -EALREADY &&
	      weir_response_header(response, "X-Late", "1") == -EALREADY &&
	      weir_response_body(response, "x", 1) == -EALREADY &&
	      weir_response_printf(response, "x") == -EALREADY &&
	      weir_response_stream(response, -1) == -EALREADY &&
	      weir_response_write(response, "too much", 8) == -EMSGSIZE;
	return weir_response_write(response, all ? "yes" : "no!", 3);
}

static int too_little(weir_request *request, weir_response *response, weir_token *token)
{
	int rc = weir_response_stream(response, 100);

	(void)request;
	(void)token;
	return rc != 0 ? rc : weir_response_write(response, "abc", 3);
}

/* What reads from a pipe that has broken may return just what it was told. */
static int breaks(weir_request *request, weir_response *response, weir_token *token)
{
	int rc = weir_response_stream(response, -1);

	(void)request;
	(void)token;
	if (rc == 0)
		rc = weir_response_write(response, "abc", 3);
	return rc != 0 ? rc : -EPIPE;
}

static int stream_before_reading(weir_request *request, weir_response *response, weir_token *token)
{
	char buffer[100];
	int early = weir_response_stream(response, -1);
	int rc;

	(void)token;
	while (weir_request_read(request, buffer, sizeof(buffer)) > 0)
		continue;
	rc = weir_response_stream(response, -1);
	if (rc != 0)
		return rc;
	return weir_response_write(response, early == -EBUSY ? "busy" : "no",
				   early == -EBUSY ? 4 : 2);
}

static void expect(const char *pattern, weir_handler handler, const char *request, const char *body,
		   bool complete)
{
	const struct weir_route_options streamed = {.body = WEIR_BODY_STREAMED};
	struct fixture fixture;
	struct client client;
	struct reply reply;

	fixture_create(&fixture, NULL);
	fixture_route_with(&fixture, pattern, handler, NULL, &streamed);
	fixture_start(&fixture);
	client_open(&client, fixture.url);
	client_send_text(&client, request);
	client_receive(&client, &reply);
	cr_assert_eq(reply.status, 200);
	if (body != NULL)
		cr_assert_str_eq(reply.body, body);
	cr_assert_eq(reply.complete, complete);
	reply_free(&reply);
	client_close(&client);
	fixture_finish(&fixture);
}

static const char get[] = "GET /x HTTP/1.1\r\nHost: test\r\n\r\n";

Test(stream_rules, no_write_before_it)
{
	expect("GET /x", before_a_stream, get, "1", true);
}

Test(stream_rules, nothing_else_after_it_began)
{
	expect("GET /x", after_it_began, get, "abcyes", true);
}

Test(stream_rules, a_stream_that_ends_early_is_not_a_whole_answer)
{
	expect("GET /x", too_little, get, NULL, false);
}

Test(stream_rules, a_stream_that_fails_is_not_a_whole_answer_whatever_the_error)
{
	expect("GET /x", breaks, get, NULL, false);
}

Test(stream_rules, the_body_is_read_first)
{
	expect("POST /x", stream_before_reading,
	       "POST /x HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\n\r\nbody", "busy", true);
}
