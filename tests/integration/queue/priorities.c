/* Who gets a worker first, and who makes room in a full queue. */
#include <criterion/criterion.h>

#include "support/fixture.h"
#include "support/gate.h"
#include "support/handlers.h"
#include "support/reply.h"

struct scene {
	struct fixture fixture;
	struct gate gate;
	struct client busy; /* has the only worker */
	char order[16];
	size_t run;
};

static int note_order(weir_request *request, weir_response *response, weir_token *token)
{
	struct scene *scene = weir_request_context(request);

	(void)token;
	scene->order[scene->run++] = weir_request_param(request, "letter")[0];
	return weir_response_printf(response, "ok\n");
}

static void set_up(struct scene *scene, unsigned queue)
{
	static const struct {
		const char *pattern;
		struct weir_route_options options;
	} routes[] = {
		{"GET /high/{letter}", {.priority = WEIR_PRIORITY_HIGH}},
		{"GET /normal/{letter}", {.priority = WEIR_PRIORITY_NORMAL}},
		{"GET /low/{letter}", {.priority = WEIR_PRIORITY_LOW}},
		{"GET /health/{letter}", {.priority = WEIR_PRIORITY_FIRST}},
		{"GET /admin/{letter}", {.priority = WEIR_PRIORITY_LOW, .scope = WEIR_SCOPE_ADMIN}},
	};
	const struct weir_server_options options = {.workers = 1, .queue = queue};

	*scene = (struct scene){.run = 0};
	gate_init(&scene->gate);
	fixture_create(&scene->fixture, &options);
	fixture_route(&scene->fixture, "GET /gated", handle_gated, &scene->gate);
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
		fixture_route_with(&scene->fixture, routes[i].pattern, note_order, scene,
				   &routes[i].options);
	cr_assert_eq(weir_server_listen(scene->fixture.server, "127.0.0.1:0", WEIR_SCOPE_ADMIN), 0);
	fixture_start(&scene->fixture);
	client_open(&scene->busy, scene->fixture.url);
	client_send_text(&scene->busy, "GET /gated HTTP/1.1\r\nHost: test\r\n\r\n");
	gate_await(&scene->gate, 1);
}

static void ask(struct scene *scene, struct client *client, size_t listener, const char *path)
{
	client_open(client, weir_server_url(scene->fixture.server, listener));
	client_printf(client, "GET %s HTTP/1.1\r\nHost: test\r\n\r\n", path);
}

static void expect(struct client *client, int status)
{
	struct reply reply;

	client_receive(client, &reply);
	cr_assert_eq(reply.status, status, "%d", reply.status);
	reply_free(&reply);
	client_close(client);
}

static void tear_down(struct scene *scene)
{
	expect(&scene->busy, 200);
	fixture_finish(&scene->fixture);
	gate_destroy(&scene->gate);
}

Test(priorities, health_and_admin_go_first_then_the_route_s)
{
	static const struct {
		const char *path;
		size_t listener;
	} asked[] = {{"/low/a", 0},    {"/normal/b", 0}, {"/high/c", 0}, {"/health/d", 0},
		     {"/normal/e", 0}, {"/admin/f", 1},  {"/low/g", 0},  {"/high/h", 0}};
	enum { COUNT = sizeof(asked) / sizeof(asked[0]) };
	struct client client[COUNT];
	struct scene scene;

	set_up(&scene, COUNT);
	for (unsigned i = 0; i < COUNT; i++) {
		ask(&scene, &client[i], asked[i].listener, asked[i].path);
		metrics_await(scene.fixture.server, "weir_queue_depth", i + 1);
	}
	gate_open(&scene.gate, 1);
	for (unsigned i = 0; i < COUNT; i++)
		expect(&client[i], 200);
	cr_assert_str_eq(scene.order, "dfchbeag");
	tear_down(&scene);
}

Test(priorities, a_full_queue_makes_room_for_the_higher)
{
	struct client low, other, normal, high, health;
	struct scene scene;

	set_up(&scene, 1);
	ask(&scene, &low, 0, "/low/a");
	metrics_await(scene.fixture.server, "weir_queue_depth", 1);
	ask(&scene, &other, 0, "/low/b");
	expect(&other, 503);
	ask(&scene, &normal, 0, "/normal/c");
	expect(&low, 503);
	ask(&scene, &high, 0, "/high/d");
	expect(&normal, 503);
	cr_assert_eq(
		metrics_now(scene.fixture.server, "weir_queue_refused_total{reason=\"displaced\"}"),
		2);
	cr_assert_eq(metrics_now(scene.fixture.server, "weir_queue_full_total"), 3);
	ask(&scene, &health, 0, "/health/e"); /* has a place of its own */
	metrics_await(scene.fixture.server, "weir_queue_depth", 2);
	gate_open(&scene.gate, 1);
	expect(&health, 200);
	expect(&high, 200);
	cr_assert_str_eq(scene.order, "ed");
	tear_down(&scene);
}
