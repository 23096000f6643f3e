/* A lame duck goes on serving and taking connections, says with each answer that the connection
 * will be closed, and closes nothing by itself until its time is over. */
#include <criterion/criterion.h>

#include "support/fixture.h"
#include "support/gate.h"
#include "support/handlers.h"
#include "support/reply.h"

static void begin(struct fixture *fixture, struct gate *gate)
{
	const struct weir_server_options options = {.lame_duck = 3600 * WEIR_SECOND};

	gate_init(gate);
	fixture_create(fixture, &options);
	fixture_route(fixture, "GET /gated", handle_gated, gate);
	fixture_route(fixture, "GET /hello", handle_hello, NULL);
	fixture_start(fixture);
}

static void get(struct client *client, bool says_close)
{
	struct reply reply;

	client_get(client, "/hello", &reply);
	cr_assert_eq(reply.status, 200);
	cr_assert_eq(reply_says_close(&reply), says_close);
	reply_free(&reply);
}

Test(lame_duck, tells_each_client_and_takes_new_ones)
{
	struct fixture fixture;
	struct client idle, silent, late;
	struct gate gate;

	begin(&fixture, &gate);
	client_open(&idle, fixture.url);
	client_open(&silent, fixture.url);
	get(&idle, false);
	get(&silent, false);
	weir_server_stop(fixture.server, "test");
	cr_assert(weir_server_stopping(fixture.server));
	metrics_await(fixture.server, "weir_drain_phase", WEIR_PHASE_LAME_DUCK);
	cr_assert_eq(weir_token_reason(weir_server_drain_token(fixture.server)), 0);
	client_open(&late, fixture.url);
	get(&late, true);
	cr_assert_eq(client_await_end(&late), CLIENT_CLOSED);
	client_close(&late);
	get(&idle, true);
	cr_assert_eq(client_await_end(&idle), CLIENT_CLOSED);
	client_close(&idle);
	cr_assert(client_is_quiet(&silent));

	weir_server_cancel(fixture.server, "test");
	cr_assert_eq(client_await_end(&silent), CLIENT_CLOSED);
	client_close(&silent);
	fixture_await(&fixture, WEIR_CLEAN);
	cr_assert_gt(fixture.report->phase_time[WEIR_PHASE_LAME_DUCK], 0);
	cr_assert_eq(fixture.report->counts.idle_closed, 1);
	fixture_destroy(&fixture);
	gate_destroy(&gate);
}

Test(lame_duck, counts_what_it_serves_in_its_time)
{
	struct fixture fixture;
	struct client client, late;
	struct reply reply;
	struct gate gate;

	begin(&fixture, &gate);
	client_open(&client, fixture.url);
	client_send_text(&client, "GET /gated HTTP/1.1\r\nHost: test\r\n\r\n");
	gate_await(&gate, 1);
	weir_server_stop(fixture.server, "test");
	metrics_await(fixture.server, "weir_drain_phase", WEIR_PHASE_LAME_DUCK);
	client_open(&late, fixture.url);
	get(&late, true);
	client_close(&late);
	gate_open(&gate, 1);
	client_receive(&client, &reply);
	cr_assert_eq(reply.status, 200);
	cr_assert(reply_says_close(&reply));
	reply_free(&reply);
	client_close(&client);
	weir_server_cancel(fixture.server, "test");
	fixture_await(&fixture, WEIR_CLEAN);
	cr_assert_eq(fixture.report->counts.in_flight, 1);
	cr_assert_eq(fixture.report->counts.arrived, 1);
	cr_assert_eq(fixture.report->counts.answered, 2);
	fixture_destroy(&fixture);
	gate_destroy(&gate);
}
