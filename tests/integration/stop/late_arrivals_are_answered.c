/* Requests that come in while a stop runs, on connections that were there before it: they
 * are served in the grace, refused with 503 when it is over, and counted as arrived. */
#include <criterion/criterion.h>

#include "support/fixture.h"
#include "support/gate.h"
#include "support/handlers.h"
#include "support/reply.h"

struct scene {
	struct fixture fixture;
	struct gate gate, sleep_gate;
	struct sleeping sleeping;
	struct client busy, fresh;
};

/* One request holds the stop; another connection has said nothing yet. */
static void set_up(struct scene *scene)
{
	const struct weir_server_options options = {.grace = 3600 * WEIR_SECOND,
						    .drain_timeout = 3600 * WEIR_SECOND,
						    .header_timeout = 3600 * WEIR_SECOND};

	gate_init(&scene->gate);
	gate_init(&scene->sleep_gate);
	scene->sleeping = (struct sleeping){.gate = &scene->sleep_gate};
	fixture_create(&scene->fixture, &options);
	fixture_route(&scene->fixture, "GET /gated", handle_gated, &scene->gate);
	fixture_route(&scene->fixture, "GET /sleep", handle_sleeping, &scene->sleeping);
	fixture_route(&scene->fixture, "GET /hello", handle_hello, NULL);
	fixture_start(&scene->fixture);
	client_open(&scene->fresh, scene->fixture.url);
	client_open(&scene->busy, scene->fixture.url);
	client_send_text(&scene->busy, "GET /gated HTTP/1.1\r\nHost: test\r\n\r\n");
	gate_await(&scene->gate, 1);
	metrics_await(scene->fixture.server, "weir_connections_open", 2);
}

static void expect(struct client *client, int status)
{
	struct reply reply;

	client_receive(client, &reply);
	cr_assert_eq(reply.status, status);
	cr_assert(reply.complete);
	cr_assert(reply_says_close(&reply));
	cr_assert_eq(client_await_end(client), CLIENT_CLOSED);
	reply_free(&reply);
	client_close(client);
}

static void tear_down(struct scene *scene, unsigned in_flight)
{
	fixture_await(&scene->fixture, WEIR_CLEAN);
	cr_assert_eq(scene->fixture.report->counts.in_flight, in_flight);
	cr_assert_eq(scene->fixture.report->counts.arrived, 1);
	fixture_destroy(&scene->fixture);
	gate_destroy(&scene->gate);
	gate_destroy(&scene->sleep_gate);
}

Test(late_arrivals_are_answered, by_their_handlers_in_the_grace)
{
	struct scene scene;

	set_up(&scene);
	fixture_begin_stop(&scene.fixture);
	client_send_text(&scene.fresh, "GET /hello HTTP/1.1\r\nHost: test\r\n\r\n");
	expect(&scene.fresh, 200);
	gate_open(&scene.gate, 1);
	expect(&scene.busy, 200);
	tear_down(&scene, 1);
}

Test(late_arrivals_are_answered, with_503_after_it)
{
	struct scene scene;
	struct client sleeper;

	set_up(&scene);
	client_open(&sleeper, scene.fixture.url);
	client_send_text(&sleeper, "GET /sleep HTTP/1.1\r\nHost: test\r\n\r\n");
	gate_await(&scene.sleep_gate, 1);
	weir_server_cancel(scene.fixture.server, "test");
	expect(&sleeper, 503);
	client_send_text(&scene.fresh, "GET /hello HTTP/1.1\r\nHost: test\r\n\r\n");
	expect(&scene.fresh, 503);
	gate_open(&scene.gate, 1);
	expect(&scene.busy, 200);
	tear_down(&scene, 2);
}

/* The answer before it says that the connection ends here: what was sent after it has not
 * been looked at, and its client knows. */
Test(late_arrivals_are_answered, but_not_those_behind_a_last_answer)
{
	const struct weir_server_options options = {.grace = 3600 * WEIR_SECOND,
						    .drain_timeout = 3600 * WEIR_SECOND};
	struct fixture fixture;
	struct gate gate;
	struct client client;
	struct reply reply;

	gate_init(&gate);
	fixture_serve(&fixture, &options, "GET /gated", handle_gated, &gate);
	client_open(&client, fixture.url);
	client_send_text(&client, "GET /gated HTTP/1.1\r\nHost: test\r\n\r\n"
				  "GET /gated HTTP/1.1\r\nHost: test\r\n\r\n");
	gate_await(&gate, 1);
	fixture_begin_stop(&fixture);
	gate_open(&gate, 1);
	client_receive(&client, &reply);
	cr_assert_eq(reply.status, 200);
	cr_assert(reply_says_close(&reply));
	reply_free(&reply);
	client_receive(&client, &reply);
	cr_assert_eq(reply.status, 0);
	reply_free(&reply);
	client_close(&client);
	fixture_await(&fixture, WEIR_CLEAN);
	cr_assert_eq(fixture.report->counts.answered, 1);
	cr_assert_eq(gate_arrivals(&gate), 1);
	fixture_destroy(&fixture);
	gate_destroy(&gate);
}
