/* A handler that streams learns from its write that the client has gone, also when it is
 * blocked in it. */
#include <criterion/criterion.h>
#include <errno.h>

#include "support/fixture.h"
#include "support/gate.h"
#include "support/handlers.h"
#include "support/reply.h"

static int stream_forever(weir_request *request, weir_response *response, weir_token *token)
{
	static char piece[65536];
	struct sleeping *stream = weir_request_context(request);
	int rc = weir_response_stream(response, -1);

	while (rc == 0)
		rc = weir_response_write(response, piece, sizeof(piece));
	stream->result = rc;
	stream->reason = weir_token_reason(token);
	gate_announce(stream->gate);
	return rc;
}

static int stream_seldom(weir_request *request, weir_response *response, weir_token *token)
{
	struct sleeping *stream = weir_request_context(request);
	int rc = weir_response_stream(response, -1);

	if (rc == 0)
		rc = weir_response_write(response, "begun\n", 6);
	if (rc == 0)
		rc = weir_response_flush(response);
	if (rc == 0)
		rc = weir_sleep(token, WEIR_NEVER);
	stream->result = rc;
	stream->reason = weir_token_reason(token);
	gate_announce(stream->gate);
	return rc;
}

static void goes(weir_handler handler, const char *request, const char *until,
		 void (*go)(struct client *))
{
	struct fixture fixture;
	struct gate gate;
	struct sleeping stream = {.gate = &gate};
	struct client client;

	gate_init(&gate);
	fixture_serve(&fixture, NULL, "GET /stream", handler, &stream);
	client_open(&client, fixture.url);
	client_send_text(&client, request);
	client_await_text(&client, until);
	go(&client);
	gate_await(&gate, 1);
	cr_assert_eq(stream.result, -ECANCELED);
	cr_assert_eq(stream.reason, WEIR_REASON_CLIENT_GONE);
	metrics_await(fixture.server, "weir_requests_cancelled_total{reason=\"client_gone\"}", 1);
	fixture_finish(&fixture);
	gate_destroy(&gate);
}

static const char get[] = "GET /stream HTTP/1.1\r\nHost: test\r\n\r\n";

Test(stream_ends_when_client_goes, by_a_reset)
{
	goes(stream_forever, get, "HTTP/1.1 200", client_reset);
}

Test(stream_ends_when_client_goes, by_a_close)
{
	goes(stream_forever, get, "HTTP/1.1 200", client_close);
}

Test(stream_ends_when_client_goes, while_nothing_is_written_by_a_reset)
{
	goes(stream_seldom, get, "begun\n", client_reset);
}

Test(stream_ends_when_client_goes, over_http_1_0)
{
	goes(stream_forever, "GET /stream HTTP/1.0\r\n\r\n", "HTTP/1.", client_reset);
}
