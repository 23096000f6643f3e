/* What a handler defers is run when it returns, however it returns: the last one first, on its
 * thread, before its answer is on its way. */
#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "support/fixture.h"
#include "support/gate.h"
#include "support/handlers.h"
#include "support/must.h"
#include "support/reply.h"

struct scene {
	struct fixture fixture;
	struct gate gate;
	struct client client;
	int result;   /* what the handler returns at once; 1: sleeps until its token trips */
	bool waits;   /* the first of the deferred calls to run passes the gate */
	bool nested;  /* ... defers another one */
	bool streams; /* the handler answers with a stream */
	pthread_t thread;
	weir_request *request;
	char order[16];
};

static void note(struct scene *scene, char name)
{
	size_t count = strlen(scene->order);

	must(count + 1 < sizeof(scene->order), "too many calls");
	must(pthread_equal(scene->thread, pthread_self()), "on another thread");
	scene->order[count] = name; /* the rest is zero */
}

static void late(void *arg)
{
	note(arg, 'd');
}

static void first(void *arg)
{
	note(arg, 'a');
	gate_announce(&((struct scene *)arg)->gate);
}

static void second(void *arg)
{
	note(arg, 'b');
}

static void third(void *arg)
{
	struct scene *scene = arg;

	note(scene, 'c');
	if (scene->waits)
		must(gate_pass(&scene->gate) == 0, "nobody opens the gate");
	if (scene->nested)
		must(weir_request_defer(scene->request, late, scene) == 0, "no memory");
}

static int handle(weir_request *request, weir_response *response, weir_token *token)
{
	struct scene *scene = weir_request_context(request);
	int rc;

	scene->thread = pthread_self();
	scene->request = request;
	must(weir_request_defer(request, NULL, scene) == -EINVAL, "NULL was taken");
	must(weir_request_defer(request, first, scene) == 0, "no memory");
	must(weir_request_defer(request, second, scene) == 0, "no memory");
	must(weir_request_defer(request, third, scene) == 0, "no memory");
	must(scene->order[0] == '\0', "run before the handler returned");
	if (scene->result == 1) {
		gate_announce(&scene->gate);
		return weir_sleep(token, weir_after(MUST_PATIENCE));
	}
	rc = scene->streams ? weir_response_stream(response, -1)
			    : weir_response_printf(response, "done\n");
	if (!rc && scene->streams)
		rc = weir_response_write(response, "stream\n", 7);
	return rc ? rc : scene->result;
}

static void set_up(struct scene *scene, const struct weir_route_options *options)
{
	const struct weir_server_options hurried = {.grace = WEIR_NONE};

	gate_init(&scene->gate);
	fixture_create(&scene->fixture, &hurried);
	fixture_route_with(&scene->fixture, "* /", handle, scene, options);
	fixture_start(&scene->fixture);
	client_open(&scene->client, scene->fixture.url);
	client_send_text(&scene->client,
			 "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n");
}

static void expect(struct scene *scene, int status, const char *order)
{
	struct reply reply;

	client_receive(&scene->client, &reply);
	cr_assert_eq(reply.status, status, "%d", reply.status);
	reply_free(&reply);
	cr_assert_str_eq(scene->order, order);
}

static void tear_down(struct scene *scene)
{
	client_close(&scene->client);
	fixture_finish(&scene->fixture);
	gate_destroy(&scene->gate);
}

Test(deferred_calls, run_in_reverse_order)
{
	struct scene scene = {0};

	set_up(&scene, NULL);
	expect(&scene, 200, "cba");
	tear_down(&scene);
}

Test(deferred_calls, run_before_the_answer)
{
	struct scene scene = {.waits = true};

	set_up(&scene, NULL);
	gate_await(&scene.gate, 1);
	cr_assert(client_is_quiet(&scene.client));
	gate_open(&scene.gate, 1);
	expect(&scene, 200, "cba");
	tear_down(&scene);
}

/* What was written may be on its way by then, but not the end. */
Test(deferred_calls, run_before_the_end_of_a_stream)
{
	struct scene scene = {.waits = true, .streams = true};

	set_up(&scene, NULL);
	gate_await(&scene.gate, 1);
	client_await_text(&scene.client, "stream\n");
	gate_open(&scene.gate, 1);
	expect(&scene, 200, "cba");
	tear_down(&scene);
}

Test(deferred_calls, may_defer_another)
{
	struct scene scene = {.nested = true};

	set_up(&scene, NULL);
	expect(&scene, 200, "cdba");
	tear_down(&scene);
}

Test(deferred_calls, run_on_the_acceptor_for_an_inline_route)
{
	struct scene scene = {0};

	set_up(&scene, &(struct weir_route_options){.run = WEIR_RUN_INLINE});
	expect(&scene, 200, "cba");
	tear_down(&scene);
}

Test(deferred_calls, run_when_the_handler_fails)
{
	struct scene scene = {.result = -EIO};

	set_up(&scene, NULL);
	expect(&scene, 500, "cba");
	tear_down(&scene);
}

Test(deferred_calls, run_when_the_deadline_passes)
{
	struct scene scene = {.result = 1};
	struct reply reply;

	set_up(&scene, &(struct weir_route_options){.deadline = 200 * WEIR_MILLISECOND});
	client_receive(&scene.client, &reply);
	cr_assert_eq(reply.status, 504);
	reply_free(&reply);
	if (gate_arrivals(&scene.gate) > 0) /* else it passed before the handler began */
		cr_assert_str_eq(scene.order, "cba");
	tear_down(&scene);
}

Test(deferred_calls, run_when_a_stop_cancels)
{
	struct scene scene = {.result = 1};

	set_up(&scene, NULL);
	gate_await(&scene.gate, 1);
	weir_server_stop(scene.fixture.server, "test");
	expect(&scene, 503, "cba");
	tear_down(&scene);
}

Test(deferred_calls, run_when_the_client_has_gone)
{
	struct scene scene = {.result = 1};

	set_up(&scene, NULL);
	gate_await(&scene.gate, 1);
	client_reset(&scene.client);
	gate_await(&scene.gate, 1);
	cr_assert_str_eq(scene.order, "cba");
	fixture_finish(&scene.fixture);
	gate_destroy(&scene.gate);
}
