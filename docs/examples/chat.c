/* chat.c: one WebSocket for all: what one says, everybody hears.
 *
 * A page that speaks to it is docs/examples/room.html?ws://127.0.0.1:8080/chat
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <weir/weir.h>
#include <weir/ws.h>

enum { PEOPLE_MAX = 100 };

struct chat {
	weir_ws_hub *hub;
	weir_ws *people[PEOPLE_MAX]; /* the hub's thread only */
	size_t count;
};

static void join(weir_ws *ws, void *arg)
{
	struct chat *chat = arg;

	if (chat->count < PEOPLE_MAX)
		chat->people[chat->count++] = ws;
	else
		(void)weir_ws_close(ws, WEIR_WS_POLICY, "the chat is full");
}

static void say(weir_ws *ws, void *arg, enum weir_ws_kind kind, const void *data, size_t size)
{
	struct chat *chat = arg;

	if (weir_ws_send_all(chat->people, chat->count, kind, data, size) != 0)
		(void)weir_ws_close(ws, WEIR_WS_INTERNAL_ERROR, "that was too much");
}

static void leave(weir_ws *ws, void *arg, int code)
{
	struct chat *chat = arg;

	(void)code;
	for (size_t i = 0; i < chat->count; i++) {
		if (chat->people[i] == ws) {
			chat->people[i] = chat->people[--chat->count];
			return;
		}
	}
}

static int enter(weir_request *request, weir_response *response, weir_token *token)
{
	struct chat *chat = weir_request_context(request);

	(void)token;
	return weir_ws_accept(chat->hub, request, response, chat);
}

static int serve(struct chat *chat, const char *listen)
{
	int log_fd = STDERR_FILENO;
	const struct weir_server_options options = {
		.listen = listen,
		.log = weir_log_text,
		.log_arg = &log_fd,
		.log_level = WEIR_LOG_INFO,
	};
	weir_server *server;
	int result = weir_server_create(&options, &server);

	if (result != 0)
		return result;
	result = weir_server_route(server, "GET /chat", enter, chat, NULL);
	if (result == 0)
		result = weir_server_run(server, NULL);
	weir_server_destroy(server);
	return result;
}

int main(int argc, char **argv)
{
	static const struct weir_ws_handlers handlers = {
		.on_open = join,
		.on_message = say,
		.on_close = leave,
	};
	struct chat chat = {0};
	int result = weir_ws_hub_create(&handlers, NULL, &chat.hub);

	if (result == 0)
		result = serve(&chat, argc > 1 ? argv[1] : "127.0.0.1:8080");
	weir_ws_hub_destroy(chat.hub);
	if (result < 0)
		(void)fprintf(stderr, "chat: error %d\n", -result);
	return result < 0 ? EXIT_FAILURE : result;
}
