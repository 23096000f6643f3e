/* An answer that is known before a large body has come reaches the client, also one that
 * sends all of its body before it reads: the connection is not reset under it. */
#include <criterion/criterion.h>
#include <stdbool.h>

#include "support/fixture.h"
#include "support/handlers.h"
#include "support/reply.h"

static char body[5 << 20];

static int handle_early(weir_request *request, weir_response *response, weir_token *token)
{
	(void)token;
	return weir_response_error(response, 403, weir_request_method(request));
}

static void set_up(struct fixture *fixture)
{
	const struct weir_route_options streamed = {.body = WEIR_BODY_STREAMED};
	const struct weir_route_options limited = {.body = WEIR_BODY_STREAMED, .body_limit = 1000};

	fixture_create(fixture, NULL);
	fixture_route_with(fixture, "POST /early", handle_early, NULL, &streamed);
	fixture_route_with(fixture, "POST /limited", handle_count_body, NULL, &limited);
	fixture_route(fixture, "POST /buffered", handle_echo, NULL);
	fixture_start(fixture);
}

/* Sends all of the body, then reads. */
static void sent_whole(const char *target, bool chunked, int status)
{
	struct fixture fixture;
	struct client client;
	struct reply reply;
	size_t sent;

	set_up(&fixture);
	client_open(&client, fixture.url);
	client_printf(&client, "POST %s HTTP/1.1\r\nHost: test\r\n", target);
	if (chunked)
		client_printf(&client, "Transfer-Encoding: chunked\r\n\r\n%zx\r\n", sizeof(body));
	else
		client_printf(&client, "Content-Length: %zu\r\n\r\n", sizeof(body));
	sent = client_send_up_to(&client, body, sizeof(body));
	cr_assert_eq(sent, sizeof(body), "closed after %zu bytes", sent);
	if (chunked)
		client_send_up_to(&client, "\r\n0\r\n\r\n", 7);
	client_receive(&client, &reply);
	cr_assert_eq(reply.status, status);
	cr_assert(reply.complete);
	cr_assert(reply_says_close(&reply) || client_is_quiet(&client));
	reply_free(&reply);
	client_close(&client);
	fixture_finish(&fixture);
}

Test(unread_body_still_gets_an_answer, unknown_path)
{
	sent_whole("/nowhere", false, 404);
}

Test(unread_body_still_gets_an_answer, unknown_path_chunked)
{
	sent_whole("/nowhere", true, 404);
}

Test(unread_body_still_gets_an_answer, too_large_for_its_route)
{
	sent_whole("/buffered", false, 413);
}

Test(unread_body_still_gets_an_answer, too_large_chunked)
{
	sent_whole("/buffered", true, 413);
}

Test(unread_body_still_gets_an_answer, too_large_for_a_streamed_route)
{
	sent_whole("/limited", false, 413);
}

Test(unread_body_still_gets_an_answer, too_large_for_a_streamed_route_chunked)
{
	sent_whole("/limited", true, 413);
}

Test(unread_body_still_gets_an_answer, handler_returns_early)
{
	sent_whole("/early", false, 403);
}

Test(unread_body_still_gets_an_answer, handler_returns_early_chunked)
{
	sent_whole("/early", true, 403);
}

/* Asks first: the answer comes instead of the permission. */
Test(unread_body_still_gets_an_answer, instead_of_100_continue)
{
	struct fixture fixture;
	struct client client;
	struct reply reply;

	set_up(&fixture);
	client_open(&client, fixture.url);
	client_printf(&client,
		      "POST /nowhere HTTP/1.1\r\nHost: test\r\nContent-Length: %zu\r\n"
		      "Expect: 100-continue\r\n\r\n",
		      sizeof(body));
	client_receive(&client, &reply);
	cr_assert_eq(reply.status, 404);
	cr_assert_eq(reply.interim, 0);
	reply_free(&reply);
	client_close(&client);
	client_open(&client, fixture.url);
	client_printf(&client,
		      "POST /buffered HTTP/1.1\r\nHost: test\r\nContent-Length: %zu\r\n"
		      "Expect: 100-continue\r\n\r\n",
		      sizeof(body));
	client_receive(&client, &reply);
	cr_assert_eq(reply.status, 413);
	cr_assert_eq(reply.interim, 0);
	reply_free(&reply);
	client_close(&client);
	fixture_finish(&fixture);
}
