/* In an overloaded server the newest requests run, those that have waited too long are answered
 * 503 with Retry-After, and their connections stay. A stop serves what is queued as it came.
 *
 * Time must pass here, because overload is what lasts for an interval; what is relied upon is
 * that at least so much has passed, never that no more has.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include <weir/io.h>

#include "support/fixture.h"
#include "support/gate.h"
#include "support/handlers.h"
#include "support/reply.h"

#define INTERVAL (200 * WEIR_MILLISECOND)
#define LONGER (INTERVAL + WEIR_MILLISECOND)

enum { CLIENTS = 6 };

static const struct weir_server_options options = {
	.workers = 1,
	.queue_target = WEIR_MICROSECOND,
	.queue_interval = INTERVAL,
};

struct scene {
	struct fixture fixture;
	struct gate gate;
	struct client client[CLIENTS];
	char order[CLIENTS + 1]; /* of those that were run: the worker's, then the test's */
	size_t run;
};

static int note_order(weir_request *request, weir_response *response, weir_token *token)
{
	struct scene *scene = weir_request_context(request);
	int error;

	(void)token;
	scene->order[scene->run++] = weir_request_param(request, "letter")[0];
	error = gate_pass(&scene->gate);
	return error ? error : weir_response_printf(response, "ok\n");
}

/* The worker has a, then b for longer than the interval, and then c to f stand in the queue. */
static void set_up(struct scene *scene)
{
	memset(scene, 0, sizeof(*scene));
	gate_init(&scene->gate);
	fixture_create(&scene->fixture, &options);
	fixture_route(&scene->fixture, "GET /{letter}", note_order, scene);
	fixture_start(&scene->fixture);
	for (unsigned i = 0; i < CLIENTS; i++) {
		client_open(&scene->client[i], scene->fixture.url);
		client_printf(&scene->client[i], "GET /%c HTTP/1.1\r\nHost: test\r\n\r\n", 'a' + i);
		if (i == 0)
			gate_await(&scene->gate, 1);
		metrics_await(scene->fixture.server, "weir_queue_depth", i);
	}
	cr_assert_eq(weir_sleep(NULL, weir_after(LONGER)), 0);
	gate_open(&scene->gate, 1); /* b begins an interval, and even it has waited for long */
	gate_await(&scene->gate, 1);
	cr_assert_eq(weir_sleep(NULL, weir_after(LONGER)), 0);
}

static void tear_down(struct scene *scene)
{
	for (int i = 0; i < CLIENTS; i++)
		client_close(&scene->client[i]);
	fixture_destroy(&scene->fixture);
	gate_destroy(&scene->gate);
}

static void expect_served(struct scene *scene, char letter)
{
	struct reply reply;

	client_receive(&scene->client[letter - 'a'], &reply);
	cr_assert_eq(reply.status, 200, "%c: %d", letter, reply.status);
	reply_free(&reply);
}

static void expect_refused(struct scene *scene, char letter)
{
	struct reply reply;

	client_receive(&scene->client[letter - 'a'], &reply);
	cr_assert_eq(reply.status, 503, "%c: %d", letter, reply.status);
	cr_assert_str_eq(reply.body, "503 Service Unavailable: the server is overloaded\n");
	cr_assert_str_eq(reply_header(&reply, "Connection"), "Keep-Alive");
	cr_assert_geq(atoi(reply_header(&reply, "Retry-After")), 1);
	reply_free(&reply);
}

Test(overload_is_shed, the_newest_run_and_the_late_are_refused)
{
	struct scene scene;
	weir_server *server;

	set_up(&scene);
	server = scene.fixture.server;
	cr_assert_eq(metrics_now(server, "weir_queue_overloaded{priority=\"normal\"}"), 0);
	gate_open(&scene.gate, 1); /* the first of its interval: nobody is refused, but the newest
				      runs */
	gate_await(&scene.gate, 1);
	cr_assert_eq(metrics_now(server, "weir_queue_overloaded{priority=\"normal\"}"), 1);
	cr_assert_eq(metrics_now(server, "weir_queue_refused_total{reason=\"overloaded\"}"), 0);
	cr_assert_eq(metrics_now(server, "weir_queue_depth"), 3);
	gate_open(&scene.gate, 1);
	for (const char *letter = "cde"; *letter; letter++)
		expect_refused(&scene, *letter);
	expect_served(&scene, 'a');
	expect_served(&scene, 'b');
	expect_served(&scene, 'f');
	cr_assert_str_eq(scene.order, "abf");
	cr_assert_eq(metrics_now(server, "weir_queue_refused_total{reason=\"overloaded\"}"), 3);
	cr_assert_eq(metrics_now(server, "weir_requests_refused_total"), 3);
	cr_assert_eq(metrics_now(server, "weir_queue_wait_seconds_count"), 3);

	/* On the same connection; the first of an interval again. */
	cr_assert_eq(weir_sleep(NULL, weir_after(LONGER)), 0);
	client_send_text(&scene.client[2], "GET /c HTTP/1.1\r\nHost: test\r\n\r\n");
	gate_open(&scene.gate, 1);
	expect_served(&scene, 'c');
	weir_server_stop(server, NULL);
	(void)fixture_await(&scene.fixture, WEIR_CLEAN);
	tear_down(&scene);
}

Test(overload_is_shed, but_a_stop_serves_what_is_queued)
{
	struct scene scene;

	set_up(&scene);
	gate_open(&scene.gate, 1);
	gate_await(&scene.gate, 1);
	fixture_begin_stop(&scene.fixture);
	gate_open(&scene.gate, CLIENTS);
	for (const char *letter = "abcdef"; *letter; letter++)
		expect_served(&scene, *letter);
	cr_assert_str_eq(scene.order, "abfcde");
	(void)fixture_await(&scene.fixture, WEIR_CLEAN);
	tear_down(&scene);
}

Test(overload_is_shed, unless_that_is_switched_off)
{
	const struct weir_server_options off = {.workers = 1, .queue_target = WEIR_NONE};
	struct fixture fixture;
	struct gate gate;
	struct client client[CLIENTS];
	struct reply reply;

	gate_init(&gate);
	fixture_serve(&fixture, &off, "GET /gated", handle_gated, &gate);
	for (unsigned i = 0; i < CLIENTS; i++) {
		client_open(&client[i], fixture.url);
		client_send_text(&client[i], "GET /gated HTTP/1.1\r\nHost: test\r\n\r\n");
	}
	for (unsigned i = 0; i < CLIENTS; i++) {
		gate_await(&gate, 1);
		cr_assert_eq(weir_sleep(NULL, weir_after(101 * WEIR_MILLISECOND)), 0);
		gate_open(&gate, 1);
	}
	for (unsigned i = 0; i < CLIENTS; i++) {
		client_receive(&client[i], &reply);
		cr_assert_eq(reply.status, 200);
		reply_free(&reply);
		client_close(&client[i]);
	}
	fixture_finish(&fixture);
	gate_destroy(&gate);
}
