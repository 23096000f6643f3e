/* fuzz_websocket.c: one WebSocket of the adapter (lib/adapters/ws), from its frames to its end.
 *
 * Input: a byte for how many pieces it comes in (the low four bits) and whether a stop begins in
 * the middle (0x10), a byte for how many bytes had come with the handshake, then the client's
 * frames. Messages are echoed. Held against: a decoder of this directory's own
 * (websocket/frames.h): the same messages are given out, the end has the code it has there, each
 * message and each ping is answered once and in order, and nothing follows a close.
 *
 * The connection stands on a socket pair and is turned by hand; hub and server are not running.
 */
#include "fuzz/fuzz.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <weir/server.h>
#include <weir/task.h>

#include "fuzz/websocket/frames.h"
#include "hub.h"

enum {
	STOP = 0x10,
	PIECES = 15,
	LIMIT = 1024,
	INPUT_MAX = 4096,
	LOST = 1006,
	GOING_AWAY = 1001,
	PROTOCOL_ERROR = 1002
};

/* ---- what is below the adapter ---- */

struct weir_upgraded {
	int fd;
	const void *early;
	size_t early_size;
	bool closed;
};

int weir_upgraded_fd(const weir_upgraded *connection)
{
	return connection->fd;
}

const void *weir_upgraded_early(const weir_upgraded *connection, size_t *size)
{
	*size = connection->early_size;
	return connection->early;
}

weir_token *weir_upgraded_token(weir_upgraded *connection)
{
	(void)connection;
	return NULL;
}

void weir_upgraded_note(weir_upgraded *connection, const char *note)
{
	FUZZ_CHECK(!connection->closed && note);
}

void weir_upgraded_count(weir_upgraded *connection, uint64_t received, uint64_t sent)
{
	FUZZ_CHECK(!connection->closed && received + sent > 0);
}

void weir_upgraded_close(weir_upgraded *connection)
{
	FUZZ_CHECK(!connection->closed && close(connection->fd) == 0);
	connection->closed = true;
}

bool weir_server_stopping(const weir_server *server)
{
	(void)server;
	return false;
}

int weir_task_start(weir_server *server, const char *name, int (*run)(void *arg, weir_token *token),
		    void *arg)
{
	(void)server;
	(void)name;
	(void)run;
	(void)arg;
	return -ENOSYS;
}

/* ---- the program above it ---- */

static struct frames expected;
static size_t given, opened, closed, released;
static int close_code;

static void on_open(weir_ws *ws, void *arg)
{
	(void)ws;
	(void)arg;
	opened++;
}

static void on_message(weir_ws *ws, void *arg, enum weir_ws_kind kind, const void *data,
		       size_t size)
{
	const struct frames_piece *message = &expected.messages[given];
	int error = weir_ws_send(ws, kind, data, size);

	(void)arg;
	FUZZ_CHECK(opened == 1 && closed == 0);
	FUZZ_CHECK(given < expected.message_count);
	FUZZ_CHECK(message->opcode == (int)kind && message->size == size);
	FUZZ_CHECK(size == 0 || memcmp(message->data, data, size) == 0);
	FUZZ_CHECK(error == 0 || error == -EPIPE);
	given++;
}

static void on_close(weir_ws *ws, void *arg, int code)
{
	(void)ws;
	(void)arg;
	closed++;
	close_code = code;
}

static void release(void *arg)
{
	(void)arg;
	released++;
}

/* ---- one connection ---- */

static weir_ws_hub *make_hub(void)
{
	static const struct weir_ws_handlers handlers = {on_open, on_message, on_close, release};
	static const struct weir_ws_options options = {.message_limit = LIMIT};
	weir_ws_hub *hub;

	FUZZ_CHECK(weir_ws_hub_create(&handlers, &options, &hub) == 0);
	return hub;
}

/* As accept.c makes one. */
static weir_ws *make(weir_ws_hub *hub, weir_upgraded *connection)
{
	weir_ws *ws = calloc(1, sizeof(*ws));

	FUZZ_CHECK(ws);
	ws->hub = hub;
	ws->fd = -1;
	ws->timer = WS_TIMER_NONE;
	atomic_init(&ws->references, 1);
	STAILQ_INIT(&ws->queue);
	FUZZ_CHECK(weir__ws_frames_create(ws) == 0);
	(void)atomic_fetch_add_explicit(&hub->references, 1, memory_order_relaxed);
	hub->count++;
	ws->connection = connection;
	return ws;
}

struct output {
	uint8_t data[64 * 1024];
	size_t size;
};

static void drain(int fd, struct output *output)
{
	ssize_t count;

	do {
		FUZZ_CHECK(output->size < sizeof(output->data));
		count = recv(fd, output->data + output->size, sizeof(output->data) - output->size,
			     MSG_DONTWAIT);
		if (count > 0)
			output->size += (size_t)count;
	} while (count > 0);
}

/* As the hub's thread does: what was asked of a connection, by its callbacks among others. */
static void take_news(weir_ws *ws)
{
	struct weir__ws_news *news = &ws->hub->news;

	while (STAILQ_FIRST(news)) {
		FUZZ_CHECK(STAILQ_FIRST(news) == ws);
		STAILQ_REMOVE_HEAD(news, in_news);
		ws->news = false;
		weir__ws_turn(ws, false);
		weir_ws_unref(ws);
	}
}

/* Until all that was sent is read. */
static void turn(weir_ws *ws, int peer, struct output *output)
{
	int left = 1, i;

	for (i = 0; left > 0 && i < 1000; i++) {
		weir__ws_turn(ws, true);
		take_news(ws);
		drain(peer, output);
		if (ws->state == WS_CLOSED)
			return;
		FUZZ_CHECK(ioctl(ws->fd, FIONREAD, &left) == 0);
		left += (int)ws->early_size;
	}
	FUZZ_CHECK(left == 0);
}

static void leave(weir_ws *ws)
{
	weir__ws_lock(ws->hub);
	weir__ws_ask_locked(ws, WS_ASK_LEAVE);
	weir__ws_unlock(ws->hub);
	take_news(ws);
}

static void talk(weir_ws *ws, int peer, const uint8_t *data, size_t size, unsigned how,
		 struct output *output)
{
	size_t pieces = 1 + (how & PIECES), piece = size / pieces + 1, at = 0;

	turn(ws, peer, output);
	while (at < size && ws->state != WS_CLOSED) {
		size_t count = size - at < piece ? size - at : piece;

		FUZZ_CHECK(send(peer, data + at, count, MSG_NOSIGNAL) == (ssize_t)count);
		at += count;
		if ((how & STOP) && at >= size / 2 && at - count < size / 2)
			leave(ws);
		turn(ws, peer, output);
	}
	if (ws->state != WS_CLOSED) {
		FUZZ_CHECK(shutdown(peer, SHUT_RDWR) == 0);
		weir__ws_hung_up(ws);
		take_news(ws);
	}
	FUZZ_CHECK(ws->state == WS_CLOSED);
}

/* ---- what was sent ---- */

static bool is(const struct frames_piece *frame, int opcode, const char *data, size_t size)
{
	return frame->opcode == opcode && frame->size == size &&
	       (size == 0 || memcmp(frame->data, data, size) == 0);
}

static int code_of(const struct frames_piece *frame)
{
	FUZZ_CHECK(frame->size != 1);
	return frame->size == 0 ? 1005 : (uint8_t)frame->data[0] << 8 | (uint8_t)frame->data[1];
}

/* 0: no close. */
static int read_output(const struct output *output, size_t *echoes, size_t *pongs)
{
	struct frames_piece frame;
	size_t at = 0, size;

	while ((size = frames_of_server(output->data + at, output->size - at, &frame)) > 0) {
		at += size;
		if (frame.opcode == FRAMES_CLOSE) {
			FUZZ_CHECK(at == output->size); /* nothing follows */
			return code_of(&frame);
		}
		if (frame.opcode == FRAMES_PONG) {
			FUZZ_CHECK(*pongs < expected.ping_count);
			FUZZ_CHECK(is(&frame, FRAMES_PONG, expected.pings[*pongs].data,
				      expected.pings[*pongs].size));
			++*pongs;
		} else {
			FUZZ_CHECK(*echoes < given);
			FUZZ_CHECK(is(&frame, expected.messages[*echoes].opcode,
				      expected.messages[*echoes].data,
				      expected.messages[*echoes].size));
			++*echoes;
		}
	}
	FUZZ_CHECK(at == output->size);
	return 0;
}

static void check(unsigned how, const struct output *output)
{
	size_t echoes = 0, pongs = 0;
	int said = read_output(output, &echoes, &pongs);

	FUZZ_CHECK(opened == 1 && closed == 1);
	FUZZ_CHECK(given == expected.message_count);
	/* Who broke a rule when it had been told to leave may have been closed for either. */
	if ((how & STOP) && close_code == GOING_AWAY &&
	    (expected.failed || expected.code_count > 1))
		return;
	FUZZ_CHECK(frames_may_end(&expected, close_code));
	if (how & STOP)
		return;
	FUZZ_CHECK(said == (close_code == LOST ? 0 : close_code));
	if (close_code == LOST)
		FUZZ_CHECK(echoes == given && pongs == expected.ping_count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct output output;
	struct weir_upgraded connection = {0};
	weir_ws_hub *hub;
	weir_ws *ws;
	int pair[2];

	if (size < 2 || size > INPUT_MAX)
		return 0;
	given = opened = closed = released = 0;
	output.size = 0;
	frames_read(&expected, data + 2, size - 2, LIMIT);
	FUZZ_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
	connection.fd = pair[0];
	connection.early = data + 2;
	connection.early_size = data[1] < size - 2 ? data[1] : size - 2;
	hub = make_hub();
	ws = make(hub, &connection);
	weir__ws_arrive(ws);
	talk(ws, pair[1], data + 2 + connection.early_size, size - 2 - connection.early_size,
	     data[0], &output);
	drain(pair[1], &output);
	check(data[0], &output);
	FUZZ_CHECK(connection.closed && close(pair[1]) == 0);
	weir_ws_unref(ws);
	FUZZ_CHECK(released == 1);
	weir_ws_hub_destroy(hub);
	frames_free(&expected);
	return 0;
}
