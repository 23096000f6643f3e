/* weir_server_wait(): any thread but the server's own, and all of them see the same. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>

#include "support/fixture.h"
#include "support/gate.h"
#include "support/handlers.h"
#include "support/reply.h"

static int wait_inside(weir_request *request, weir_response *response, weir_token *token)
{
	(void)token;
	return weir_response_printf(response, "%d\n",
				    weir_server_wait(weir_request_server(request), NULL));
}

static void waits_in_handler(enum weir_run run)
{
	const struct weir_route_options options = {.run = run};
	struct fixture fixture;
	struct client client;
	struct reply reply;
	char expected[16];

	fixture_create(&fixture, NULL);
	fixture_route_with(&fixture, "GET /wait", wait_inside, NULL, &options);
	fixture_start(&fixture);
	client_open(&client, fixture.url);
	client_get(&client, "/wait", &reply);
	snprintf(expected, sizeof(expected), "%d\n", -EDEADLK);
	cr_assert_eq(reply.status, 200);
	cr_assert_str_eq(reply.body, expected);
	reply_free(&reply);
	client_close(&client);
	fixture_finish(&fixture);
}

Test(waiting, in_a_handler_would_deadlock)
{
	waits_in_handler(WEIR_RUN_QUEUED);
}

Test(waiting, in_an_inline_handler_would_deadlock)
{
	waits_in_handler(WEIR_RUN_INLINE);
}

struct on_stop {
	weir_server *server;
	int result;
	unsigned calls;
};

static void wait_when_stopping(void *arg)
{
	struct on_stop *on_stop = arg;

	on_stop->calls++;
	on_stop->result = weir_server_wait(on_stop->server, NULL);
}

Test(waiting, on_the_coordinator_would_deadlock)
{
	struct on_stop on_stop = {0};
	const struct weir_server_options options = {.on_stop = wait_when_stopping,
						    .on_stop_arg = &on_stop};
	struct fixture fixture;

	fixture_create(&fixture, &options);
	fixture_route(&fixture, "GET /hello", handle_hello, NULL);
	on_stop.server = fixture.server;
	fixture_start(&fixture);
	weir_server_stop(fixture.server, "test");
	weir_server_stop(fixture.server, "test");
	fixture_await(&fixture, WEIR_CLEAN);
	cr_assert_eq(on_stop.calls, 1);
	cr_assert_eq(on_stop.result, -EDEADLK);
	fixture_destroy(&fixture);
}

Test(waiting, does_not_need_the_report)
{
	struct fixture fixture;

	fixture_serve(&fixture, NULL, "GET /hello", handle_hello, NULL);
	weir_server_stop(fixture.server, "test");
	cr_assert_eq(weir_server_wait(fixture.server, NULL), WEIR_CLEAN);
	fixture_destroy(&fixture);
}
