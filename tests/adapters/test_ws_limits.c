/* What a client can make the server keep is bounded, and silence has an end. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/ws_support.h"
#include "support/must.h"

enum { LIMIT = 1000 };

Test(ws_limits, messages_up_to_the_limit)
{
	static char data[LIMIT + 1];
	struct ws_server server;
	struct ws_client ws;

	ws_server_start(&server, &(struct weir_ws_options){.message_limit = LIMIT});
	ws_server_open(&server, &ws);
	ws_send(&ws, WS_FIN | WS_BINARY, data, LIMIT);
	ws_expect(&ws, WS_FIN | WS_BINARY, data, LIMIT);
	ws_send(&ws, WS_FIN | WS_BINARY, data, LIMIT + 1);
	cr_expect_eq(ws_expect_close(&ws), WEIR_WS_TOO_BIG);
	ws_destroy(&ws);

	/* In fragments that are each short enough. */
	ws_server_open(&server, &ws);
	ws_send(&ws, WS_BINARY, data, LIMIT);
	ws_send(&ws, WS_FIN | WS_CONTINUATION, data, 1);
	cr_expect_eq(ws_expect_close(&ws), WEIR_WS_TOO_BIG);
	ws_destroy(&ws);
	ws_server_finish(&server);
}

/* The close must come through although megabytes are still on their way. */
Test(ws_limits, the_close_is_not_lost_in_a_reset)
{
	const size_t size = (size_t)8 << 20;
	uint8_t header[14];
	char *data = calloc(1, size);
	struct ws_server server;
	struct ws_client ws;

	must(data != NULL, "no memory");
	ws_server_start(&server, NULL);
	ws_server_open(&server, &ws);
	client_send(&ws.client, header, ws_header(WS_FIN | WS_BINARY, size, header));
	client_send(&ws.client, data, size);
	cr_expect_eq(ws_expect_close(&ws), WEIR_WS_TOO_BIG);
	cr_expect_eq(client_await_end(&ws.client), CLIENT_CLOSED);
	ws_destroy(&ws);
	free(data);
	ws_server_finish(&server);
}

Test(ws_limits, fragments_without_end)
{
	struct ws_server server;
	struct ws_client ws;

	ws_server_start(&server, NULL);
	ws_server_open(&server, &ws);
	ws_send(&ws, WS_TEXT, "", 0);
	for (int i = 0; i < 1024; i++)
		ws_send(&ws, WS_CONTINUATION, "", 0);
	cr_expect_eq(ws_expect_close(&ws), WEIR_WS_POLICY);
	ws_destroy(&ws);
	ws_server_finish(&server);
}

/* All that has come is looked at before more is read: one by one would be slow enough to be taken
 * for a client that does not read. */
static void expect_answers(struct client *client, const char *answer, size_t size, size_t count)
{
	size_t i = 0;

	while (i < count) {
		size_t at;

		must(client_fill(client), "ended at %zu of %zu", i, count);
		for (at = 0; client->input_size - at >= size && i < count; at += size, i++)
			must(memcmp(client->input + at, answer, size) == 0,
			     "answer %zu begins with %02x %02x", i, (uint8_t)client->input[at],
			     (uint8_t)client->input[at + 1]);
		client_take(client, at);
	}
}

/* Sends frames and reads nothing, until nothing more is taken: what the server keeps of it is
 * bounded. Then it reads, and gets all answers. */
static void flood(const char *frame, size_t size, const char *answer, size_t answer_size)
{
	const size_t count = (size_t)64 << 20;
	char *data = malloc(count);
	struct ws_server server;
	struct ws_client ws = {.frame = {0}};
	size_t sent, whole;

	must(data != NULL, "no memory");
	for (size_t i = 0; i + size <= count; i += size)
		memcpy(data + i, frame, size);
	ws_server_start(&server, NULL);
	/* More than a segment of the loopback: less could stall in probes of a full window. */
	client_open_window(&ws.client, server.fixture.url, 256 << 10);
	ws_shake(&ws, "/ws");
	gate_await(&server.opened, 1);
	sent = client_send_until_blocked(&ws.client, data, count / size * size,
					 300 * WEIR_MILLISECOND);
	cr_expect_lt(sent, count / size * size, "all was taken");
	whole = sent / size;
	cr_expect_gt(whole, 100);
	expect_answers(&ws.client, answer, answer_size, whole);
	free(data);
	ws_destroy(&ws);
	ws_server_finish(&server);
}

Test(ws_limits, pings_of_a_client_that_does_not_read)
{
	flood("\x89\x80\0\0\0\0", 6, "\x8a\0", 2);
}

Test(ws_limits, echoes_to_a_client_that_does_not_read)
{
	flood("\x81\x84\0\0\0\0echo", 10,
	      "\x81\x04"
	      "echo",
	      6);
}

Test(ws_limits, a_slow_reader_is_closed)
{
	static char data[32 << 10];
	struct ws_server server;
	struct ws_client ws = {.frame = {0}};
	int error = 0, sent = 0;

	ws_server_start(&server, &(struct weir_ws_options){.close_timeout = 50 * WEIR_MILLISECOND});
	server.keep = true;
	client_open_narrow(&ws.client, server.fixture.url);
	ws_shake(&ws, "/ws");
	gate_await(&server.opened, 1);
	weir_ws *last = atomic_load(&server.last);
	cr_expect_eq(weir_ws_send(last, WEIR_WS_TEXT, data, (size_t)2 << 20), -EMSGSIZE);
	while (error == 0 && sent < 10000) {
		error = weir_ws_send(last, WEIR_WS_BINARY, data, sizeof(data));
		sent++;
	}
	cr_expect_eq(error, -ENOBUFS, "%d after %d", error, sent);
	cr_expect_eq(weir_ws_send(last, WEIR_WS_BINARY, data, 1), -EPIPE);
	cr_expect_eq(ws_server_await_close(&server), WEIR_WS_POLICY);
	weir_ws_unref(last);
	ws_destroy(&ws);
	ws_server_finish(&server);
}

Test(ws_limits, a_silent_client_is_asked_and_cut)
{
	const struct weir_ws_options options = {.ping_after = 20 * WEIR_MILLISECOND,
						.pong_timeout = 200 * WEIR_MILLISECOND};
	struct ws_server server;
	struct ws_client ws;

	ws_server_start(&server, &options);
	ws_server_open(&server, &ws);
	for (int i = 0; i < 3; i++) {
		ws_expect(&ws, WS_FIN | WS_PING, "", 0);
		ws_send(&ws, WS_FIN | WS_PONG, "", 0);
	}
	ws_expect(&ws, WS_FIN | WS_PING, "", 0);
	cr_expect_eq(ws_server_await_close(&server), WEIR_WS_LOST);
	cr_expect_eq(client_await_end(&ws.client), CLIENT_CLOSED);
	ws_destroy(&ws);
	ws_server_finish(&server);
}

Test(ws_limits, a_close_without_an_answer)
{
	struct ws_server server;
	struct ws_client ws;

	ws_server_start(&server, &(struct weir_ws_options){.close_timeout = 50 * WEIR_MILLISECOND});
	server.keep = true;
	ws_server_open(&server, &ws);
	weir_ws *last = atomic_load(&server.last);
	cr_expect_eq(weir_ws_close(last, WEIR_WS_NORMAL, NULL), 0);
	cr_expect_eq(ws_expect_close(&ws), WEIR_WS_NORMAL);
	cr_expect_eq(ws_server_await_close(&server), WEIR_WS_LOST);
	weir_ws_unref(last);
	ws_destroy(&ws);
	ws_server_finish(&server);
}
