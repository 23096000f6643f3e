/* weir_ws_accept(): the opening handshake (RFC 6455, 4.2). */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "adapters/ws_support.h"
#include "support/reply.h"

/* The key of the RFC's example gives the answer of its example (1.3): ws_open() looks. */
Test(ws_handshake, the_example_of_the_rfc)
{
	struct ws_server server;
	struct ws_client ws;

	ws_server_start(&server, NULL);
	ws_server_open(&server, &ws);
	ws_send_close(&ws, 1000);
	cr_expect_eq(ws_expect_close(&ws), 1000);
	ws_destroy(&ws);
	ws_server_finish(&server);
}

#define UPGRADE "Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
#define KEY "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define VERSION "Sec-WebSocket-Version: 13\r\n"

static int status_of(struct ws_server *server, const char *fields, struct reply *reply)
{
	struct client client;

	client_open(&client, server->fixture.url);
	client_printf(&client, "GET /ws HTTP/1.1\r\nHost: localhost:80\r\n%s\r\n", fields);
	client_receive(&client, reply);
	client_close(&client);
	return reply->status;
}

Test(ws_handshake, what_is_none_is_refused_and_releases_its_argument)
{
	static const struct {
		const char *fields;
		int status;
	} rows[] = {
		{"", 400},
		{"Connection: Upgrade\r\n" KEY VERSION, 400},
		{"Upgrade: websocket\r\n" KEY VERSION, 400},
		{"Upgrade: h2c\r\nConnection: Upgrade\r\n" KEY VERSION, 400},
		{UPGRADE VERSION, 400},
		{UPGRADE VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=\r\n", 400},
		{UPGRADE VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZXg=\r\n", 400},
		{UPGRADE VERSION "Sec-WebSocket-Key: ????IHNhbXBsZSBub25jZQ==\r\n", 400},
		{UPGRADE KEY, 426},
		{UPGRADE KEY "Sec-WebSocket-Version: 8\r\n", 426},
		{UPGRADE KEY VERSION "Origin: http://evil.example\r\n", 403},
		{UPGRADE KEY VERSION "Origin: null\r\n", 403},
	};
	struct ws_server server;
	struct reply reply;

	ws_server_start(&server, NULL);
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cr_expect_eq(status_of(&server, rows[i].fields, &reply), rows[i].status,
			     "row %u: %d", i, reply.status);
		if (rows[i].status == 426)
			cr_expect_str_eq(reply_header(&reply, "Sec-WebSocket-Version"), "13");
		reply_free(&reply);
		cr_expect_eq(gate_arrivals(&server.released), i + 1);
	}
	cr_expect_eq(gate_arrivals(&server.opened), 0);
	ws_server_finish(&server);
}

static void expect_open(struct ws_server *server, const char *fields)
{
	struct client client;

	client_open(&client, server->fixture.url);
	client_printf(&client,
		      "GET /ws HTTP/1.1\r\nHost: localhost:80\r\n" UPGRADE KEY VERSION "%s\r\n",
		      fields);
	client_await_text(&client, "HTTP/1.1 101 ");
	gate_await(&server->opened, 1);
	client_close(&client);
	cr_expect_eq(ws_server_await_close(server), WEIR_WS_LOST);
}

Test(ws_handshake, pages_of_the_same_server_may)
{
	struct ws_server server;

	ws_server_start(&server, NULL);
	expect_open(&server, "Origin: http://LOCALHOST:80\r\n");
	ws_server_finish(&server);
}

Test(ws_handshake, listed_origins_may_and_no_others)
{
	static const char *const origins[] = {"https://one.example", "https://two.example", NULL};
	static const char *const all[] = {"*", NULL};
	struct ws_server server;
	struct reply reply;

	ws_server_start(&server, &(struct weir_ws_options){.origins = origins});
	expect_open(&server, "Origin: https://two.example\r\n");
	cr_expect_eq(
		status_of(&server, UPGRADE KEY VERSION "Origin: http://localhost:80\r\n", &reply),
		403);
	reply_free(&reply);
	ws_server_finish(&server);

	ws_server_start(&server, &(struct weir_ws_options){.origins = all});
	expect_open(&server, "Origin: http://evil.example\r\n");
	ws_server_finish(&server);
}

Test(ws_handshake, too_many_are_told_to_come_back)
{
	struct ws_server server;
	struct ws_client ws;
	struct reply reply;

	ws_server_start(&server, &(struct weir_ws_options){.max_connections = 1});
	ws_server_open(&server, &ws);
	cr_expect_eq(status_of(&server, UPGRADE KEY VERSION, &reply), 503);
	cr_expect_not_null(reply_header(&reply, "Retry-After"));
	reply_free(&reply);
	ws_destroy(&ws);
	cr_expect_eq(ws_server_await_close(&server), WEIR_WS_LOST);
	gate_await(&server.released, 2);
	ws_server_open(&server, &ws);
	ws_destroy(&ws);
	ws_server_finish(&server);
}

Test(ws_handshake, options_out_of_range_are_refused)
{
	static const struct weir_ws_options rows[] = {
		{.message_limit = (16u << 20) + 1},
		{.message_limit = 1u << 20, .send_limit = 2u << 20},
		{.max_connections = 1000001},
		{.ping_after = -5},
		{.pong_timeout = -1},
		{.close_timeout = -1},
	};
	weir_ws_hub *hub;

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		cr_expect_eq(weir_ws_hub_create(&(struct weir_ws_handlers){0}, &rows[i], &hub),
			     -EINVAL, "row %u", i);
	cr_expect_eq(weir_ws_hub_create(&(struct weir_ws_handlers){0}, NULL, &hub), 0);
	weir_ws_hub_destroy(hub);
}
