/* client_requests and max_requests: what is in flight, of one client and of all. */
#include <criterion/criterion.h>

#include "support/fixture.h"
#include "support/gate.h"
#include "support/handlers.h"
#include "support/reply.h"

#define OWN "127.0.0.2"
#define OTHER "127.0.0.3"

struct scene {
	struct fixture fixture;
	struct gate gate;
	struct client running; /* in its handler, from OWN */
};

static void set_up(struct scene *scene, const struct weir_server_options *options)
{
	gate_init(&scene->gate);
	fixture_create(&scene->fixture, options);
	fixture_route(&scene->fixture, "GET /gated", handle_gated, &scene->gate);
	fixture_route(&scene->fixture, "GET /hello", handle_hello, NULL);
	fixture_route(&scene->fixture, "POST /echo", handle_echo, NULL);
	fixture_start(&scene->fixture);
	client_open_from(&scene->running, scene->fixture.url, OWN);
	client_send_text(&scene->running, "GET /gated HTTP/1.1\r\nHost: test\r\n\r\n");
	gate_await(&scene->gate, 1);
}

static void tear_down(struct scene *scene)
{
	client_close(&scene->running);
	fixture_finish(&scene->fixture);
	gate_destroy(&scene->gate);
}

static void let_go(struct scene *scene)
{
	struct reply reply;

	gate_open(&scene->gate, 1);
	client_receive(&scene->running, &reply);
	cr_assert_eq(reply.status, 200);
	reply_free(&reply);
}

static void expect_status(struct client *client, int status)
{
	struct reply reply;

	client_get(client, "/hello", &reply);
	cr_assert_eq(reply.status, status, "%d", reply.status);
	if (status != 200) {
		cr_expect_not_null(reply_header(&reply, "Retry-After"));
		cr_expect_not(reply_says_close(&reply));
	}
	reply_free(&reply);
}

Test(too_many_requests_of_one, are_answered_429)
{
	const struct weir_server_options options = {.client_requests = 1};
	struct scene scene;
	struct client own, other;

	set_up(&scene, &options);
	client_open_from(&own, scene.fixture.url, OWN);
	expect_status(&own, 429);
	expect_status(&own, 429);
	client_open_from(&other, scene.fixture.url, OTHER);
	expect_status(&other, 200);
	cr_expect_eq(metrics_now(scene.fixture.server, "weir_client_requests_refused_total"), 2);
	cr_expect_eq(metrics_now(scene.fixture.server, "weir_requests_refused_total"), 2);
	let_go(&scene);
	expect_status(&own, 200);
	client_close(&own);
	client_close(&other);
	tear_down(&scene);
}

/* Its client has gone, and its handler still runs: that is what the limit is for. */
Test(too_many_requests_of_one, count_while_their_handler_runs)
{
	const struct weir_server_options options = {.client_requests = 1};
	struct scene scene;
	struct client own;

	set_up(&scene, &options);
	client_open_from(&own, scene.fixture.url, OWN);
	client_reset(&scene.running);
	expect_status(&own, 429);
	gate_open(&scene.gate, 1);
	metrics_await_sum(scene.fixture.server, "weir_requests_in_flight", 0);
	expect_status(&own, 200);
	client_close(&own);
	tear_down(&scene);
}

/* From the header on, not only with a handler. */
Test(too_many_requests_of_one, count_while_their_body_comes)
{
	const struct weir_server_options options = {.client_requests = 2};
	struct scene scene;
	struct client sending, own;
	struct reply reply;

	set_up(&scene, &options);
	client_open_from(&sending, scene.fixture.url, OWN);
	client_send_text(&sending,
			 "POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 2\r\n\r\nx");
	metrics_await(scene.fixture.server, "weir_requests_in_flight{phase=\"receiving\"}", 1);
	client_open_from(&own, scene.fixture.url, OWN);
	expect_status(&own, 429);
	client_send_text(&sending, "y");
	client_receive(&sending, &reply);
	cr_assert_eq(reply.status, 200);
	cr_expect_str_eq(reply.body, "xy");
	reply_free(&reply);
	expect_status(&own, 200);
	let_go(&scene);
	client_close(&sending);
	client_close(&own);
	tear_down(&scene);
}

Test(too_many_requests_of_one, of_all_are_answered_503)
{
	const struct weir_server_options options = {.max_requests = 1};
	struct scene scene;
	struct client other;

	set_up(&scene, &options);
	client_open_from(&other, scene.fixture.url, OTHER);
	expect_status(&other, 503);
	cr_expect_eq(metrics_now(scene.fixture.server, "weir_request_limit_total"), 1);
	cr_expect_eq(metrics_now(scene.fixture.server, "weir_client_requests_refused_total"), 0);
	let_go(&scene);
	expect_status(&other, 200);
	client_close(&other);
	tear_down(&scene);
}
