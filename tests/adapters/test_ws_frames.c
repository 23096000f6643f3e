/* Frames as RFC 6455 has them: what is taken, and what ends the connection with which code. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/ws_support.h"
#include "support/must.h"

Test(ws_frames, every_length_comes_back) /* 5.2: 7, 7+16 and 7+64 bits */
{
	static const size_t sizes[] = {0, 1, 125, 126, 127, 4095, 4096, 65535, 65536};
	static char data[65536];
	struct ws_server server;
	struct ws_client ws;

	memset(data, 'x', sizeof(data));
	ws_server_start(&server, NULL);
	ws_server_open(&server, &ws);
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		ws_send(&ws, WS_FIN | WS_BINARY, data, sizes[i]);
		ws_expect(&ws, WS_FIN | WS_BINARY, data, sizes[i]);
	}
	ws_destroy(&ws);
	ws_server_finish(&server);
}

Test(ws_frames, fragments_with_control_frames_between_them) /* 5.4 */
{
	struct ws_server server;
	struct ws_client ws;

	ws_server_start(&server, NULL);
	ws_server_open(&server, &ws);
	ws_send(&ws, WS_TEXT, "one ", 4);
	ws_send(&ws, WS_FIN | WS_PING, "are you there?", 14);
	ws_send(&ws, WS_CONTINUATION, "two ", 4);
	ws_send(&ws, WS_FIN | WS_PONG, "", 0); /* 5.5.3: unasked for, ignored */
	ws_send(&ws, WS_FIN | WS_CONTINUATION, "three", 5);
	ws_expect(&ws, WS_FIN | WS_PONG, "are you there?", 14);
	ws_expect_text(&ws, "one two three");
	ws_destroy(&ws);
	ws_server_finish(&server);
}

/* A character may be split between fragments, but what they make must be UTF-8 (8.1). */
Test(ws_frames, a_character_in_two_fragments)
{
	struct ws_server server;
	struct ws_client ws;

	ws_server_start(&server, NULL);
	ws_server_open(&server, &ws);
	ws_send(&ws, WS_TEXT, "\xe2\x82", 2);
	ws_send(&ws, WS_FIN | WS_CONTINUATION, "\xac", 1);
	ws_expect_text(&ws, "\xe2\x82\xac");
	ws_destroy(&ws);
	ws_server_finish(&server);
}

#define BYTES(text) text, sizeof(text) - 1

/* The raw frames are masked with zeros, but for the one that is not masked. */
Test(ws_frames, broken_rules_have_their_codes)
{
	static const struct {
		const char *what, *bytes;
		size_t size;
		unsigned code;
	} rows[] = {
		{"5.1 not masked", BYTES("\x81\x02hi"), 1002},
		{"5.2 RSV1 without an extension", BYTES("\xc1\x82\0\0\0\0hi"), 1002},
		{"5.2 unknown data opcode 3", BYTES("\x83\x80\0\0\0\0"), 1002},
		{"5.2 unknown control opcode 11", BYTES("\x8b\x80\0\0\0\0"), 1002},
		{"5.2 length not minimal, 16 bits", BYTES("\x82\xfe\0\x7d\0\0\0\0"), 1002},
		{"5.2 length not minimal, 64 bits", BYTES("\x82\xff\0\0\0\0\0\0\xff\xff\0\0\0\0"),
		 1002},
		{"5.2 length with its highest bit", BYTES("\x82\xff\x80\0\0\0\0\0\0\0\0\0\0\0"),
		 1002},
		{"5.4 continuation of nothing", BYTES("\x80\x80\0\0\0\0"), 1002},
		{"5.4 a new message inside another", BYTES("\x01\x81\0\0\0\0x\x81\x81\0\0\0\0y"),
		 1002},
		{"5.5 control frame of 126 bytes", BYTES("\x89\xfe\0\x7e\0\0\0\0"), 1002},
		{"5.5 control frame in fragments", BYTES("\x09\x80\0\0\0\0"), 1002},
		{"5.5.1 close with half a code", BYTES("\x88\x81\0\0\0\0\x03"), 1002},
		{"7.4.1 close with 1005", BYTES("\x88\x82\0\0\0\0\x03\xed"), 1002},
		{"7.4.2 close with 999", BYTES("\x88\x82\0\0\0\0\x03\xe7"), 1002},
		{"5.5.1 reason that is not UTF-8", BYTES("\x88\x84\0\0\0\0\x03\xe8\xc3\x28"), 1007},
		{"8.1 text that is not UTF-8", BYTES("\x81\x82\0\0\0\0\xc3\x28"), 1007},
		{"8.1 overlong", BYTES("\x81\x82\0\0\0\0\xc0\xaf"), 1007},
		{"8.1 surrogate", BYTES("\x81\x83\0\0\0\0\xed\xa0\x80"), 1007},
		{"8.1 above U+10FFFF", BYTES("\x81\x84\0\0\0\0\xf4\x90\x80\x80"), 1007},
		{"8.1 cut in the middle", BYTES("\x81\x82\0\0\0\0\xe2\x82"), 1007},
		{"10.4 a frame too long", BYTES("\x82\xff\0\0\0\0\0\x01\0\x01\0\0\0\0x"), 1009},
	};
	struct ws_server server;
	struct ws_client ws;

	ws_server_start(&server, NULL);
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ws_server_open(&server, &ws);
		client_send(&ws.client, rows[i].bytes, rows[i].size);
		const unsigned code = ws_expect_close(&ws);
		cr_expect_eq(code, rows[i].code, "%s: %u", rows[i].what, code);
		cr_expect_eq(client_await_end(&ws.client), CLIENT_CLOSED, "%s", rows[i].what);
		ws_destroy(&ws);
		cr_expect_eq(ws_server_await_close(&server), (int)rows[i].code, "%s", rows[i].what);
	}
	ws_server_finish(&server);
}

Test(ws_frames, a_close_is_answered_with_its_code) /* 5.5.1 */
{
	static const unsigned codes[] = {1000, 1001, 1003, 1011, 3000, 4999, 0};
	struct ws_server server;
	struct ws_client ws;

	ws_server_start(&server, NULL);
	for (unsigned i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		ws_server_open(&server, &ws);
		ws_send_close(&ws, codes[i]);
		cr_expect_eq(ws_expect_close(&ws), codes[i]);
		cr_expect_eq(client_await_end(&ws.client), CLIENT_CLOSED);
		ws_destroy(&ws);
		cr_expect_eq(ws_server_await_close(&server),
			     codes[i] ? (int)codes[i] : WEIR_WS_NO_CODE);
	}
	ws_server_finish(&server);
}

/* What was sent comes first, then the close, then nothing. */
Test(ws_frames, the_server_closes_after_what_is_queued)
{
	char reason[124];
	struct ws_server server;
	struct ws_client ws;

	memset(reason, 'r', sizeof(reason) - 1);
	reason[sizeof(reason) - 1] = '\0';
	ws_server_start(&server, NULL);
	server.keep = true;
	ws_server_open(&server, &ws);
	weir_ws *last = atomic_load(&server.last);
	cr_expect_eq(weir_ws_close(last, 1005, NULL), -EINVAL);
	cr_expect_eq(weir_ws_close(last, 5000, NULL), -EINVAL);
	cr_expect_eq(weir_ws_send(last, WEIR_WS_TEXT, "first", 5), 0);
	cr_expect_eq(weir_ws_send(last, WEIR_WS_TEXT, "second", 6), 0);
	cr_expect_eq(weir_ws_close(last, 4000, reason), 0);
	cr_expect_eq(weir_ws_send(last, WEIR_WS_TEXT, "late", 4), -EPIPE);
	ws_expect_text(&ws, "first");
	ws_expect_text(&ws, "second");
	cr_expect_eq(ws_expect_close(&ws), 4000);
	cr_expect_str_eq(ws.frame.data + 2, reason);
	ws_send_close(&ws, 4000);
	cr_expect_eq(client_await_end(&ws.client), CLIENT_CLOSED);
	cr_expect_eq(ws_server_await_close(&server), 4000);
	weir_ws_unref(last);
	ws_destroy(&ws);
	ws_server_finish(&server);
}

/* The bytes behind the request are the first frame. */
Test(ws_frames, a_frame_behind_the_handshake)
{
	static const char first[] = "GET /ws HTTP/1.1\r\n" WS_HANDSHAKE_FIELDS "\r\n"
				    "\x81\x85\0\0\0\0early";
	struct ws_server server;
	struct ws_client ws = {.frame = {0}};

	ws_server_start(&server, NULL);
	client_open(&ws.client, server.fixture.url);
	client_send(&ws.client, first, sizeof(first) - 1);
	client_await_text(&ws.client, "\r\n\r\n");
	client_take(&ws.client,
		    (size_t)((char *)memmem(ws.client.input, ws.client.input_size, "\r\n\r\n", 4) +
			     4 - ws.client.input));
	gate_await(&server.opened, 1);
	ws_expect_text(&ws, "early");
	ws_destroy(&ws);
	ws_server_finish(&server);
}
