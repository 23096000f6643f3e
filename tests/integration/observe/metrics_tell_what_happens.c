/* The metrics of a server, over one scene that has a bit of everything. */
#include <criterion/criterion.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "support/fixture.h"
#include "support/gate.h"
#include "support/handlers.h"
#include "support/reply.h"

static void ask(struct client *client, const char *target, int status)
{
	struct reply reply;

	client_get(client, target, &reply);
	cr_assert_eq(reply.status, status);
	reply_free(&reply);
}

static uint64_t series(struct fixture *fixture, const char *name)
{
	return metrics_now(fixture->server, name);
}

Test(metrics_tell_what_happens, by_phase_and_outcome)
{
	const struct weir_server_options options = {.workers = 1, .queue = 1};
	struct fixture fixture;
	struct gate gate;
	struct client running, queued, receiving, client;
	struct reply reply;

	gate_init(&gate);
	fixture_create(&fixture, &options);
	fixture_route(&fixture, "GET /gated", handle_gated, &gate);
	fixture_route(&fixture, "POST /echo", handle_echo, NULL);
	fixture_route(&fixture, "GET /hello", handle_hello, NULL);
	fixture_start(&fixture);
	client_open(&client, fixture.url);
	ask(&client, "/hello", 200);
	ask(&client, "/nowhere", 404);
	client_open(&running, fixture.url);
	client_send_text(&running, "GET /gated HTTP/1.1\r\nHost: test\r\n\r\n");
	gate_await(&gate, 1);
	client_open(&queued, fixture.url);
	client_send_text(&queued, "GET /hello HTTP/1.1\r\nHost: test\r\n\r\n");
	metrics_await(fixture.server, "weir_requests_in_flight{phase=\"queued\"}", 1);
	client_open(&receiving, fixture.url);
	client_send_text(&receiving,
			 "POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 8\r\n\r\nhalf");
	metrics_await(fixture.server, "weir_requests_in_flight{phase=\"receiving\"}", 1);
	ask(&client, "/hello", 503);

	cr_assert_eq(series(&fixture, "weir_requests_in_flight{phase=\"running\"}"), 1);
	cr_assert_eq(series(&fixture, "weir_workers_busy"), 1);
	cr_assert_eq(series(&fixture, "weir_queue_depth"), 1);
	cr_assert_eq(series(&fixture, "weir_drain_phase"), WEIR_PHASE_RUNNING);
	metrics_await(fixture.server, "weir_requests_refused_total", 2);
	cr_assert_eq(series(&fixture, "weir_requests_answered_total"), 1);
	cr_assert_eq(series(&fixture, "weir_requests_accepted_total"), 6);
	cr_assert_eq(series(&fixture, "weir_connections_open"), 4);

	gate_open(&gate, 1);
	client_receive(&running, &reply);
	reply_free(&reply);
	client_receive(&queued, &reply);
	cr_assert_eq(reply.status, 200);
	reply_free(&reply);
	client_send_text(&receiving, "done");
	client_receive(&receiving, &reply);
	cr_assert_eq(reply.status, 200);
	reply_free(&reply);
	metrics_await(fixture.server, "weir_requests_answered_total", 4);
	metrics_await(fixture.server, "weir_request_duration_seconds_count", 6);
	cr_assert_eq(series(&fixture, "weir_request_duration_seconds_bucket{le=\"+Inf\"}"), 6);
	client_close(&client);
	client_close(&running);
	client_close(&queued);
	client_close(&receiving);
	metrics_await(fixture.server, "weir_connections_closed_total", 4);
	fixture_finish(&fixture);
	gate_destroy(&gate);
}

Test(metrics_tell_what_happens, and_the_status_says_the_phase)
{
	struct fixture fixture;
	char *text;
	size_t size;

	fixture_serve(&fixture, NULL, "GET /hello", handle_hello, NULL);
	cr_assert_eq(weir_server_status(fixture.server, &text, &size), 0);
	cr_assert_eq(strlen(text), size);
	cr_assert_eq(text[0], '{');
	cr_assert_not_null(strstr(text, "\"phase\":\"running\""));
	free(text);
	weir_server_stop(fixture.server, "test");
	fixture_await(&fixture, WEIR_CLEAN);
	cr_assert_eq(series(&fixture, "weir_drain_phase"), WEIR_PHASE_DONE);
	cr_assert_eq(weir_server_status(fixture.server, &text, &size), 0);
	cr_assert_not_null(strstr(text, "\"phase\":\"done\""));
	free(text);
	fixture_destroy(&fixture);
}
