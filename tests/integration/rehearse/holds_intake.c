/* While a rehearsal runs, new connections wait in the backlog and new requests in the queue;
 * inline routes and admin listeners answer; afterwards all are served. The pause ends with the
 * rehearsal's time at the latest, and what outlasts that is named. */
#include <criterion/criterion.h>

#include "support/fixture.h"
#include "support/gate.h"
#include "support/handlers.h"
#include "support/must.h"
#include "support/rehearsing.h"
#include "support/reply.h"

struct scene {
	struct fixture fixture;
	struct gate gate, other;
	struct client stubborn, kept;
	const char *admin;
};

static void set_up(struct scene *scene)
{
	const struct weir_route_options at_once = {.run = WEIR_RUN_INLINE,
						   .scope = WEIR_SCOPE_BOTH};
	struct reply reply;

	gate_init(&scene->gate);
	gate_init(&scene->other);
	fixture_create(&scene->fixture, NULL);
	fixture_route(&scene->fixture, "GET /stubborn", handle_gated, &scene->gate);
	fixture_route(&scene->fixture, "GET /other", handle_gated, &scene->other);
	fixture_route(&scene->fixture, "GET /hello", handle_hello, NULL);
	fixture_route_with(&scene->fixture, "GET /healthz", handle_hello, NULL, &at_once);
	cr_assert_eq(weir_server_listen(scene->fixture.server, "127.0.0.1:0", WEIR_SCOPE_ADMIN), 0);
	fixture_start(&scene->fixture);
	scene->admin = weir_server_url(scene->fixture.server, 1);
	client_open(&scene->stubborn, scene->fixture.url);
	client_send_text(&scene->stubborn, "GET /stubborn HTTP/1.1\r\nHost: test\r\n\r\n");
	gate_await(&scene->gate, 1);
	client_open(&scene->kept, scene->fixture.url);
	client_get(&scene->kept, "/hello", &reply);
	reply_free(&reply);
}

static void expect(struct client *client, int status)
{
	struct reply reply;

	client_receive(client, &reply);
	cr_assert_eq(reply.status, status);
	reply_free(&reply);
}

static void tear_down(struct scene *scene)
{
	client_close(&scene->stubborn);
	client_close(&scene->kept);
	fixture_finish(&scene->fixture);
	gate_destroy(&scene->other);
	gate_destroy(&scene->gate);
}

Test(holds_intake, until_everything_is_over)
{
	struct rehearsing rehearsing;
	struct client fresh, other;
	struct scene scene;
	struct reply reply;

	set_up(&scene);
	rehearsing_begin(&rehearsing, scene.fixture.server, 1, 2 * MUST_PATIENCE);
	rehearsing_await_pause(&rehearsing);
	client_send_text(&scene.kept, "GET /hello HTTP/1.1\r\nHost: test\r\n\r\n");
	metrics_await(scene.fixture.server, "weir_queue_depth", 1);
	client_open(&fresh, scene.fixture.url);
	client_send_text(&fresh, "GET /hello HTTP/1.1\r\nHost: test\r\n\r\n");
	/* The admin listener takes connections, and inline routes answer. */
	client_open(&other, scene.admin);
	client_get(&other, "/healthz", &reply);
	cr_assert_eq(reply.status, 200);
	reply_free(&reply);
	client_close(&other);
	cr_assert_eq(metrics_now(scene.fixture.server, "weir_connections_accepted_total"), 2);
	cr_assert(client_is_quiet(&scene.kept));
	cr_assert(client_is_quiet(&fresh));

	gate_open(&scene.gate, 1);
	rehearsing_end(&rehearsing, 0);
	cr_assert_eq(rehearsing.out.tripped, 1);
	cr_assert_eq(rehearsing.out.over, 1);
	cr_assert_str_eq(rehearsing.out.slowest, "GET /stubborn");
	expect(&scene.stubborn, 200); /* it has ignored its token */
	expect(&scene.kept, 200);
	expect(&fresh, 200);
	cr_assert_eq(metrics_now(scene.fixture.server, "weir_intake_paused"), 0);
	client_close(&fresh);
	tear_down(&scene);
}

Test(holds_intake, no_longer_than_its_time)
{
	const struct weir_rehearsal_options brief = {.timeout = 50 * WEIR_MILLISECOND};
	struct weir_rehearsal out;
	struct scene scene;
	struct reply reply;

	set_up(&scene);
	cr_assert_eq(weir_server_rehearse(scene.fixture.server, &brief, &out), 0);
	cr_assert_eq(out.tripped, 1);
	cr_assert_eq(out.over, 0);
	cr_assert_geq(out.paused, brief.timeout);
	cr_assert_lt(out.paused, MUST_PATIENCE);
	cr_assert_eq(out.last + out.p50 + out.p99, 0);
	cr_assert_str_eq(out.slowest, "GET /stubborn");
	client_get(&scene.kept, "/hello", &reply);
	cr_assert_eq(reply.status, 200);
	reply_free(&reply);
	metrics_await_sum(scene.fixture.server, "weir_requests_in_flight", 1);
	/* What it has tripped has nothing to do with the next one. */
	cr_assert_eq(weir_server_rehearse(scene.fixture.server, NULL, &out), 0);
	cr_assert_eq(out.in_flight, 1);
	cr_assert_eq(out.tripped, 0);
	gate_open(&scene.gate, 1);
	expect(&scene.stubborn, 200);
	tear_down(&scene);
}

Test(holds_intake, for_none_but_those_that_it_has_tripped)
{
	const struct weir_rehearsal_options brief = {.timeout = WEIR_MILLISECOND};
	struct rehearsing rehearsing;
	struct weir_rehearsal out;
	struct scene scene;

	set_up(&scene);
	cr_assert_eq(weir_server_rehearse(scene.fixture.server, &brief, &out), 0);
	cr_assert_eq(out.over, 0);
	client_send_text(&scene.kept, "GET /other HTTP/1.1\r\nHost: test\r\n\r\n");
	gate_await(&scene.other, 1);
	rehearsing_begin(&rehearsing, scene.fixture.server, 1, 2 * MUST_PATIENCE);
	rehearsing_await_pause(&rehearsing);
	/* The first one's is over now. */
	gate_open(&scene.gate, 1);
	expect(&scene.stubborn, 200);
	metrics_await_sum(scene.fixture.server, "weir_requests_in_flight", 1);
	cr_assert_eq(metrics_now(scene.fixture.server, "weir_intake_paused"), 1);
	gate_open(&scene.other, 1);
	rehearsing_end(&rehearsing, 0);
	cr_assert_eq(rehearsing.out.in_flight, 2);
	cr_assert_eq(rehearsing.out.tripped, 1);
	cr_assert_eq(rehearsing.out.over, 1);
	cr_assert_str_eq(rehearsing.out.slowest, "GET /other");
	expect(&scene.kept, 200);
	tear_down(&scene);
}

Test(holds_intake, of_listeners_that_come_meanwhile)
{
	struct rehearsing rehearsing;
	struct client early;
	struct scene scene;

	set_up(&scene);
	rehearsing_begin(&rehearsing, scene.fixture.server, 1, 2 * MUST_PATIENCE);
	rehearsing_await_pause(&rehearsing);
	cr_assert_eq(weir_server_listen(scene.fixture.server, "127.0.0.1:0", WEIR_SCOPE_PUBLIC), 0);
	client_open(&early, weir_server_url(scene.fixture.server, 2));
	client_send_text(&early, "GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n");
	cr_assert_eq(metrics_now(scene.fixture.server, "weir_connections_accepted_total"), 2);
	cr_assert(client_is_quiet(&early));
	gate_open(&scene.gate, 1);
	rehearsing_end(&rehearsing, 0);
	expect(&early, 200);
	expect(&scene.stubborn, 200);
	client_close(&early);
	tear_down(&scene);
}
