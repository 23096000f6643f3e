/* A stop in the middle of an upload: the handler's read ends with -ECANCELED, and its
 * client gets its 503 although it has not sent all of its body. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdbool.h>

#include "support/fixture.h"
#include "support/gate.h"
#include "support/handlers.h"
#include "support/reply.h"

static char body[5 << 20];

static int take_upload(weir_request *request, weir_response *response, weir_token *token)
{
	static char buffer[65536];
	struct sleeping *upload = weir_request_context(request);
	ssize_t size;

	(void)response;
	gate_announce(upload->gate);
	do
		size = weir_request_read(request, buffer, sizeof(buffer));
	while (size > 0);
	upload->result = (int)size;
	upload->reason = weir_token_reason(token);
	gate_announce(upload->gate);
	return (int)size;
}

static void cancelled(bool chunked)
{
	const struct weir_server_options options = {.grace = 3600 * WEIR_SECOND,
						    .drain_timeout = 3600 * WEIR_SECOND};
	const struct weir_route_options streamed = {.body = WEIR_BODY_STREAMED};
	struct fixture fixture;
	struct gate gate;
	struct sleeping upload = {.gate = &gate};
	struct client client;
	struct reply reply;

	gate_init(&gate);
	fixture_create(&fixture, &options);
	fixture_route_with(&fixture, "PUT /upload", take_upload, &upload, &streamed);
	fixture_start(&fixture);
	client_open(&client, fixture.url);
	if (chunked)
		client_printf(&client,
			      "PUT /upload HTTP/1.1\r\nHost: test\r\n"
			      "Transfer-Encoding: chunked\r\n\r\n%zx\r\n",
			      2 * sizeof(body));
	else
		client_printf(&client,
			      "PUT /upload HTTP/1.1\r\nHost: test\r\nContent-Length: %zu\r\n\r\n",
			      2 * sizeof(body));
	client_send(&client, body, sizeof(body));
	gate_await(&gate, 1);
	weir_server_cancel(fixture.server, "test");
	gate_await(&gate, 1);
	cr_assert_eq(upload.result, -ECANCELED);
	cr_assert_eq(upload.reason, WEIR_REASON_SHUTDOWN);
	client_receive(&client, &reply);
	cr_assert_eq(reply.status, 503);
	cr_assert(reply.complete);
	cr_assert_not_null(reply_header(&reply, "Retry-After"));
	reply_free(&reply);
	client_close(&client);
	fixture_await(&fixture, WEIR_CLEAN);
	cr_assert_eq(fixture.report->counts.cancelled, 1);
	fixture_destroy(&fixture);
	gate_destroy(&gate);
}

Test(upload_is_cancelled, of_known_length)
{
	cancelled(false);
}

Test(upload_is_cancelled, in_a_chunk)
{
	cancelled(true);
}
