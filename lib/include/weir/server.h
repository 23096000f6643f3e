/* weir/server.h: a server: listeners, routes, workers, and how it stops.
 *
 * Made by weir_server_create(), given routes and listeners, started, stopped, waited
 * for, destroyed. weir_server_run() does the last four for a program that has nothing
 * else to do, with SIGINT and SIGTERM turned into a stop.
 *
 * Threads: one acceptor thread does all the network's work; `workers` threads run
 * the handlers, one request each; one coordinator thread sleeps until there is a stop
 * to be run; background tasks and the stages of teardown (weir/task.h) have threads of their
 * own. The first deadline in the process starts one timer thread, which lives as
 * long as the process. All of them block every signal but those that report a fault of
 * their own (SIGSEGV and its like), so signals go to the program's own threads; those that run
 * the program's code take one more, which asks for their stacks (weir/stack.h).
 *
 * Durations are in nanoseconds (weir/time.h). Calls may be made from any thread, where
 * nothing else is said; those marked "before the start" from one thread at a time.
 */
#ifndef WEIR_SERVER_H
#define WEIR_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weir/log.h>
#include <weir/report.h>
#include <weir/request.h>
#include <weir/response.h>
#include <weir/time.h>
#include <weir/token.h>
#include <weir/visibility.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weir_server weir_server;

/** Writes what is at `address`, a return address, for people: "function+0x1c (file.c:41)", cut to
 *  fit, without line feeds. The call that returns there is the instruction before it. Returns 0, or
 *  a negative errno: the address is printed as a number. Any thread but the acceptor's, several at
 *  a time. */
typedef int (*weir_symbolizer)(void *arg, uintptr_t address, char *out, size_t size);

/** For a duration whose zero means "the default": none at all. */
#define WEIR_NONE ((weir_time)-1)

/** The form of the answers that the library makes by itself: refusals, and what it makes of
 *  a handler's error. One line in either. */
enum weir_errors {
	WEIR_ERRORS_TEXT, /**< text/plain: `404 Not Found: nothing is here` */
	WEIR_ERRORS_JSON  /**< application/json: `{"error":"nothing is here"}` */
};

/** Zero, or NULL, means the default everywhere. Copied by weir_server_create(). */
struct weir_server_options {
	/** Where to listen, as weir_server_listen() takes it; NULL: nowhere yet. */
	const char *listen;

	/** Worker threads, 1 to 4096. Default 64: handlers may block. */
	unsigned workers;
	/** Up to so many, `workers` to 4096; default: as many as `workers`, and never more. More
	 * are started while requests wait for one, all have a request, and the process leaves
	 * processors unused: then handlers are blocked. Those that have become too many end after
	 *  `worker_idle`. */
	unsigned workers_max;
	/** After how long without a request a worker ends, if there are more than `workers`.
	 *  Default 10 s. */
	weir_time worker_idle;
	/** Requests that may wait for a worker, 1 to 1,000,000. Default 1024. A request
	 *  that finds the queue full is answered 503 at once. */
	unsigned queue;
	/** How long a request may wait for a worker; then it is answered 503. Default 30 s;
	 *  WEIR_NONE: as long as it takes. */
	weir_time queue_age;
	/** When the queue counts as overloaded (CoDel, RFC 8289, for the time spent in it): when
	 *  in the last `queue_interval` no request got a worker while all that waited had done so
	 *  for at most `queue_target`. What has waited for over twice the target is then answered
	 *  503 instead of being run, and the newest run first, because they can still be served in
	 *  time. Default 5 ms; WEIR_NONE: never. */
	weir_time queue_target;
	/** Long enough for a burst to be worked off. Default 100 ms. */
	weir_time queue_interval;
	/** Stack of a worker in bytes, 64 KiB to 1 GiB. Default 1 MiB. */
	size_t worker_stack;

	/** How long a stop goes on taking connections and requests before it closes anything, while
	 *  weir_server_stopping() is true, so that readiness fails, and every answer says
	 *  `Connection: close`. Default 0: not at all. It comes before the grace and the drain
	 *  timeout, which count from its end. A second signal, or weir_server_cancel(), ends it. */
	weir_time lame_duck;
	/** How long a stop leaves requests undisturbed. Default 20 s; WEIR_NONE: not at all. */
	weir_time grace;
	/** How long a stop may take in all, from the moment it was asked for. Default 25 s;
	 *  WEIR_NONE: force at once. A grace that is longer ends here too. */
	weir_time drain_timeout;

	/** Of a connection over TCP the first byte must have come this long after it was made; else
	 *  it is closed. Default, and at most: header_timeout. */
	weir_time first_byte_timeout;
	/** The header of the first request must have come this long after the connection was
	 *  made, and that of a later one this long after its first line; else the connection is
	 *  closed. Default 10 s. */
	weir_time header_timeout;
	/** In each window of this length, a body must bring at least body_min_rate bytes a
	 *  second, or it is answered 408. A handler that does not read is not held against
	 *  the client. Default 20 s. */
	weir_time body_timeout;
	/** Default 512 bytes a second. */
	uint64_t body_min_rate;
	/** The header field by which a client may say how long it will wait, like
	 *  "X-Request-Timeout"; NULL: none. Its value is a number with the unit "ms" or "s"
	 *  ("500ms", "2s"); without a unit it is milliseconds. The request's deadline is then
	 *  that, or its route's own if that is earlier, from when its header was there. What is
	 *  not such a duration, or is sent twice, is answered 400; a request whose time has
	 *  passed before a handler has it never runs and is answered 504. Longer times than fit
	 *  are no deadline. */
	const char *deadline_header;
	/** A kept-alive connection without a request is closed after this. Default 75 s. */
	weir_time keepalive_timeout;
	/** In each window of this length a client must take at least write_min_rate bytes a
	 *  second of its answer, or it is cut. Where the handler of a stream has let it wait, and
	 *  on a Unix socket, anything will do. The first window only begins the count, so it may
	 *  take twice as long. Default 60 s. */
	weir_time write_timeout;
	/** Default 512 bytes a second. */
	uint64_t write_min_rate;

	/** Memory of one connection in bytes, 4096 to 32768. Default 8192. It bounds the
	 *  header of a request (431, 414); idle connections pay for it too. */
	size_t connection_memory;
	/** Connections at a time, those of admin listeners included; further ones wait in the
	 *  backlog. Up to 1,000,000. Default: RLIMIT_NOFILE less a reserve of 64. */
	unsigned max_connections;
	/** Ordinary requests in flight at a time, from the header to the last byte of the answer;
	 *  further ones are answered 503. With the routes' body_limit it bounds the memory of
	 *  bodies. Up to 1,000,000. Default: no limit of its own. */
	unsigned max_requests;

	/** Connections that one client may have open on ordinary listeners; further ones are closed
	 *  at once. Up to 1,000,000. Default: no limit. A client is an IPv4 address, or the first
	 *  64 bits of an IPv6 address; one on a Unix socket has none, and no limit. */
	unsigned client_connections;
	/** Requests that one client may have in flight; further ones are answered 429. Likewise. */
	unsigned client_requests;
	/** Proxies whose connections are not limited: addresses and prefixes with commas or blanks
	 *  between them, like "10.0.0.0/8, fd00::/8, 192.0.2.7", at most 64. NULL: none. */
	const char *trusted_proxies;
	/** The header field in which those proxies say whose requests they send: "Forwarded" (RFC
	 *  7239), or another, like "X-Forwarded-For", with a list of addresses to whose end each
	 *  proxy appends. Such a request is counted for the last address there that is no trusted
	 *  proxy. NULL, or a field that is not there or says none: it is not counted for anybody.
	 *  Others than trusted proxies are not believed. */
	const char *client_header;

	/** Default WEIR_ERRORS_TEXT. */
	enum weir_errors errors;

	/** Where events go; NULL: nowhere. `log_arg` is borrowed until destroy. */
	weir_log_fn log;
	void *log_arg;
	enum weir_log_level log_level; /**< the default, 0, is errors only */

	/** Finds the names of functions for the stacks of stragglers (weir/stack.h); NULL:
	 *  weir_symbolize_elf(). `symbolizer_arg` is borrowed until destroy. */
	weir_symbolizer symbolizer;
	void *symbolizer_arg;

	/** Called once on the coordinator's thread when a stop begins, after the listeners
	 *  were closed and the drain token has tripped; the stop goes on when it returns. May
	 *  be NULL. */
	void (*on_stop)(void *arg);
	void *on_stop_arg;
};

/** Who may reach a route, and what a listener serves. */
enum weir_scope {
	WEIR_SCOPE_PUBLIC, /**< ordinary listeners */
	WEIR_SCOPE_ADMIN,  /**< admin listeners; these stay open until a stop is over */
	WEIR_SCOPE_BOTH    /**< for routes only: on every listener */
};

enum weir_body {
	WEIR_BODY_BUFFERED, /**< collected first: a slow sender costs no worker */
	WEIR_BODY_STREAMED  /**< the handler starts at once and calls weir_request_read() */
};

enum weir_run {
	WEIR_RUN_QUEUED, /**< on a worker, through the queue */
	WEIR_RUN_INLINE  /**< on the acceptor: answers when every worker is stuck. Must not
			      block, sleep or stream, and its body is buffered */
};

enum weir_cancel_at {
	WEIR_CANCEL_AT_SHUTDOWN, /**< a stop trips the request's token when grace is over */
	WEIR_CANCEL_AT_DRAIN     /**< ... as soon as it begins; later requests are answered 503 */
};

/** Who gets a worker first, and who makes room when the queue is full: a request that finds it so
 *  takes the place of one of a lower priority, which is answered 503. */
enum weir_priority {
	WEIR_PRIORITY_NORMAL,
	WEIR_PRIORITY_HIGH,
	WEIR_PRIORITY_LOW,
	WEIR_PRIORITY_FIRST /**< health and administration: before all others, with 64 places in the
				 queue beside its limit, and never refused for overload. Requests
				 of admin listeners have it in any case */
};

/** Zero means the default everywhere. Copied by weir_server_route(). */
struct weir_route_options {
	/** For a request, from when its header was there; 0: none. Its client may ask for an
	 *  earlier one (weir_server_options, deadline_header). */
	weir_time deadline;
	enum weir_body body;
	/** Longest body in bytes; longer ones are answered 413. Default 1 MiB for buffered
	 *  bodies (at most 1 GiB), no limit for streamed ones. */
	uint64_t body_limit;
	enum weir_run run;
	enum weir_cancel_at cancel_at;
	enum weir_scope scope;
	enum weir_priority priority;
	/** Of this route's requests, as many may wait for a worker, 1 to 1,000,000; further ones
	 *  are answered 503. Default: as many as the queue takes. */
	unsigned queue;
	/** How long they may wait, if that is less than the server's queue_age. Default: as long.
	 */
	weir_time queue_age;
};

/** A handler. Returns 0 when `response` holds the answer, or a negative errno, which
 *  the library turns into one: -ECANCELED becomes 503 with Retry-After (a stop), 504 (a
 *  deadline), 408 (a body that came too slowly) or nothing (the client has gone); -EFBIG
 *  413; everything else 500. It may simply return what a blocking call gave it. (An
 *  -ECANCELED whose reason is the program's own becomes 503, and one without a tripped
 *  token 500. After the first write to a stream there is no such answer: the connection is
 *  cut.)
 *  It must come back soon after its token has tripped, must not keep the request or the
 *  response, must not call pthread_exit() or weir_server_wait(). */
typedef int (*weir_handler)(weir_request *request, weir_response *response, weir_token *token);

/** Makes a server. `options` may be NULL. Returns 0, -EINVAL (an option out of its range),
 *  -ENOMEM, -EAGAIN, or what listening said (see weir_server_listen()). On success *out is
 *  the caller's, who must weir_server_destroy() it. */
WEIR_API int weir_server_create(const struct weir_server_options *options, weir_server **out);

/** Adds a route: "GET /hello/{name}", "* /any/{rest...}": a method or "*", one space, and
 *  a path of literal segments, {name} for one whole segment, and {name...}, only at the
 *  end, for the rest (which may be empty). Literal segments win over {name}, {name} over
 *  {name...}. At most 32 segments and 8 parameters. GET routes answer HEAD too unless there
 *  is a HEAD route.
 *  Before the start only. `pattern` and `options` are copied (options may be NULL);
 *  `context` is borrowed until destroy. Returns 0, -EINVAL (pattern or an option), -EEXIST,
 *  -ENOMEM, -EBUSY (already started). */
WEIR_API int weir_server_route(weir_server *server, const char *pattern, weir_handler handler,
			       void *context, const struct weir_route_options *options);

/** Binds an address: "127.0.0.1:8080", "[::1]:8080", "localhost:8080" (the first of its
 *  addresses that can be had), ":8080" (every IPv4 address; "[::]:8080" is every IPv6
 *  address) or "unix:/run/weir.sock"; port 0 takes a free one. A socket file that is left
 *  over from before is replaced; one that somebody listens on is not. Of an admin listener it has
 *  mode 0600, of others what the umask leaves. A socket of this address
 *  that was inherited (weir/handover.h) is taken instead; "systemd" takes all of those that are
 * left, and "systemd:NAME" all of that name (-ENOENT if there are none). Any number of times,
 * before the start and while the server runs, from any thread, handlers included: when it returns,
 * the listener serves (before the start: its clients wait for it). `scope` is WEIR_SCOPE_PUBLIC or
 *  WEIR_SCOPE_ADMIN. Returns 0 or -EINVAL (not an address), -EADDRINUSE, -EACCES,
 *  -EADDRNOTAVAIL, -EEXIST (the path is there and is not a socket), -ENAMETOOLONG, -ENOENT
 *  (no such host, or no directory for the socket), -ENOMEM, -ECANCELED (a stop was asked for), or
 *  another errno of socket(2), bind(2) or listen(2). */
WEIR_API int weir_server_listen(weir_server *server, const char *address, enum weir_scope scope);

/** Closes the listener whose URL this is (weir_server_url()), without resetting anybody: what
 *  was in its backlog is taken first. Its connections stay: requests in flight are answered, and
 *  from here on each answer on them says `Connection: close`. Any thread, handlers included; the
 *  address can be listened on again when it returns. Returns 0, -ENOENT (no such listener, or it
 *  is closed), -ECANCELED (a stop was asked for, and closes it). */
WEIR_API int weir_server_unlisten(weir_server *server, const char *url);

/** The URL of the n-th open listener, oldest first, like "http://127.0.0.1:41233" or
 *  "unix:/run/weir.sock"; NULL if there are not so many. Valid until weir_server_unlisten() closes
 *  that listener, or until destroy; the listeners that a stop has closed still count. */
WEIR_API const char *weir_server_url(const weir_server *server, size_t n);

/** Starts the threads and begins to serve. Returns 0; -EALREADY; -ECANCELED if a stop came
 *  first; or an errno of what failed, negative, with everything undone. */
WEIR_API int weir_server_start(weir_server *server);

/** Asks for a stop and returns at once. Any thread, handlers included; any number of
 *  times, and before the start (which then fails): the first call decides who asked and
 *  the rest are ignored. `who` is copied, 63 characters of it: "SIGTERM", "admin", ...;
 *  NULL is "the program". Not async-signal-safe. */
WEIR_API void weir_server_stop(weir_server *server, const char *who);

/** Other times for the stop to come, each as in weir_server_options: 0 is the default. Any thread.
 *  Returns 0, -EINVAL, or -ECANCELED (a stop was asked for, and goes by those it began with). */
WEIR_API int weir_server_set_stop_times(weir_server *server, weir_time lame_duck, weir_time grace,
					weir_time drain_timeout);

/** Ends the grace of a stop now: tokens are tripped. Asks for a stop if there was none. */
WEIR_API void weir_server_cancel(weir_server *server, const char *who);

/** Waits until the server has stopped. Any thread but the server's own (-EDEADLK), any
 *  number of them; all see the same. *report, if asked for, is borrowed until destroy, and
 *  not touched on failure. Returns the outcome (enum weir_outcome), -EDEADLK, or -EINVAL if
 *  never started. */
WEIR_API int weir_server_wait(weir_server *server, const struct weir_report **report);

/** Start, wait for SIGINT or SIGTERM (or a stop by other means), drain. A second signal
 *  cancels at once, a third leaves the process at once with _exit(5). Signals: it blocks
 *  SIGINT and SIGTERM in the calling thread before it starts the others, and gives the
 *  mask back; call it before the program has other threads, or block the two there. A
 *  signal that comes between the end of the stop and the return is delivered then: a program
 *  that has more to do blocks the two itself before this call.
 *  Returns the outcome as weir_server_wait(), or the error of weir_server_start(). */
WEIR_API int weir_server_run(weir_server *server, const struct weir_report **report);

/** Has weir_server_run() take this signal too, and call `fn` on its thread when it comes, before
 *  and during a stop; `fn` must come back soon, because SIGTERM waits for it. Signals of one
 *  number that come while `fn` runs are one, as signal(7) has it. weir_server_run() blocks it like
 *  SIGINT and SIGTERM, and what is said there of those is true of it. -EINVAL for these two, for
 *  those that report a fault, and for what is no signal or cannot be caught. Before
 *  weir_server_run(), on its thread; at most 8 signals (-ENOSPC). A second call for the same signal
 *  replaces the first. `arg` is borrowed until destroy. Returns 0. */
typedef void (*weir_signal_fn)(weir_server *server, int signal_number, void *arg);
WEIR_API int weir_server_on_signal(weir_server *server, int signal_number, weir_signal_fn fn,
				   void *arg);

/** Frees a server that was never started or has been waited for; stops it and waits if
 *  need be. If a handler, a task or a stage of teardown never came back, nothing that it could
 *  touch is freed.
 *  Not from a thread of the server's own. NULL is ignored. */
WEIR_API void weir_server_destroy(weir_server *server);

/** Trips when a stop begins, with WEIR_REASON_DRAINING, once the listeners are closed.
 *  Borrowed; lives as long as the server. */
WEIR_API weir_token *weir_server_drain_token(weir_server *server);

/** Trips when the grace of a stop is over and something is still in flight, with
 *  WEIR_REASON_SHUTDOWN. Borrowed; lives as long as the server. Not the parent of the
 *  requests' tokens, which trip at that time by themselves. */
WEIR_API weir_token *weir_server_shutdown_token(weir_server *server);

/** True from the moment a stop was asked for. */
WEIR_API bool weir_server_stopping(const weir_server *server);

/** The server's metrics in Prometheus' text format, and its state as JSON; ordinary
 *  listeners only. *text is malloc()ed, NUL-terminated and the caller's to free; *size is
 *  its length without the NUL (`size` may be NULL). Any thread, handlers included; waits
 *  until the acceptor has put it together. Returns 0, -ENOMEM, or -EINVAL before the start. */
WEIR_API int weir_server_metrics(weir_server *server, char **text, size_t *size);
WEIR_API int weir_server_status(weir_server *server, char **text, size_t *size);

/** The library's version, like "0.1.0". Static. */
WEIR_API const char *weir_version(void);

#ifdef __cplusplus
}
#endif

#endif
