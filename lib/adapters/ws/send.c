/* send.c: what any thread may do with a connection: send, close, hold.
 *
 * A message is copied once, however many get it. Each queue counts its bytes and what a message
 * costs besides; the count is over as soon as the hub's thread has given the message to wslay,
 * which has one at a time.
 */
#include "hub.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGE_COST (sizeof(struct weir__ws_message) + sizeof(struct weir__ws_outgoing) + 32)

void weir__ws_message_unref(struct weir__ws_message *message)
{
	if (atomic_fetch_sub_explicit(&message->references, 1, memory_order_acq_rel) == 1)
		free(message);
}

static struct weir__ws_message *make_message(enum weir_ws_kind kind, const void *data, size_t size)
{
	struct weir__ws_message *message = malloc(sizeof(*message) + size);

	if (!message)
		return NULL;
	atomic_init(&message->references, 1);
	message->kind = kind;
	message->size = size;
	if (size > 0)
		memcpy(message->data, data, size);
	return message;
}

static struct weir__ws_message *dequeue_locked(weir_ws *ws)
{
	struct weir__ws_outgoing *first = STAILQ_FIRST(&ws->queue);
	struct weir__ws_message *message;

	if (!first)
		return NULL;
	message = first->message;
	STAILQ_REMOVE_HEAD(&ws->queue, link);
	ws->queued -= message->size + MESSAGE_COST;
	free(first);
	return message;
}

struct weir__ws_message *weir__ws_dequeue(weir_ws *ws)
{
	struct weir__ws_message *message;

	weir__ws_lock(ws->hub);
	message = dequeue_locked(ws);
	weir__ws_unlock(ws->hub);
	return message;
}

void weir__ws_clear_locked(weir_ws *ws)
{
	struct weir__ws_message *message;

	while ((message = dequeue_locked(ws)) != NULL)
		weir__ws_message_unref(message);
}

/* Takes a reference of its own, if it takes anything. */
static int enqueue(weir_ws *ws, struct weir__ws_message *message)
{
	weir_ws_hub *hub = ws->hub;
	struct weir__ws_outgoing *entry = malloc(sizeof(*entry));
	int error = 0;

	if (!entry)
		return -ENOMEM;
	entry->message = message;
	weir__ws_lock(hub);
	if (ws->deaf) {
		error = -EPIPE;
	} else if (ws->queued + message->size + MESSAGE_COST > hub->options.send_limit) {
		error = -ENOBUFS;
		ws->deaf = true;
		weir__ws_ask_locked(ws, WS_ASK_DROP);
	} else {
		/* Relaxed: the caller holds one. */
		(void)atomic_fetch_add_explicit(&message->references, 1, memory_order_relaxed);
		STAILQ_INSERT_TAIL(&ws->queue, entry, link);
		ws->queued += message->size + MESSAGE_COST;
		weir__ws_ask_locked(ws, 0);
	}
	weir__ws_unlock_and_wake(hub);
	if (error)
		free(entry);
	return error;
}

static bool too_big(const weir_ws *ws, size_t size)
{
	return size > ws->hub->options.send_limit - MESSAGE_COST;
}

int weir_ws_send(weir_ws *ws, enum weir_ws_kind kind, const void *data, size_t size)
{
	struct weir__ws_message *message;
	int error;

	if (too_big(ws, size))
		return -EMSGSIZE;
	message = make_message(kind, data, size);
	if (!message)
		return -ENOMEM;
	error = enqueue(ws, message);
	weir__ws_message_unref(message);
	return error;
}

int weir_ws_send_all(weir_ws *const *targets, size_t count, enum weir_ws_kind kind,
		     const void *data, size_t size)
{
	struct weir__ws_message *message;

	for (size_t i = 0; i < count; i++) {
		if (too_big(targets[i], size))
			return -EMSGSIZE;
	}
	message = make_message(kind, data, size);
	if (!message)
		return -ENOMEM;
	/* Who misses one message of many would not know it. */
	for (size_t i = 0; i < count; i++) {
		if (enqueue(targets[i], message) == -ENOMEM)
			(void)weir_ws_close(targets[i], WEIR_WS_INTERNAL_ERROR, "out of memory");
	}
	weir__ws_message_unref(message);
	return 0;
}

/* RFC 6455, 7.4: those that may be sent; 1012 to 1014 are registered with IANA since. */
static bool may_be_sent(int code)
{
	return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
	       (code >= 3000 && code <= 4999);
}

int weir_ws_close(weir_ws *ws, int code, const char *reason)
{
	const size_t size = reason ? strlen(reason) : 0;

	if (!may_be_sent(code) || size > sizeof(ws->asked_reason) - 1)
		return -EINVAL;
	weir__ws_lock(ws->hub);
	if (!ws->deaf) {
		ws->deaf = true;
		ws->asked_code = code;
		if (size > 0)
			memcpy(ws->asked_reason, reason, size);
		ws->asked_reason[size] = '\0';
		weir__ws_ask_locked(ws, WS_ASK_CLOSE);
	}
	weir__ws_unlock_and_wake(ws->hub);
	return 0;
}

weir_ws *weir_ws_ref(weir_ws *ws)
{
	/* Relaxed: the caller holds one. */
	(void)atomic_fetch_add_explicit(&ws->references, 1, memory_order_relaxed);
	return ws;
}

void weir_ws_unref(weir_ws *ws)
{
	weir_ws_hub *hub = ws->hub;

	if (atomic_fetch_sub_explicit(&ws->references, 1, memory_order_acq_rel) != 1)
		return;
	if (ws->frames)
		wslay_event_context_free(ws->frames);
	if (hub->handlers.release)
		hub->handlers.release(ws->arg);
	free(ws);
	weir__ws_hub_unref(hub);
}
