/* weir/upgrade.h: connections that leave HTTP (RFC 9110, 7.8), and stay in the server's care.
 *
 * A handler that answers 101 gets the bare connection. It is given to `run`, on a worker, with
 * whatever bytes the client has sent behind its request. `run` may serve the connection there
 * until it is over, or hand it to a thread or an event loop of the program's and return: the
 * connection is open until weir_upgraded_close(), whoever calls it, once.
 *
 * Such a connection is in flight for a stop: its token trips with WEIR_REASON_DRAINING as soon as
 * the grace begins (after the lame-duck time, if there is one), in order that both sides may say
 * goodbye, and the stop waits for it to be closed, until the drain timeout. Then its socket is shut
 * down in both directions, and it is named in the report and counted (weir_report_counts). Its
 * owner has to close it even then, and has until the end of teardown to do so, 500 ms at least. One
 * that is not closed by then makes the outcome WEIR_ABANDONED: its owner may still use it, so
 * nothing is freed, and closing it stays allowed.
 *
 * It costs no place in any list that a request passes through, so ten thousand idle ones do not
 * slow down the rest. It counts against max_connections. Nobody but its owner looks at it: that its
 * client has gone is seen by reading, and how long it may be idle is the program's to say.
 */
#ifndef WEIR_UPGRADE_H
#define WEIR_UPGRADE_H

#include <stddef.h>
#include <stdint.h>

#include <weir/response.h>
#include <weir/token.h>
#include <weir/visibility.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weir_upgraded weir_upgraded;

/** Serves, or hands on, a connection, which is its own from here on. On a worker, which is not
 *  there for others until it returns. It or `drop` is called, once. */
typedef void (*weir_upgrade_fn)(weir_upgraded *connection, void *arg);

struct weir_upgrade_options {
	const char *protocol; /**< value of the Upgrade field, like "websocket"; copied */
	weir_upgrade_fn run;
	/** Called instead of `run`, so that `arg` can be freed: when the handler has returned an
	 *  error after all, when the 101 was not sent (the client has gone, the server stops, the
	 *  queue is full, no descriptor is left: the last three are answered 503), or when a stop
	 *  cut the connection before a worker had it. Any thread, the acceptor's mostly: it must
	 * not block. Not called when weir_response_upgrade() has returned an error. May be NULL. */
	void (*drop)(void *arg);
	void *arg; /**< borrowed until `run` or `drop` is called */
};

/** Answers 101 Switching Protocols with `Connection: Upgrade`, `Upgrade: protocol` and the header
 *  fields that the handler adds; the handler returns 0. After it neither status nor body can be
 *  set (-EALREADY). For HTTP/1.1 requests without a body that ask for it (`Connection: upgrade`,
 *  and the protocol, in whatever case, in `Upgrade`), not HEAD. On ordinary listeners only. On the
 *  handler's thread.
 *  Returns 0; -EPROTO (the request does not ask for it): a handler that returns that is answered
 *  426 with `Upgrade: protocol`; -ECANCELED (a stop was asked for): a handler that returns that is
 *  answered 503 with Retry-After; -EINVAL (no `run`, not a protocol, an admin listener), -EALREADY
 *  (a stream or an upgrade was begun) or -ENOMEM. `options` is read during the call only. */
WEIR_API int weir_response_upgrade(weir_response *response,
				   const struct weir_upgrade_options *options);

/** The socket: not blocking, close-on-exec, TCP (with TCP_NODELAY) or Unix. Not the caller's to
 *  close. Any thread, until close. */
WEIR_API int weir_upgraded_fd(const weir_upgraded *connection);

/** Bytes that came behind the request; they come before what is in the socket. NULL and 0 if there
 *  are none. Valid until close. Any thread. */
WEIR_API const void *weir_upgraded_early(const weir_upgraded *connection, size_t *size);

/** Trips with WEIR_REASON_DRAINING when a stop begins (see above), and WEIR_REASON_SHUTDOWN if the
 *  server cuts the connection first; a token trips once. Callbacks run on the thread that stops
 *  the server, and have to be removed before the close, which a callback may do itself. Borrowed,
 *  valid until close; who needs it longer takes a reference. Any thread. */
WEIR_API weir_token *weir_upgraded_token(weir_upgraded *connection);

/** What is being done, for the report and the status: a string literal, or another string that
 *  lives as long as the server. Any thread. */
WEIR_API void weir_upgraded_note(weir_upgraded *connection, const char *note);

/** Adds to the bytes received and sent that the report and the status show. Any thread. */
WEIR_API void weir_upgraded_count(weir_upgraded *connection, uint64_t received, uint64_t sent);

/** Ends it: closes the socket; the connection, its token and its early bytes are not to be touched
 *  after this. Once, from any thread: in `run`, in a callback of its token, while the server stops
 *  or cuts it, and when that was abandoned. Whoever still waits on the socket is not woken by it:
 *  a program that closes from another thread ends those first, by shutdown(2) for example. */
WEIR_API void weir_upgraded_close(weir_upgraded *connection);

#ifdef __cplusplus
}
#endif

#endif
