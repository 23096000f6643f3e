/* A handler that never comes back does not keep a stop beyond its timeout: it is named in
 * the report by its route, the outcome is WEIR_ABANDONED, its client is cut, and
 * weir_server_destroy() leaves alone what it could still touch. */
#include <criterion/criterion.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "support/fixture.h"
#include "support/gate.h"
#include "support/handlers.h"
#include "support/must.h"
#include "support/reply.h"

static int stuck(weir_request *request, weir_response *response, weir_token *token)
{
	struct gate *gate = weir_request_context(request);
	int rc;

	weir_request_note(request, "counting sheep");
	rc = gate_pass(gate);
	if (rc == 0 && weir_token_reason(token) == WEIR_REASON_SHUTDOWN)
		rc = weir_response_printf(response, "%s\n", weir_request_path(request));
	gate_announce(gate);
	return rc;
}

static const struct weir_server_options hurried = {
	.grace = 50 * WEIR_MILLISECOND, .drain_timeout = 200 * WEIR_MILLISECOND, .workers = 2};

static void check_straggler(const struct weir_report *report)
{
	const struct weir_straggler *straggler;

	cr_assert_eq(report->counts.in_flight, 1);
	cr_assert_eq(report->counts.abandoned, 1);
	cr_assert_eq(report->straggler_total, 1);
	cr_assert_eq(report->straggler_count, 1);
	straggler = &report->stragglers[0];
	cr_assert_str_eq(straggler->route, "GET /stuck/{name}");
	cr_assert_str_eq(straggler->path, "/stuck/here");
	cr_assert_str_eq(straggler->doing, "counting sheep");
	cr_assert_eq(strncmp(straggler->client, "127.0.0.1:", 10), 0, "%s", straggler->client);
	cr_assert_eq(straggler->abandoned, 1);
	cr_assert_gt(straggler->age, 0);
	cr_assert_lt(report->total, MUST_PATIENCE);
}

static void stop_with_a_stuck_handler(bool free_before_destroy)
{
	static struct gate gate;
	struct fixture fixture;
	struct client client;
	struct reply reply;

	gate_init(&gate);
	fixture_serve(&fixture, &hurried, "GET /stuck/{name}", stuck, &gate);
	client_open(&client, fixture.url);
	client_send_text(&client, "GET /stuck/here HTTP/1.1\r\nHost: test\r\n\r\n");
	gate_await(&gate, 1);
	weir_server_stop(fixture.server, "test");
	check_straggler(fixture_await(&fixture, WEIR_ABANDONED));

	client_receive(&client, &reply);
	cr_assert_eq(reply.status, 0);
	reply_free(&reply);
	client_close(&client);
	if (free_before_destroy) {
		gate_open(&gate, 1);
		gate_await(&gate, 1);
	}
	fixture_destroy(&fixture);
	if (!free_before_destroy) {
		gate_open(&gate, 1);
		gate_await(&gate, 1);
	}
}

Test(stuck_handler_is_reported, and_comes_back_after_destroy)
{
	stop_with_a_stuck_handler(false);
}

Test(stuck_handler_is_reported, and_comes_back_before_destroy)
{
	stop_with_a_stuck_handler(true);
}

Test(stuck_handler_is_reported, in_words_too)
{
	static struct gate gate;
	struct fixture fixture;
	struct client client;
	char *text;
	size_t size;

	gate_init(&gate);
	fixture_serve(&fixture, &hurried, "GET /stuck/{name}", stuck, &gate);
	client_open(&client, fixture.url);
	client_send_text(&client, "GET /stuck/here HTTP/1.1\r\nHost: test\r\n\r\n");
	gate_await(&gate, 1);
	weir_server_stop(fixture.server, "test");
	fixture_await(&fixture, WEIR_ABANDONED);

	cr_assert_eq(weir_report_text(fixture.report, &text, &size), 0);
	cr_assert_eq(strlen(text), size);
	cr_assert_not_null(strstr(text, "GET /stuck/{name}"));
	cr_assert_not_null(strstr(text, "counting sheep"));
	free(text);
	cr_assert_eq(weir_report_json(fixture.report, &text, &size), 0);
	cr_assert_eq(strlen(text), size);
	cr_assert_not_null(strstr(text, "GET /stuck/{name}"));
	free(text);
	client_close(&client);
	fixture_destroy(&fixture);
	gate_open(&gate, 1);
	gate_await(&gate, 1);
}
