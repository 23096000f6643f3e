/* A stop: 1001 to each client, its answer awaited, the deadline kept. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/ws_support.h"
#include "support/must.h"

Test(ws_stop, each_client_gets_1001_and_its_answer_ends_the_stop)
{
	enum { COUNT = 20 };
	struct ws_server server;
	struct ws_client ws[COUNT];

	ws_server_start(&server, NULL);
	for (int i = 0; i < COUNT; i++)
		ws_server_open(&server, &ws[i]);
	fixture_begin_stop(&server.fixture);
	for (int i = 0; i < COUNT; i++)
		cr_expect_eq(ws_expect_close(&ws[i]), WEIR_WS_GOING_AWAY);
	/* All but one have answered: the stop goes on. */
	for (int i = 1; i < COUNT; i++) {
		ws_send_close(&ws[i], WEIR_WS_GOING_AWAY);
		cr_expect_eq(client_await_end(&ws[i].client), CLIENT_CLOSED);
		ws_destroy(&ws[i]);
	}
	gate_await(&server.closed, COUNT - 1);
	cr_expect(client_is_quiet(&ws[0].client));
	ws_send_close(&ws[0], WEIR_WS_GOING_AWAY);
	const struct weir_report *report = fixture_await(&server.fixture, WEIR_CLEAN);
	cr_expect_lt(report->total, 10 * WEIR_SECOND);
	cr_expect_eq(atomic_load(&server.code), WEIR_WS_GOING_AWAY);
	ws_destroy(&ws[0]);
	ws_server_destroy(&server);
}

/* What the client says before it has seen the close is still heard; what was queued for it comes
 * before the close. */
Test(ws_stop, nothing_that_was_queued_is_lost)
{
	static char data[16 << 10];
	enum { MESSAGES = 40 };
	struct ws_server server;
	struct ws_client ws = {.frame = {0}};

	ws_server_start(&server, NULL);
	server.keep = true;
	client_open_narrow(&ws.client, server.fixture.url);
	ws_shake(&ws, "/ws");
	gate_await(&server.opened, 1);
	weir_ws *last = atomic_load(&server.last);
	for (int i = 0; i < MESSAGES; i++)
		cr_assert_eq(weir_ws_send(last, WEIR_WS_BINARY, data, sizeof(data)), 0);
	fixture_begin_stop(&server.fixture);
	for (int i = 0; i < MESSAGES; i++)
		ws_expect(&ws, WS_FIN | WS_BINARY, data, sizeof(data));
	cr_expect_eq(ws_expect_close(&ws), WEIR_WS_GOING_AWAY);
	ws_send_close(&ws, WEIR_WS_GOING_AWAY);
	(void)fixture_await(&server.fixture, WEIR_CLEAN);
	weir_ws_unref(last);
	ws_destroy(&ws);
	ws_server_destroy(&server);
}

Test(ws_stop, who_never_answers_is_cut_at_the_deadline)
{
	const struct weir_server_options options = {.grace = 200 * WEIR_MILLISECOND,
						    .drain_timeout = 400 * WEIR_MILLISECOND};
	struct ws_server server;
	struct ws_client ws;

	ws_server_start_with(&server, NULL, &options);
	ws_server_open(&server, &ws);
	fixture_begin_stop(&server.fixture);
	cr_expect_eq(ws_expect_close(&ws), WEIR_WS_GOING_AWAY);
	const struct weir_report *report = fixture_await(&server.fixture, WEIR_FORCED);
	cr_expect_geq(report->total, 400 * WEIR_MILLISECOND);
	cr_expect_neq(client_await_end(&ws.client), CLIENT_OPEN);
	cr_expect_eq(atomic_load(&server.code), WEIR_WS_LOST);
	ws_destroy(&ws);
	ws_server_destroy(&server);
}

/* The hub is given up while the server goes on, as in a reload. */
Test(ws_stop, a_hub_that_is_given_up_says_goodbye)
{
	struct ws_server server;
	struct ws_client ws;

	ws_server_start(&server, NULL);
	ws_server_open(&server, &ws);
	weir_ws_hub_destroy(server.hub);
	server.hub = NULL;
	cr_expect_eq(ws_expect_close(&ws), WEIR_WS_GOING_AWAY);
	ws_send_close(&ws, WEIR_WS_GOING_AWAY);
	gate_await(&server.released, 1);
	ws_destroy(&ws);
	ws_server_finish(&server);
}
