/* Requests wait and all workers are blocked: more are started, up to the maximum; idle ones end
 * again. A stop at any moment joins them all. */
#include <criterion/criterion.h>

#include <errno.h>

#include "support/fixture.h"
#include "support/gate.h"
#include "support/handlers.h"
#include "support/reply.h"

enum { LEAST = 2, MOST = 5, CLIENTS = 7 };

struct scene {
	struct fixture fixture;
	struct gate gate;
	struct client client[CLIENTS];
};

static void set_up(struct scene *scene)
{
	const struct weir_server_options options = {.workers = LEAST,
						    .workers_max = MOST,
						    .worker_idle = WEIR_MILLISECOND,
						    .queue_target = WEIR_NONE};

	gate_init(&scene->gate);
	fixture_serve(&scene->fixture, &options, "GET /gated", handle_gated, &scene->gate);
	for (int i = 0; i < CLIENTS; i++) {
		client_open(&scene->client[i], scene->fixture.url);
		client_send_text(&scene->client[i], "GET /gated HTTP/1.1\r\nHost: test\r\n\r\n");
	}
	gate_await(&scene->gate, MOST);
	metrics_await(scene->fixture.server, "weir_requests_in_flight{phase=\"queued\"}",
		      CLIENTS - MOST);
	cr_assert_eq(metrics_now(scene->fixture.server, "weir_workers"), MOST);
	cr_assert_eq(metrics_now(scene->fixture.server, "weir_workers_started_total"),
		     MOST - LEAST);
}

static void tear_down(struct scene *scene)
{
	struct reply reply;

	for (int i = 0; i < CLIENTS; i++) {
		client_receive(&scene->client[i], &reply);
		cr_assert_eq(reply.status, 200);
		reply_free(&reply);
		client_close(&scene->client[i]);
	}
	fixture_await(&scene->fixture, WEIR_CLEAN);
	cr_assert_eq(scene->fixture.report->counts.answered,
		     scene->fixture.report->counts.in_flight);
	fixture_destroy(&scene->fixture);
	gate_destroy(&scene->gate);
}

Test(workers_come_and_go, up_to_the_maximum_and_back)
{
	struct scene scene;

	set_up(&scene);
	gate_open(&scene.gate, CLIENTS);
	metrics_await(scene.fixture.server, "weir_workers", LEAST);
	cr_assert_eq(metrics_now(scene.fixture.server, "weir_workers_ended_total"), MOST - LEAST);
	weir_server_stop(scene.fixture.server, "test");
	tear_down(&scene);
}

Test(workers_come_and_go, a_stop_waits_for_those_that_came_later)
{
	struct scene scene;

	set_up(&scene);
	fixture_begin_stop(&scene.fixture);
	gate_open(&scene.gate, CLIENTS);
	tear_down(&scene);
}

Test(workers_come_and_go, there_cannot_be_fewer_at_most_than_at_least)
{
	const struct weir_server_options options = {.workers = 3, .workers_max = 2};
	weir_server *server;

	cr_assert_eq(weir_server_create(&options, &server), -EINVAL);
}
