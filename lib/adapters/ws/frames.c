/* frames.c: between the socket and wslay, and between wslay and the callbacks.
 *
 * wslay knows frames: masks, lengths, fragments, UTF-8, close codes (RFC 6455, 5 to 8), and answers
 * a client that breaks a rule with a close of its own. What it leaves open is bounded here: it
 * would take any number of fragments, and queue a pong for each ping of a client that does not
 * read.
 *
 * It is given one message at a time from the connection's queue, so that it copies little, and the
 * rest stays shared with other connections.
 */
#include "hub.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* A fragment costs some 50 bytes besides its own. */
enum { FRAGMENTS_MAX = 1024, CONTROLS_MAX = 64 };

static ssize_t would_block(struct wslay_event_context *frames)
{
	wslay_event_set_error(frames, WSLAY_ERR_WOULDBLOCK);
	return -1;
}

static ssize_t lost(weir_ws *ws, struct wslay_event_context *frames)
{
	ws->lost = true;
	wslay_event_set_error(frames, WSLAY_ERR_CALLBACK_FAILURE);
	return -1;
}

bool weir__ws_congested(weir_ws *ws)
{
	size_t queued;

	weir__ws_lock(ws->hub);
	queued = ws->queued;
	weir__ws_unlock(ws->hub);
	return queued > ws->hub->options.send_limit / 2 ||
	       wslay_event_get_queued_msg_count(ws->frames) > CONTROLS_MAX;
}

static ssize_t read_early(weir_ws *ws, uint8_t *buffer, size_t size)
{
	const size_t count = ws->early_size < size ? ws->early_size : size;

	memcpy(buffer, ws->early, count);
	ws->early += count;
	ws->early_size -= count;
	return (ssize_t)count;
}

static ssize_t read_more(struct wslay_event_context *frames, uint8_t *buffer, size_t size,
			 int flags, void *arg)
{
	weir_ws *ws = arg;
	ssize_t count;

	(void)flags;
	if (ws->read_left == 0 || weir__ws_congested(ws))
		return would_block(frames);
	if (size > ws->read_left)
		size = ws->read_left;
	if (ws->early_size > 0)
		count = read_early(ws, buffer, size);
	else
		count = recv(ws->fd, buffer, size, MSG_DONTWAIT);
	if (count < 0 && (errno == EAGAIN || errno == EINTR))
		return would_block(frames);
	if (count <= 0)
		return lost(ws, frames);
	ws->read_left -= (size_t)count;
	ws->received += (uint64_t)count;
	ws->moved = true;
	return count;
}

/* For a frame whose header alone is wrong wslay queues a close without a code; what is sent in its
 * place says 1002 (RFC 6455, 7.1.7). The same two bytes within another frame are that one's. */
static bool is_nameless_close(const weir_ws *ws, const uint8_t *data, size_t size)
{
	return ws->broken && !ws->inside && size == 2 &&
	       data[0] == (0x80 | WSLAY_CONNECTION_CLOSE) && data[1] == 0;
}

static ssize_t write_named_close(weir_ws *ws, size_t size)
{
	static const uint8_t frame[] = {0x80 | WSLAY_CONNECTION_CLOSE, 2,
					WEIR_WS_PROTOCOL_ERROR >> 8, WEIR_WS_PROTOCOL_ERROR & 0xff};
	const ssize_t count = send(ws->fd, frame + ws->named, sizeof(frame) - ws->named,
				   MSG_DONTWAIT | MSG_NOSIGNAL);

	if (count <= 0)
		return count;
	ws->named += (size_t)count;
	if (ws->named == sizeof(frame))
		return (ssize_t)size;
	errno = EAGAIN;
	return -1;
}

static ssize_t write_more(struct wslay_event_context *frames, const uint8_t *data, size_t size,
			  int flags, void *arg)
{
	weir_ws *ws = arg;
	const int more = flags & WSLAY_MSG_MORE ? MSG_MORE : 0;
	const ssize_t count =
		is_nameless_close(ws, data, size)
			? write_named_close(ws, size)
			: send(ws->fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL | more);

	if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
		ws->blocked = true;
		return would_block(frames);
	}
	if (count <= 0)
		return lost(ws, frames);
	/* wslay sends a header, and says that there is more, then the payload. */
	ws->inside = more || (size_t)count < size;
	ws->sent += (uint64_t)count;
	return count;
}

static void fail(weir_ws *ws, uint16_t code, const char *reason)
{
	(void)wslay_event_queue_close(ws->frames, code, (const uint8_t *)reason, strlen(reason));
	wslay_event_shutdown_read(ws->frames);
	ws->code = code;
}

static void begin_frame(struct wslay_event_context *frames,
			const struct wslay_event_on_frame_recv_start_arg *frame, void *arg)
{
	weir_ws *ws = arg;

	(void)frames;
	/* RFC 6455, 5.5.1: a code has two bytes. wslay takes one for none. */
	if (frame->opcode == WSLAY_CONNECTION_CLOSE && frame->payload_length == 1)
		fail(ws, WEIR_WS_PROTOCOL_ERROR, "half a code");
	if (wslay_is_ctrl_frame(frame->opcode))
		return;
	ws->fragments = frame->opcode == WSLAY_CONTINUATION_FRAME ? ws->fragments + 1 : 1;
	if (ws->fragments > FRAGMENTS_MAX)
		fail(ws, WEIR_WS_POLICY, "too many fragments");
}

static void take_message(struct wslay_event_context *frames,
			 const struct wslay_event_on_msg_recv_arg *message, void *arg)
{
	weir_ws *ws = arg;
	const struct weir_ws_handlers *handlers = &ws->hub->handlers;

	/* After a fragment too many, the frame it came with is still taken to its end. */
	if (wslay_is_ctrl_frame(message->opcode) || !wslay_event_get_read_enabled(frames))
		return;
	if (handlers->on_message)
		handlers->on_message(ws, ws->arg,
				     message->opcode == WSLAY_TEXT_FRAME ? WEIR_WS_TEXT
									 : WEIR_WS_BINARY,
				     message->msg, message->msg_length);
}

int weir__ws_frames_create(weir_ws *ws)
{
	static const struct wslay_event_callbacks callbacks = {
		.recv_callback = read_more,
		.send_callback = write_more,
		.on_frame_recv_start_callback = begin_frame,
		.on_msg_recv_callback = take_message,
	};

	if (wslay_event_context_server_init(&ws->frames, &callbacks, ws) != 0)
		return -ENOMEM;
	wslay_event_config_set_max_recv_msg_length(ws->frames, ws->hub->options.message_limit);
	return 0;
}

bool weir__ws_receive(weir_ws *ws)
{
	int error;

	if (!wslay_event_get_read_enabled(ws->frames))
		return true;
	error = wslay_event_recv(ws->frames);
	if (ws->lost || error == WSLAY_ERR_NOMEM)
		return false;
	if (error != 0)
		ws->broken = true;
	return true;
}

static bool queue_close(weir_ws *ws)
{
	const size_t size = strlen(ws->close_reason);

	ws->close_queued = true;
	return wslay_event_queue_close(ws->frames, (uint16_t)ws->close_code,
				       (const uint8_t *)ws->close_reason, size) != WSLAY_ERR_NOMEM;
}

/* Gives wslay the next thing to send. False: there is none. */
static bool next(weir_ws *ws, bool *no_memory)
{
	struct weir__ws_message *message;
	struct wslay_event_msg outgoing;
	int error;

	if (ws->close_queued || !wslay_event_get_write_enabled(ws->frames))
		return false;
	message = weir__ws_dequeue(ws);
	if (!message) {
		if (ws->close_code == 0)
			return false;
		*no_memory = !queue_close(ws);
		return true;
	}
	outgoing.opcode = message->kind == WEIR_WS_TEXT ? WSLAY_TEXT_FRAME : WSLAY_BINARY_FRAME;
	outgoing.msg = (const uint8_t *)message->data;
	outgoing.msg_length = message->size;
	error = wslay_event_queue_msg(ws->frames, &outgoing);
	*no_memory = error == WSLAY_ERR_NOMEM;
	weir__ws_message_unref(message);
	return true;
}

bool weir__ws_flush(weir_ws *ws)
{
	const uint64_t sent = ws->sent;
	bool no_memory = false;

	do {
		if (wslay_event_want_write(ws->frames) &&
		    (wslay_event_send(ws->frames) != 0 || ws->lost))
			return false;
	} while (!ws->blocked && next(ws, &no_memory) && !no_memory);
	/* A client that is not read from shows that it is alive by taking something. */
	if (ws->sent > sent && weir__ws_congested(ws))
		ws->moved = true;
	return !no_memory;
}
