/* A client that does not read its answer is waited for up to the deadline of the stop and
 * then cut: the outcome is WEIR_FORCED, and the report names it. */
#include <criterion/criterion.h>
#include <errno.h>

#include "support/fixture.h"
#include "support/gate.h"
#include "support/handlers.h"
#include "support/must.h"
#include "support/reply.h"

static const struct weir_server_options hurried = {.grace = 50 * WEIR_MILLISECOND,
						   .drain_timeout = 200 * WEIR_MILLISECOND};

/* More than the kernel buffers on the way from one socket to the other. */
static char large[48 << 20];

static int handle_large(weir_request *request, weir_response *response, weir_token *token)
{
	int rc = weir_response_body_static(response, large, sizeof(large));

	(void)token;
	gate_announce(weir_request_context(request));
	return rc;
}

/* The first bytes of an answer say that it is on its way and nothing else is. */
static void check_cut(struct fixture *fixture, struct client *client, const char *route)
{
	const struct weir_report *report;
	struct reply reply;

	client_await_text(client, "HTTP/1.1 200");
	metrics_await(fixture->server, "weir_requests_in_flight{phase=\"replying\"}", 1);
	weir_server_stop(fixture->server, "test");
	report = fixture_await(fixture, WEIR_FORCED);
	cr_assert_eq(report->counts.in_flight, 1);
	cr_assert_eq(report->counts.cut, 1);
	cr_assert_eq(report->counts.abandoned, 0);
	cr_assert_eq(report->straggler_count, 1);
	cr_assert_str_eq(report->stragglers[0].route, route);
	cr_assert_str_eq(report->stragglers[0].doing, "sending");
	cr_assert_eq(report->stragglers[0].abandoned, 0);
	cr_assert_gt(report->stragglers[0].sent, 0);
	cr_assert_lt(report->total, MUST_PATIENCE);

	client_receive(client, &reply);
	cr_assert_not(reply.complete);
	cr_assert_neq(client->end, CLIENT_OPEN);
	reply_free(&reply);
}

Test(unread_answer_is_cut, from_memory)
{
	struct fixture fixture;
	struct gate gate;
	struct client client;

	gate_init(&gate);
	fixture_serve(&fixture, &hurried, "GET /large", handle_large, &gate);
	client_open_narrow(&client, fixture.url);
	client_send_text(&client, "GET /large HTTP/1.1\r\nHost: test\r\n\r\n");
	gate_await(&gate, 1);
	check_cut(&fixture, &client, "GET /large");
	client_close(&client);
	fixture_destroy(&fixture);
	gate_destroy(&gate);
}

/* A handler whose client takes nothing is blocked in its write; its token ends that. The
 * answer cannot be finished, so the connection has to be cut, but nobody needs to be
 * forced. */
static int handle_stream(weir_request *request, weir_response *response, weir_token *token)
{
	struct sleeping *stream = weir_request_context(request);
	int rc = weir_response_stream(response, -1);

	gate_announce(stream->gate);
	while (rc == 0)
		rc = weir_response_write(response, large, 65536);
	stream->result = rc;
	stream->reason = weir_token_reason(token);
	gate_announce(stream->gate);
	return rc;
}

Test(unread_answer_is_cut, of_a_stream_that_its_token_ends)
{
	const struct weir_server_options options = {.grace = 50 * WEIR_MILLISECOND,
						    .drain_timeout = 60 * WEIR_SECOND};
	struct fixture fixture;
	struct gate gate;
	struct sleeping stream = {.gate = &gate};
	struct client client;
	struct reply reply;

	gate_init(&gate);
	fixture_serve(&fixture, &options, "GET /stream", handle_stream, &stream);
	client_open_narrow(&client, fixture.url);
	client_send_text(&client, "GET /stream HTTP/1.1\r\nHost: test\r\n\r\n");
	gate_await(&gate, 1);
	client_await_text(&client, "HTTP/1.1 200");
	weir_server_stop(fixture.server, "test");
	cr_assert_geq(weir_server_wait(fixture.server, &fixture.report), 0);
	cr_assert_neq(fixture.report->outcome, WEIR_ABANDONED);
	cr_assert_lt(fixture.report->total, MUST_PATIENCE);
	cr_assert_eq(fixture.report->counts.in_flight, 1);
	cr_assert_eq(fixture.report->counts.answered, 0);
	cr_assert_eq(fixture.report->counts.cut + fixture.report->counts.cancelled, 1);
	cr_assert_eq(stream.result, -ECANCELED);
	cr_assert_eq(stream.reason, WEIR_REASON_SHUTDOWN);
	client_receive(&client, &reply);
	cr_assert_not(reply.complete);
	reply_free(&reply);
	client_close(&client);
	fixture_destroy(&fixture);
	gate_destroy(&gate);
}
