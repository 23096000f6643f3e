/* A rehearsal trips the tokens of a fraction of what is in flight, as a stop would, and of
 * nothing else. */
#include <criterion/criterion.h>

#include <stdatomic.h>
#include <string.h>

#include "support/fixture.h"
#include "support/gate.h"
#include "support/handlers.h"
#include "support/must.h"
#include "support/rehearsing.h"
#include "support/reply.h"

enum { clients = 10 };

static struct gate begun;
static atomic_bool let_go;

/* Sleeps until its token or the test ends it. */
static int wait_for_either(weir_request *request, weir_response *response, weir_token *token)
{
	weir_time until = weir_after(MUST_PATIENCE);

	(void)request;
	gate_announce(&begun);
	while (!atomic_load(&let_go) && weir_now() < until) {
		int error = weir_sleep(token, weir_after(WEIR_MILLISECOND));

		if (error)
			return error;
	}
	return weir_response_printf(response, "done\n");
}

struct scene {
	struct fixture fixture;
	struct client clients[clients];
};

static void set_up(struct scene *scene, unsigned workers)
{
	const struct weir_server_options options = {.workers = workers};
	unsigned running = workers < clients ? workers : clients;

	gate_init(&begun);
	fixture_serve(&scene->fixture, &options, "GET /wait", wait_for_either, NULL);
	for (int i = 0; i < clients; i++) {
		client_open(&scene->clients[i], scene->fixture.url);
		client_send_text(&scene->clients[i], "GET /wait HTTP/1.1\r\nHost: test\r\n\r\n");
		metrics_await(scene->fixture.server, "weir_requests_accepted_total",
			      (uint64_t)i + 1);
	}
	gate_await(&begun, running);
	metrics_await(scene->fixture.server, "weir_queue_depth", clients - running);
}

static void expect(struct client *client, int status)
{
	struct reply reply;

	client_receive(client, &reply);
	cr_assert_eq(reply.status, status);
	cr_assert(reply.complete);
	cr_assert_eq(status == 503, reply_header(&reply, "Retry-After") != NULL);
	if (status == 503)
		cr_assert_not_null(strstr(reply.body, "rehearsed"), "%s", reply.body);
	cr_assert_not(reply_says_close(&reply), "the connection goes on");
	reply_free(&reply);
	client_close(client);
}

static void tear_down(struct scene *scene, uint64_t cancelled)
{
	struct metrics_account account;

	metrics_await_sum(scene->fixture.server, "weir_requests_in_flight", 0);
	metrics_account_read(scene->fixture.server, &account);
	metrics_account_check(&account);
	cr_assert_eq(account.accepted, clients);
	cr_assert_eq(account.cancelled, cancelled);
	cr_assert_eq(account.answered, clients - cancelled);
	cr_assert_eq(account.refused + account.cut, 0);
	fixture_finish(&scene->fixture);
	gate_destroy(&begun);
}

static void check_times(const struct weir_rehearsal *out)
{
	cr_assert_geq(out->p50, 0);
	cr_assert_leq(out->p50, out->p99);
	cr_assert_leq(out->p99, out->last);
	cr_assert_gt(out->last, 0);
	cr_assert_leq(out->last, out->paused);
}

Test(trips_a_fraction, of_what_is_running)
{
	const struct weir_rehearsal_options half = {.fraction = 0.5, .timeout = MUST_PATIENCE};
	struct weir_rehearsal out;
	struct scene scene;

	set_up(&scene, clients);
	cr_assert_eq(weir_server_rehearse(scene.fixture.server, &half, &out), 0);
	cr_assert_eq(out.in_flight, clients);
	cr_assert_eq(out.tripped, clients / 2);
	cr_assert_eq(out.over, clients / 2);
	cr_assert_str_eq(out.slowest, "GET /wait");
	check_times(&out);
	cr_assert_eq(out.forecast.in_flight, clients);
	/* Every other one, the oldest first. */
	for (int i = 0; i < clients; i += 2)
		expect(&scene.clients[i], 503);
	for (int i = 1; i < clients; i += 2)
		cr_assert(client_is_quiet(&scene.clients[i]));
	atomic_store(&let_go, true);
	for (int i = 1; i < clients; i += 2)
		expect(&scene.clients[i], 200);
	tear_down(&scene, clients / 2);
}

Test(trips_a_fraction, of_what_is_queued_too)
{
	struct weir_rehearsal out;
	struct scene scene;

	set_up(&scene, 2);
	cr_assert_eq(weir_server_rehearse(scene.fixture.server, NULL, &out), 0);
	cr_assert_eq(out.tripped, clients);
	cr_assert_eq(out.over, clients);
	cr_assert_eq(gate_arrivals(&begun), 2, "the queued ones never run");
	for (int i = 0; i < clients; i++)
		expect(&scene.clients[i], 503);
	tear_down(&scene, clients);
}

Test(trips_a_fraction, rounded_up_to_one)
{
	const struct weir_rehearsal_options tiny = {.fraction = 0.001, .timeout = MUST_PATIENCE};
	struct weir_rehearsal out;
	struct scene scene;

	set_up(&scene, clients);
	cr_assert_eq(weir_server_rehearse(scene.fixture.server, &tiny, &out), 0);
	cr_assert_eq(out.tripped, 1);
	expect(&scene.clients[0], 503);
	/* The next one takes the oldest of those that are left. */
	cr_assert_eq(weir_server_rehearse(scene.fixture.server, &tiny, &out), 0);
	cr_assert_eq(out.in_flight, clients - 1);
	expect(&scene.clients[1], 503);
	atomic_store(&let_go, true);
	for (int i = 2; i < clients; i++)
		expect(&scene.clients[i], 200);
	tear_down(&scene, 2);
}

Test(trips_a_fraction, of_nothing)
{
	struct weir_rehearsal out;
	struct fixture fixture;

	fixture_serve(&fixture, NULL, "GET /", handle_hello, NULL);
	cr_assert_eq(weir_server_rehearse(fixture.server, NULL, &out), 0);
	cr_assert_eq(out.in_flight + out.tripped + out.over, 0);
	cr_assert_eq(out.last + out.p50 + out.p99, 0);
	cr_assert_str_eq(out.slowest, "-");
	cr_assert_eq(out.forecast.time, 0);
	fixture_finish(&fixture);
}
