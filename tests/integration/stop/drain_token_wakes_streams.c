/* Long-lived work watches the drain token: it learns of a stop at its beginning, says
 * goodbye and ends well, with all of the grace still to come. */
#include <criterion/criterion.h>
#include <errno.h>

#include "support/fixture.h"
#include "support/gate.h"
#include "support/must.h"
#include "support/reply.h"

static const struct weir_server_options patient = {.grace = 3600 * WEIR_SECOND,
						   .drain_timeout = 3600 * WEIR_SECOND};

static int handle_stream(weir_request *request, weir_response *response, weir_token *token)
{
	weir_token *drain = weir_request_drain_token(request);
	int rc = weir_response_stream(response, -1);

	if (rc == 0)
		rc = weir_response_write(response, "welcome\n", 8);
	if (rc == 0)
		rc = weir_response_flush(response);
	if (rc != 0)
		return rc;
	if (weir_token_wait(drain, weir_after(MUST_PATIENCE)) != -ECANCELED)
		return -ETIMEDOUT;
	return weir_response_write(response, weir_token_check(token) == 0 ? "goodbye\n" : "late\n",
				   weir_token_check(token) == 0 ? 8 : 5);
}

Test(drain_token_wakes_streams, which_say_goodbye)
{
	enum { clients = 10 };
	struct fixture fixture;
	struct client client[clients];
	struct reply reply;

	fixture_serve(&fixture, &patient, "GET /stream", handle_stream, NULL);
	for (int i = 0; i < clients; i++) {
		client_open(&client[i], fixture.url);
		client_send_text(&client[i], "GET /stream HTTP/1.1\r\nHost: test\r\n\r\n");
		client_await_text(&client[i], "welcome\n");
	}
	weir_server_stop(fixture.server, "test");
	for (int i = 0; i < clients; i++) {
		client_receive(&client[i], &reply);
		cr_assert_eq(reply.status, 200);
		cr_assert(reply.complete);
		cr_assert_str_eq(reply.body, "welcome\ngoodbye\n");
		cr_assert_eq(client_await_end(&client[i]), CLIENT_CLOSED);
		reply_free(&reply);
		client_close(&client[i]);
	}
	fixture_await(&fixture, WEIR_CLEAN);
	cr_assert_eq(fixture.report->counts.answered, clients);
	fixture_destroy(&fixture);
}

Test(drain_token_wakes_streams, and_the_servers_token_is_the_same)
{
	struct fixture fixture;
	struct weir_cause cause;

	fixture_serve(&fixture, &patient, "GET /stream", handle_stream, NULL);
	weir_server_stop(fixture.server, "test");
	cr_assert_eq(
		weir_token_wait(weir_server_drain_token(fixture.server), weir_after(MUST_PATIENCE)),
		-ECANCELED);
	cr_assert_eq(weir_token_cause(weir_server_drain_token(fixture.server), &cause), 0);
	cr_assert_eq(cause.reason, WEIR_REASON_DRAINING);
	fixture_await(&fixture, WEIR_CLEAN);
	fixture_destroy(&fixture);
}
