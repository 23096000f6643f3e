/* The events a server logs: where it listens, that it stops and through which phases; and
 * nothing that a program has not asked for. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>

#include "support/fixture.h"
#include "support/handlers.h"
#include "support/reply.h"

Test(log_tells_what_happens, from_start_to_end)
{
	const struct weir_server_options options = {.log_level = WEIR_LOG_DEBUG};
	struct fixture fixture;

	fixture_create(&fixture, &options);
	fixture_route(&fixture, "GET /hello", handle_hello, NULL);
	cr_assert_eq(weir_server_listen(fixture.server, "127.0.0.1:0", WEIR_SCOPE_ADMIN), 0);
	fixture_start(&fixture);
	log_capture_await(&fixture.log, "listening", 2);
	cr_assert_str_eq(log_capture_field(&fixture.log, "listening", "url"), fixture.url);
	weir_server_stop(fixture.server, "test");
	fixture_await(&fixture, WEIR_CLEAN);
	cr_assert_eq(log_capture_count(&fixture.log, "stopping"), 1);
	cr_assert_geq(log_capture_count(&fixture.log, "drain-phase"), 1);
	cr_assert_eq(log_capture_count(&fixture.log, "straggler"), 0);
	fixture_destroy(&fixture);
}

static int fail(weir_request *request, weir_response *response, weir_token *token)
{
	(void)request;
	(void)response;
	(void)token;
	return -EIO;
}

Test(log_tells_what_happens, when_a_handler_fails)
{
	struct fixture fixture;
	struct client client;
	struct reply reply;
	char expected[16];

	fixture_serve(&fixture, NULL, "GET /fail", fail, NULL);
	client_open(&client, fixture.url);
	client_get(&client, "/fail", &reply);
	cr_assert_eq(reply.status, 500);
	reply_free(&reply);
	client_close(&client);
	log_capture_await(&fixture.log, "handler-failed", 1);
	snprintf(expected, sizeof(expected), "%d", EIO);
	cr_assert_str_eq(log_capture_field(&fixture.log, "handler-failed", "route"), "GET /fail");
	cr_assert_str_eq(log_capture_field(&fixture.log, "handler-failed", "errno"), expected);
	fixture_finish(&fixture);
}
