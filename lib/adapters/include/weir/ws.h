/* weir/ws.h: WebSockets (RFC 6455) that a stop says goodbye to.
 *
 * An adapter on wslay and weir/upgrade.h, a library of its own (weir-ws). A handler calls
 * weir_ws_accept(); that does the opening handshake and gives the connection to a hub: one
 * thread, a task of the server, that serves all of the hub's connections, so an idle one holds no
 * worker. The hub calls back for what happens to each; weir_ws_send() sends, from any thread.
 *
 * When a stop begins each client is sent what waits for it, then close code 1001 (going away),
 * and its answer is awaited until the drain timeout, at which the server cuts what is left. A stop
 * that has heard all answers ends at once.
 *
 * All that a client can make the server keep is bounded: length and fragments of a message, what
 * waits to be sent, and the number of connections. Nothing is read from a client while more than
 * half of `send_limit` waits to be sent to it. One that is silent gets a ping, and is cut if it
 * does not answer. Frames that break the protocol are answered with the close code that the RFC
 * names (1002, 1007, 1009). No extensions, no subprotocols.
 *
 * Thread safety: callbacks run on the hub's thread, one at a time, with no lock held, and must not
 * block: they hold up all of the hub's connections. weir_ws_accept() belongs to a handler; the
 * other functions may be called by any thread, callbacks included.
 */
#ifndef WEIR_WS_H
#define WEIR_WS_H

#include <stddef.h>
#include <stdint.h>

#include <weir/server.h>
#include <weir/visibility.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weir_ws_hub weir_ws_hub;
typedef struct weir_ws weir_ws;

enum weir_ws_kind { WEIR_WS_TEXT = 1, WEIR_WS_BINARY = 2 };

/** Close codes (RFC 6455, 7.4.1); the last three are never sent. */
enum weir_ws_code {
	WEIR_WS_NORMAL = 1000,
	WEIR_WS_GOING_AWAY = 1001,
	WEIR_WS_PROTOCOL_ERROR = 1002,
	WEIR_WS_INVALID_DATA = 1007,
	WEIR_WS_POLICY = 1008,
	WEIR_WS_TOO_BIG = 1009,
	WEIR_WS_INTERNAL_ERROR = 1011,
	WEIR_WS_NO_CODE = 1005, /**< the client's close had no code */
	WEIR_WS_LOST = 1006     /**< the connection ended without a close */
};

/** What happens to a connection; each may be NULL. `arg` is what weir_ws_accept() was given. */
struct weir_ws_handlers {
	/** The handshake is done: first of all, and only if it is. */
	void (*on_open)(weir_ws *ws, void *arg);
	/** A whole message; text is valid UTF-8. `data` is borrowed. Messages that were sent before
	 *  the client saw that it is to close come too. */
	void (*on_message)(weir_ws *ws, void *arg, enum weir_ws_kind kind, const void *data,
			   size_t size);
	/** It is over, after on_open: the client's close code, WEIR_WS_NO_CODE, WEIR_WS_LOST, or
	 *  the hub's own where it ended the connection because of what the client did. */
	void (*on_close)(weir_ws *ws, void *arg, int code);
	/** Nothing uses `arg` any more. Once for each weir_ws_accept(), also if it failed, or
	 *  refused. On any thread. */
	void (*release)(void *arg);
};

/** Zero or NULL: the default. */
struct weir_ws_options {
	/** Longest message of a client in bytes; longer: closed with 1009. At most 16 MiB.
	 *  Default 64 KiB. A message of more than 1024 fragments: 1008. */
	size_t message_limit;
	/** Bytes that may wait to be sent to one client; at least twice message_limit and
	 *  128 KiB, so that an echo always fits. Default that, or 1 MiB if it is more. */
	size_t send_limit;
	/** A ping after this long a silence. Default 30 s; WEIR_NONE: never. */
	weir_time ping_after;
	/** And the end, when nothing comes within this. Default 20 s. */
	weir_time pong_timeout;
	/** How long the answer to a close is awaited, but for those of a stop. Default 5 s. */
	weir_time close_timeout;
	/** More are answered 503. Default 16384, at most 1,000,000. */
	unsigned max_connections;
	/** Origins that browsers' pages may come from, like "https://example.org", up to a NULL;
	 *  "*": all. Default: pages of this server only (the Origin's host and port are the
	 *  Host's). Requests without an Origin come from no page, and are not asked. Copied. */
	const char *const *origins;
};

/** Makes a hub. Its thread starts with its first connection. `handlers` is copied, `options` may
 *  be NULL. Returns 0, -EINVAL (an option out of its range), -ENOMEM, -EMFILE, -ENFILE. */
WEIR_API int weir_ws_hub_create(const struct weir_ws_handlers *handlers,
				const struct weir_ws_options *options, weir_ws_hub **out);

/** Ends it while the server goes on: connections are closed with 1001, further ones answered 503,
 *  and when the last is gone its thread ends. Any number of times. */
WEIR_API void weir_ws_hub_end(weir_ws_hub *hub);

/** The same, and gives it up: callbacks may still run, until the last `release`. Not while a
 *  weir_ws_accept() may be called. NULL is ignored. */
WEIR_API void weir_ws_hub_destroy(weir_ws_hub *hub);

/** For a handler of a GET route: `return weir_ws_accept(hub, request, response, arg);`. Answers
 *  101 and hands the connection over, or refuses: 400 (not a WebSocket handshake), 403 (Origin),
 *  426 (another version than 13), 503 (a stop, too many connections). `arg` is taken in any
 *  case. A hub serves one server only. Returns 0 when there is an answer, or a negative errno. */
WEIR_API int weir_ws_accept(weir_ws_hub *hub, weir_request *request, weir_response *response,
			    void *arg);

/** Queues a message of at most send_limit bytes; copied. Text must be valid UTF-8, or the client
 *  will fail. Returns 0; -EPIPE once it is closing or closed; -EMSGSIZE; -ENOMEM: it is not sent,
 *  and what becomes of the connection is the caller's to say; or -ENOBUFS: the client reads too
 *  slowly, and is closed with 1008. */
WEIR_API int weir_ws_send(weir_ws *ws, enum weir_ws_kind kind, const void *data, size_t size);

/** The same message to each of `count`, with one copy of it. Returns 0, -EMSGSIZE or -ENOMEM with
 *  nothing sent; what weir_ws_send() would say of one of them is not told. One for which there is
 *  no memory is closed with 1011, because it would miss the message without knowing. */
WEIR_API int weir_ws_send_all(weir_ws *const *targets, size_t count, enum weir_ws_kind kind,
			      const void *data, size_t size);

/** Closes it, after what is queued: code 1000 to 1003, 1007 to 1014 or 3000 to 4999, and up to 123
 *  bytes of UTF-8 for people (NULL: none). The first call counts. Returns 0 or -EINVAL. */
WEIR_API int weir_ws_close(weir_ws *ws, int code, const char *reason);

/** A connection is there from its on_open to the end of its on_close; for longer with a
 *  reference. weir_ws_ref() returns `ws`. */
WEIR_API weir_ws *weir_ws_ref(weir_ws *ws);
WEIR_API void weir_ws_unref(weir_ws *ws);

#ifdef __cplusplus
}
#endif

#endif
