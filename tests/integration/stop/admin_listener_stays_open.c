/* The admin listener takes connections and answers to the end of a stop, and holds nobody
 * up with connections of its own. */
#include <criterion/criterion.h>
#include <errno.h>

#include "support/fixture.h"
#include "support/gate.h"
#include "support/handlers.h"
#include "support/reply.h"

struct scene {
	struct fixture fixture;
	struct gate gate;
	struct client busy;
	const char *admin_url;
};

static void set_up(struct scene *scene)
{
	const struct weir_server_options options = {.grace = 3600 * WEIR_SECOND,
						    .drain_timeout = 3600 * WEIR_SECOND};
	const struct weir_route_options admin = {.scope = WEIR_SCOPE_ADMIN, .run = WEIR_RUN_INLINE};

	gate_init(&scene->gate);
	fixture_create(&scene->fixture, &options);
	fixture_route(&scene->fixture, "GET /gated", handle_gated, &scene->gate);
	fixture_route_with(&scene->fixture, "GET /admin", handle_hello, NULL, &admin);
	cr_assert_eq(weir_server_listen(scene->fixture.server, "127.0.0.1:0", WEIR_SCOPE_ADMIN), 0);
	fixture_start(&scene->fixture);
	scene->admin_url = weir_server_url(scene->fixture.server, 1);
	cr_assert_not_null(scene->admin_url);
	client_open(&scene->busy, scene->fixture.url);
	client_send_text(&scene->busy, "GET /gated HTTP/1.1\r\nHost: test\r\n\r\n");
	gate_await(&scene->gate, 1);
}

static void let_go(struct scene *scene)
{
	struct reply reply;

	gate_open(&scene->gate, 1);
	client_receive(&scene->busy, &reply);
	cr_assert_eq(reply.status, 200);
	reply_free(&reply);
	client_close(&scene->busy);
	fixture_await(&scene->fixture, WEIR_CLEAN);
}

Test(admin_listener_stays_open, during_the_grace)
{
	struct scene scene;
	struct client client;
	struct reply reply;

	set_up(&scene);
	fixture_begin_stop(&scene.fixture);
	cr_assert_eq(client_try_open(&client, scene.fixture.url), -ECONNREFUSED);
	for (int i = 0; i < 3; i++) {
		client_open(&client, scene.admin_url);
		client_get(&client, "/admin", &reply);
		cr_assert_eq(reply.status, 200);
		cr_assert_str_eq(reply.body, "hello\n");
		reply_free(&reply);
		client_close(&client);
	}
	let_go(&scene);
	cr_assert_eq(client_try_open(&client, scene.admin_url), -ECONNREFUSED);
	fixture_destroy(&scene.fixture);
	gate_destroy(&scene.gate);
}

Test(admin_listener_stays_open, and_does_not_wait_for_its_own_idle_connections)
{
	struct scene scene;
	struct client idle, silent;
	struct reply reply;

	set_up(&scene);
	client_open(&idle, scene.admin_url);
	client_get(&idle, "/admin", &reply);
	cr_assert_eq(reply.status, 200);
	reply_free(&reply);
	fixture_begin_stop(&scene.fixture);
	client_open(&silent, scene.admin_url);
	let_go(&scene);
	cr_assert_neq(client_await_end(&silent), CLIENT_OPEN);
	cr_assert_neq(client_await_end(&idle), CLIENT_OPEN);
	client_close(&idle);
	client_close(&silent);
	fixture_destroy(&scene.fixture);
	gate_destroy(&scene.gate);
}

Test(admin_listener_stays_open, when_cancelling_too)
{
	struct scene scene;
	struct client client;
	struct reply reply;

	set_up(&scene);
	weir_server_cancel(scene.fixture.server, "test");
	metrics_await(scene.fixture.server, "weir_drain_phase", WEIR_PHASE_CANCELLING);
	client_open(&client, scene.admin_url);
	client_get(&client, "/admin", &reply);
	cr_assert_eq(reply.status, 200);
	reply_free(&reply);
	client_close(&client);
	let_go(&scene);
	fixture_destroy(&scene.fixture);
	gate_destroy(&scene.gate);
}
