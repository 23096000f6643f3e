/* The kind "websocket": an echo, rooms, and a stop that says goodbye. */
#include "app.h"

#include "support/must.h"
#include "support/ws_client.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char config[] = "routes:\n"
			     "  - {path: /echo, kind: websocket, mode: echo}\n"
			     "  - {path: /hall, kind: websocket, mode: room}\n"
			     "  - {path: '/rooms/{room}', kind: websocket, mode: room, origins: "
			     "['https://a.example']}\n";

static void begin(struct app *app, const char *drain_timeout)
{
	app_prepare(app);
	scratch_write(&app->scratch, "weir.yaml", config, strlen(config));
	app_start(app, (const char *const[]){"--config", "weir.yaml", "--grace", drain_timeout,
					     "--drain-timeout", drain_timeout, NULL});
}

/* In a room the hub has a member for sure when it echoes a ping: it answers in order. */
static void enter(struct ws_client *ws, const struct app *app, const char *target)
{
	ws_open(ws, app->url, target);
	ws_send(ws, WS_FIN | WS_PING, "in", 2);
	ws_expect(ws, WS_FIN | WS_PONG, "in", 2);
}

static void leave(struct ws_client *ws)
{
	ws_send_close(ws, 1000);
	cr_expect_eq(ws_expect_close(ws), 1000);
	cr_expect_eq(client_await_end(&ws->client), CLIENT_CLOSED);
	ws_destroy(ws);
}

Test(websocket, what_is_said_comes_back)
{
	struct app app;
	struct ws_client ws;
	begin(&app, "10s");
	enter(&ws, &app, "/echo");
	ws_send_text(&ws, "hello");
	ws_expect_text(&ws, "hello");
	ws_send(&ws, WS_FIN | WS_BINARY, "\0\xff", 2);
	ws_expect(&ws, WS_FIN | WS_BINARY, "\0\xff", 2);
	leave(&ws);
	app_finish(&app);
}

Test(websocket, all_others_in_the_room_hear_it)
{
	enum { COUNT = 10 };
	struct app app;
	struct ws_client ws[COUNT], elsewhere, hall;
	begin(&app, "10s");
	for (int i = 0; i < COUNT; i++)
		enter(&ws[i], &app, "/rooms/one");
	enter(&elsewhere, &app, "/rooms/two");
	enter(&hall, &app, "/hall");
	for (int speaker = 0; speaker < COUNT; speaker += 3) {
		ws_send_text(&ws[speaker], "hear, hear");
		for (int i = 0; i < COUNT; i++) {
			if (i != speaker)
				ws_expect_text(&ws[i], "hear, hear");
		}
	}
	/* Who has left hears nothing; the rest still do. */
	leave(&ws[0]);
	leave(&ws[COUNT - 1]);
	ws_send_text(&ws[1], "still here?");
	for (int i = 2; i < COUNT - 1; i++)
		ws_expect_text(&ws[i], "still here?");
	/* The next thing that these hear is the answer to their own ping. */
	ws_send(&elsewhere, WS_FIN | WS_PING, "", 0);
	ws_expect(&elsewhere, WS_FIN | WS_PONG, "", 0);
	ws_send(&hall, WS_FIN | WS_PING, "", 0);
	ws_expect(&hall, WS_FIN | WS_PONG, "", 0);
	ws_send(&ws[1], WS_FIN | WS_PING, "", 0);
	ws_expect(&ws[1], WS_FIN | WS_PONG, "", 0);
	for (int i = 1; i < COUNT - 1; i++)
		leave(&ws[i]);
	leave(&elsewhere);
	leave(&hall);
	app_finish(&app);
}

Test(websocket, wrong_requests_are_refused)
{
	static const struct {
		const char *target, *fields;
		int status;
	} rows[] = {
		{"/echo", "", 400},
		{"/echo", "Upgrade: websocket\r\nConnection: Upgrade\r\n", 426},
		{"/echo",
		 "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
		 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: http://b.example\r\n",
		 403},
		{"/rooms/0123456789012345678901234567890123456789012345678901234567890123x", "",
		 404},
		{"/rooms/%ff", "", 404},
	};
	struct app app;
	begin(&app, "10s");
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const int status = app_status(&app, "GET", rows[i].target, rows[i].fields, NULL);
		cr_expect_eq(status, rows[i].status, "row %zu: %d", i, status);
	}
	app_finish(&app);
}

Test(websocket, a_stop_says_1001_and_hears_the_answers)
{
	enum { COUNT = 1000 };
	struct app app;
	struct ws_client *ws = calloc(COUNT, sizeof *ws);
	must(ws != NULL, "no memory");
	begin(&app, "20s");
	for (int i = 0; i < COUNT; i++)
		ws_open(&ws[i], app.url, i % 2 ? "/echo" : "/hall");
	process_signal(&app.process, SIGTERM);
	for (int i = 0; i < COUNT; i++) {
		cr_expect_eq(ws_expect_close(&ws[i]), 1001);
		ws_send_close(&ws[i], 1001);
	}
	cr_expect_eq(app_wait(&app), 0, "%s", app.process.text);
	for (int i = 0; i < COUNT; i++) {
		cr_expect_eq(client_await_end(&ws[i].client), CLIENT_CLOSED);
		ws_destroy(&ws[i]);
	}
	free(ws);
	cr_expect_eq(app_report_number(&app, "upgraded_cut"), 0, "%s", app.report);
	app_report_check(&app);
	app_destroy(&app);
}

Test(websocket, who_never_answers_is_cut_at_the_deadline)
{
	struct app app;
	struct ws_client silent, polite;
	begin(&app, "500ms");
	enter(&silent, &app, "/echo");
	enter(&polite, &app, "/echo");
	const weir_time begin_of_stop = weir_now();
	process_signal(&app.process, SIGTERM);
	cr_expect_eq(ws_expect_close(&silent), 1001);
	cr_expect_eq(ws_expect_close(&polite), 1001);
	ws_send_close(&polite, 1001);
	cr_expect_eq(client_await_end(&polite.client), CLIENT_CLOSED);
	cr_expect_eq(app_wait(&app), 3, "%s", app.process.text);
	cr_expect_geq(weir_now() - begin_of_stop, 500 * WEIR_MILLISECOND);
	cr_expect_neq(client_await_end(&silent.client), CLIENT_OPEN);
	cr_expect_eq(app_report_number(&app, "upgraded_cut"), 1, "%s", app.report);
	cr_expect_not_null(strstr(app.report, "closing WebSocket"), "%s", app.report);
	ws_destroy(&silent);
	ws_destroy(&polite);
	app_destroy(&app);
}

/* A connection goes on through a reload that keeps its route, and is told to go by one that does
 * not. */
Test(websocket, a_reload_closes_what_is_not_there_any_more)
{
	static const char shorter[] = "routes:\n"
				      "  - {path: /echo, kind: websocket, mode: echo}\n";
	struct app app;
	struct ws_client stays, goes;
	begin(&app, "10s");
	enter(&stays, &app, "/echo");
	enter(&goes, &app, "/hall");
	scratch_write(&app.scratch, "weir.yaml", shorter, strlen(shorter));
	process_signal(&app.process, SIGHUP);
	cr_expect_eq(ws_expect_close(&goes), 1001);
	ws_send_close(&goes, 1001);
	ws_send_text(&stays, "still here");
	ws_expect_text(&stays, "still here");
	leave(&stays);
	ws_destroy(&goes);
	app_finish(&app);
}

Test(websocket, keys_that_do_not_fit_are_mistakes)
{
	static const struct {
		const char *route, *reason;
	} rows[] = {
		{"{path: /w, kind: websocket}", "\"mode\" is missing"},
		{"{path: /w, kind: websocket, mode: shout}", "expected one of echo, room"},
		{"{path: /w, kind: websocket, mode: echo, deadline: 5s}", "not a key"},
		{"{path: /w, kind: events, mode: echo}", "not a key"},
		{"{path: /w, kind: events, origins: ['*']}", "not a key"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct app app;
		char text[256];
		app_prepare(&app);
		const int size = snprintf(text, sizeof text, "routes:\n  - %s\n", rows[i].route);
		scratch_write(&app.scratch, "weir.yaml", text, (size_t)size);
		cr_expect_eq(app_run(&app, (const char *const[]){"check", "weir.yaml", NULL}), 2);
		cr_expect_not_null(strstr(app.process.text, rows[i].reason), "row %zu: %s", i,
				   app.process.text);
		app_destroy(&app);
	}
}
