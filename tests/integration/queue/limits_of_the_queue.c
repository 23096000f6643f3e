/* How many of a route may wait, how long any may, and what is said to those that may not: no
 * worker has a hand in it. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>

#include <weir/io.h>

#include "support/fixture.h"
#include "support/gate.h"
#include "support/handlers.h"
#include "support/reply.h"

struct scene {
	struct fixture fixture;
	struct gate gate;
	struct client busy; /* has the only worker */
};

static void set_up(struct scene *scene, const struct weir_server_options *options,
		   const struct weir_route_options *route)
{
	gate_init(&scene->gate);
	fixture_create(&scene->fixture, options);
	fixture_route(&scene->fixture, "GET /gated", handle_gated, &scene->gate);
	fixture_route(&scene->fixture, "GET /hello", handle_hello, NULL);
	fixture_route_with(&scene->fixture, "* /limited", handle_hello, NULL, route);
	fixture_start(&scene->fixture);
	client_open(&scene->busy, scene->fixture.url);
	client_send_text(&scene->busy, "GET /gated HTTP/1.1\r\nHost: test\r\n\r\n");
	gate_await(&scene->gate, 1);
}

static void ask(struct scene *scene, struct client *client, const char *path)
{
	client_open(client, scene->fixture.url);
	client_printf(client, "GET %s HTTP/1.1\r\nHost: test\r\n\r\n", path);
}

/* The seconds of Retry-After, or 0. */
static int expect(struct client *client, int status, const char *body)
{
	struct reply reply;
	int seconds;

	client_receive(client, &reply);
	cr_assert_eq(reply.status, status, "%d", reply.status);
	cr_assert_str_eq(reply.body, body);
	cr_assert(reply.complete);
	if (status == 503)
		cr_assert_str_eq(reply_header(&reply, "Connection"), "Keep-Alive");
	seconds = status == 503 ? atoi(reply_header(&reply, "Retry-After")) : 0;
	cr_assert_eq(status == 503, seconds > 0);
	reply_free(&reply);
	return seconds;
}

static void tear_down(struct scene *scene)
{
	gate_open(&scene->gate, 1);
	(void)expect(&scene->busy, 200, "done\n");
	client_close(&scene->busy);
	fixture_finish(&scene->fixture);
	gate_destroy(&scene->gate);
}

#define FULL "503 Service Unavailable: the queue of this route is full\n"
#define LATE "503 Service Unavailable: no worker was free in time\n"

Test(limits_of_the_queue, a_route_has_its_share)
{
	const struct weir_server_options options = {.workers = 1};
	const struct weir_route_options route = {.queue = 2};
	struct client queued[2], other, refused;
	struct scene scene;

	set_up(&scene, &options, &route);
	for (unsigned i = 0; i < 2; i++) {
		ask(&scene, &queued[i], "/limited");
		metrics_await(scene.fixture.server, "weir_queue_depth", i + 1);
	}
	ask(&scene, &refused, "/limited");
	(void)expect(&refused, 503, FULL);
	client_send_text(&refused,
			 "POST /limited HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\n\r\nbody");
	(void)expect(&refused, 503, FULL);
	ask(&scene, &other, "/hello");
	metrics_await(scene.fixture.server, "weir_queue_depth", 3);
	cr_assert_eq(metrics_now(scene.fixture.server,
				 "weir_queue_refused_total{reason=\"route_full\"}"),
		     2);
	cr_assert_eq(metrics_now(scene.fixture.server, "weir_queue_full_total"), 0);
	tear_down(&scene);
	for (unsigned i = 0; i < 2; i++) {
		(void)expect(&queued[i], 200, "hello\n");
		client_close(&queued[i]);
	}
	(void)expect(&other, 200, "hello\n");
	client_close(&other);
	client_close(&refused);
}

Test(limits_of_the_queue, what_waits_too_long_is_answered_while_the_worker_is_stuck)
{
	const struct weir_server_options options = {.workers = 1,
						    .queue_age = 50 * WEIR_MILLISECOND};
	struct client client;
	struct scene scene;

	set_up(&scene, &options, NULL);
	ask(&scene, &client, "/hello");
	(void)expect(&client, 503, LATE);
	cr_assert_eq(
		metrics_now(scene.fixture.server, "weir_queue_refused_total{reason=\"too_old\"}"),
		1);
	cr_assert_eq(metrics_now(scene.fixture.server, "weir_workers_busy"), 1);
	client_close(&client);
	tear_down(&scene);
}

Test(limits_of_the_queue, a_route_may_be_less_patient)
{
	const struct weir_server_options options = {.workers = 1, .queue_age = 3600 * WEIR_SECOND};
	const struct weir_route_options route = {.queue_age = 20 * WEIR_MILLISECOND};
	struct client patient, client;
	struct scene scene;

	set_up(&scene, &options, &route);
	ask(&scene, &patient, "/hello");
	metrics_await(scene.fixture.server, "weir_queue_depth", 1);
	ask(&scene, &client, "/limited");
	(void)expect(&client, 503, LATE);
	cr_assert_eq(metrics_now(scene.fixture.server, "weir_queue_depth"), 1);
	tear_down(&scene);
	(void)expect(&patient, 200, "hello\n");
	client_close(&patient);
	client_close(&client);
}

/* One request was taken in all the time that others have waited: so long does each of them take,
 * as far as anybody knows. */
Test(limits_of_the_queue, retry_after_follows_the_measured_rate)
{
	enum { waiting = 10 };
	const struct weir_server_options options = {.workers = 1, .queue = waiting};
	struct client client[waiting], refused;
	struct scene scene;

	set_up(&scene, &options, NULL);
	for (unsigned i = 0; i < waiting; i++)
		ask(&scene, &client[i], "/hello");
	metrics_await(scene.fixture.server, "weir_queue_depth", waiting);
	cr_assert_eq(weir_sleep(NULL, weir_after(310 * WEIR_MILLISECOND)), 0);
	ask(&scene, &refused, "/hello");
	cr_assert_geq(expect(&refused, 503, "503 Service Unavailable: the queue is full\n"), 4);
	tear_down(&scene);
	for (unsigned i = 0; i < waiting; i++) {
		(void)expect(&client[i], 200, "hello\n");
		client_close(&client[i]);
	}
	client_close(&refused);
}

Test(limits_of_the_queue, are_checked_when_they_are_set)
{
	static const struct weir_server_options wrong[] = {
		{.queue_age = -2}, {.queue_target = -2}, {.queue_interval = WEIR_NONE}};
	static const struct weir_route_options wrong_route[] = {
		{.queue = 1000001}, {.queue_age = -1}, {.priority = WEIR_PRIORITY_FIRST + 1}};
	weir_server *server;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		cr_assert_eq(weir_server_create(&wrong[i], &server), -EINVAL, "%zu", i);
	cr_assert_eq(weir_server_create(NULL, &server), 0);
	for (size_t i = 0; i < sizeof(wrong_route) / sizeof(wrong_route[0]); i++)
		cr_assert_eq(
			weir_server_route(server, "GET /", handle_hello, NULL, &wrong_route[i]),
			-EINVAL, "%zu", i);
	weir_server_destroy(server);
}
