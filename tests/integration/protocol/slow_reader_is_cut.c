/* A client that takes nothing of its answer for write_timeout is cut. */
#include <criterion/criterion.h>

#include "support/fixture.h"
#include "support/reply.h"

static char large[32 << 20];

static int handle_large(weir_request *request, weir_response *response, weir_token *token)
{
	(void)request;
	(void)token;
	return weir_response_body_static(response, large, sizeof(large));
}

Test(slow_reader_is_cut, after_its_time)
{
	const struct weir_server_options options = {.write_timeout = WEIR_SECOND};
	struct fixture fixture;
	struct client client;
	struct reply reply;

	fixture_serve(&fixture, &options, "GET /large", handle_large, NULL);
	client_open_narrow(&client, fixture.url);
	client_send_text(&client, "GET /large HTTP/1.1\r\nHost: test\r\n\r\n");
	client_await_text(&client, "HTTP/1.1 200");
	metrics_await(fixture.server, "weir_requests_cut_total", 1);
	client_receive(&client, &reply);
	cr_assert_not(reply.complete);
	cr_assert_neq(client.end, CLIENT_OPEN);
	reply_free(&reply);
	client_close(&client);
	fixture_finish(&fixture);
}
