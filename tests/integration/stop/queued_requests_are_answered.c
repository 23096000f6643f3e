/* Requests that wait for a worker when a stop begins still get one in the grace; when it
 * is over they are answered 503 without one, though every worker is busy. */
#include <criterion/criterion.h>

#include "support/fixture.h"
#include "support/gate.h"
#include "support/handlers.h"
#include "support/reply.h"

enum { waiting = 10 };

static const struct weir_server_options one_worker = {.workers = 1,
						      .queue = 2 * waiting,
						      .grace = 3600 * WEIR_SECOND,
						      .drain_timeout = 3600 * WEIR_SECOND};

struct scene {
	struct fixture fixture;
	struct gate gate;
	struct client running;
	struct client queued[waiting];
};

static void set_up(struct scene *scene)
{
	gate_init(&scene->gate);
	fixture_serve(&scene->fixture, &one_worker, "GET /gated", handle_gated, &scene->gate);
	client_open(&scene->running, scene->fixture.url);
	client_send_text(&scene->running, "GET /gated HTTP/1.1\r\nHost: test\r\n\r\n");
	gate_await(&scene->gate, 1);
	for (int i = 0; i < waiting; i++) {
		client_open(&scene->queued[i], scene->fixture.url);
		client_send_text(&scene->queued[i], "GET /gated HTTP/1.1\r\nHost: test\r\n\r\n");
	}
	metrics_await(scene->fixture.server, "weir_queue_depth", waiting);
}

static void expect(struct client *client, int status)
{
	struct reply reply;

	client_receive(client, &reply);
	cr_assert_eq(reply.status, status);
	cr_assert(reply.complete);
	cr_assert(reply_says_close(&reply));
	cr_assert_eq(status == 503, reply_header(&reply, "Retry-After") != NULL);
	cr_assert_eq(client_await_end(client), CLIENT_CLOSED);
	reply_free(&reply);
	client_close(client);
}

Test(queued_requests_are_answered, by_their_handlers_in_the_grace)
{
	struct scene scene;

	set_up(&scene);
	fixture_begin_stop(&scene.fixture);
	gate_open(&scene.gate, waiting + 1);
	expect(&scene.running, 200);
	for (int i = 0; i < waiting; i++)
		expect(&scene.queued[i], 200);
	fixture_await(&scene.fixture, WEIR_CLEAN);
	cr_assert_eq(scene.fixture.report->counts.in_flight, waiting + 1);
	cr_assert_eq(scene.fixture.report->counts.answered, waiting + 1);
	fixture_destroy(&scene.fixture);
	gate_destroy(&scene.gate);
}

Test(queued_requests_are_answered, with_503_after_the_grace_and_never_run)
{
	struct scene scene;

	set_up(&scene);
	weir_server_cancel(scene.fixture.server, "test");
	for (int i = 0; i < waiting; i++)
		expect(&scene.queued[i], 503);
	cr_assert_eq(gate_arrivals(&scene.gate), 1);
	gate_open(&scene.gate, 1);
	expect(&scene.running, 200);
	fixture_await(&scene.fixture, WEIR_CLEAN);
	cr_assert_eq(gate_arrivals(&scene.gate), 1);
	cr_assert_eq(scene.fixture.report->counts.in_flight, waiting + 1);
	cr_assert_eq(scene.fixture.report->counts.cancelled, waiting);
	fixture_destroy(&scene.fixture);
	gate_destroy(&scene.gate);
}
