/* weir/testing.h: runs a handler without a server's sockets, and cancels it everywhere.
 *
 * weir_testing_run() makes a request from a description, runs a handler with it as a worker
 * would, and gives back the answer as a client would have got it. The handler sees a fake
 * clock: a sleep of an hour takes no time, and a deadline passes when its time has come.
 *
 * weir_testing_cancel_everywhere() proves a handler. It runs it once and counts the N points
 * at which the handler looks at its token or waits on it; then it runs it N times more and
 * trips the token at the first point, the second, ... the last. Each run must return soon,
 * give one well-formed answer and leave nothing behind; whatever is wrong is a line of the
 * report, with the point. The drain token is treated likewise, at each look at that.
 *
 *	static const struct weir_testing_request request = {.target = "/items/7",
 *		.pattern = "GET /items/{id}"};
 *	struct weir_testing_report *report;
 *
 *	error = weir_testing_cancel_everywhere(handle_item, &request, NULL, &report);
 *	if (!error && report->fault_count > 0)
 *		weir_testing_report_print(report, stderr);
 *
 * The library is linked statically with the handler (CMake: weir::testing, pkg-config:
 * weir-testing), because it puts itself before some functions (the linker's --wrap): the
 * clock, calls that sleep or lock, pthread_create(3), those of weir/response.h. What it cannot
 * see is therefore what shared libraries do inside: their own locks and sleeps. Descriptors,
 * threads, child processes, files and memory are seen whoever makes them.
 *
 * Thread safety: one run or sweep at a time in a process, from one thread; the handler runs on
 * a thread of its own, for each run another.
 */
#ifndef WEIR_TESTING_H
#define WEIR_TESTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <weir/request.h>
#include <weir/response.h>
#include <weir/server.h>
#include <weir/time.h>
#include <weir/token.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A header field. */
struct weir_testing_header {
	const char *name, *value;
};

/** A piece of a body, as it arrives. */
struct weir_testing_piece {
	const void *data;
	size_t size;
};

/** A request. Zero or NULL: the default. All is borrowed for the length of a call. */
struct weir_testing_request {
	const char *method;  /**< default GET */
	const char *target;  /**< default "/"; undecoded, with its query */
	const char *pattern; /**< the route's, as for weir_server_route(); default: the method
				and any path, as "GET /{path...}" */
	const struct weir_testing_header *headers; /**< Host and the body's length are added */
	size_t header_count;
	const void *body; /**< in one piece; or: */
	size_t body_size;
	const struct weir_testing_piece *pieces; /**< one arrives each time the handler reads */
	size_t piece_count;
	bool chunked;       /**< the length of the body is not announced */
	const char *client; /**< like "192.0.2.7:4711", "[::1]:4711" or "unix"; default
			       "127.0.0.1:53122" */
	void *context;      /**< weir_request_context() */
	const struct weir_route_options *options; /**< of the route; `run` as well */
	/** weir_request_server(); default: one that was made for the run and is not started.
	 *  Without a handler the route is looked up among this server's, in `scope`; pattern,
	 *  context and options are the route's then. It may be started or not. */
	weir_server *server;
	enum weir_scope scope;
};

/** What a client would have got. */
struct weir_testing_response {
	int status;                                /**< 0: nothing was sent, the client has gone */
	const struct weir_testing_header *headers; /**< what the handler set, in its order */
	size_t header_count;
	const char *body; /**< followed by a NUL that is not counted */
	size_t body_size;
	int64_t announced;    /**< length of the body; -1: a stream of unknown length */
	bool stream;          /**< it was a stream, and had begun */
	bool complete;        /**< a client would know that it has got all; else it is cut */
	bool by_library;      /**< the library's own words (503, 500, ...) */
	int result;           /**< what the handler returned */
	bool abandoned;       /**< the handler has not come back: nothing else is true */
	weir_time took;       /**< by the clock that the handler saw */
	unsigned looks;       /**< at the request's token */
	unsigned drain_looks; /**< at the drain token */
};

/** A count that must be after a run what it was before, whatever it counts: open
 *  transactions, connections that a pool has given out. */
struct weir_testing_gauge {
	const char *name; /**< "open transactions" */
	long (*read)(void *arg);
	void *arg;
};

/** How to run. Zero or NULL: the default. Borrowed for the length of a call. */
struct weir_testing_options {
	/** Sees the real clock. Default: a fake one, which stands still while the handler
	 *  works, and goes on by itself when it waits for nothing but time; or when it waits for
	 *  something else as well that has not come within 100 real milliseconds. */
	bool real_clock;
	/** A handler must come back so long after the trip, in real time and by its own
	 *  clock. Default 1 s. */
	weir_time limit;
	/** A run without a trip that shows no sign of life (a look) for so long, in real time,
	 *  is tripped from outside: it may be waiting for just that. Default 2 s. */
	weir_time patience;
	/** A run without a trip that has looked so often has no end of its own, and is tripped
	 *  then. Default 1000. */
	unsigned points_max;
	/** A handler that took longer than this without a look is one that never looks.
	 *  Default 100 ms, by its clock or in real time. */
	weir_time brief;
	/** Why the token trips: enum weir_reason. Default WEIR_REASON_SHUTDOWN. */
	int reason;
	/** Called before each run, which must always find the same state: what a run may change
	 *  for good (a file that was put, a row) is undone here. Returns 0, or a negative errno,
	 *  which ends the sweep. */
	int (*prepare)(void *arg);
	void *arg;
	/** Directories in which a handler that was cancelled may leave no file behind; the last
	 *  is NULL. TMPDIR is watched in any case: it is a directory of the sweep's own. */
	const char *const *directories;
	const struct weir_testing_gauge *gauges;
	size_t gauge_count;
	/** Faults to overlook: bits, as 1u << WEIR_TESTING_ANSWERED_TWICE. */
	unsigned overlook;
};

/** What can be wrong: X(name, key, text for people). */
#define WEIR_TESTING_FAULTS(X)                                                                     \
	X(NEVER_RETURNED, "never-returned", "has not come back")                                   \
	X(TOO_LATE, "too-late", "came back too late after the trip")                               \
	X(NEVER_LOOKED, "never-looked", "is not brief, and never looks at its token")              \
	X(ANSWERED_TWICE, "answered-twice", "has given more than one answer")                      \
	X(MALFORMED, "malformed", "its answer is not well-formed")                                 \
	X(WROTE_AFTER_ERROR, "wrote-after-error", "wrote to its stream after a write had failed")  \
	X(WRONG_RESULT, "wrong-result", "returned what does not say what happened")                \
	X(DESCRIPTOR, "descriptor", "left a descriptor open")                                      \
	X(MEMORY, "memory", "left memory behind")                                                  \
	X(LOCK, "lock", "returned with a lock held")                                               \
	X(FILE, "file", "has not left the files as they should be")                                \
	X(THREAD, "thread", "left a thread behind")                                                \
	X(CHILD, "child", "left a child process behind")                                           \
	X(GAUGE, "gauge", "left something else behind")

enum weir_testing_fault_kind {
#define WEIR_TESTING_FAULT_ENUM(name, key, text) WEIR_TESTING_##name,
	WEIR_TESTING_FAULTS(WEIR_TESTING_FAULT_ENUM)
#undef WEIR_TESTING_FAULT_ENUM
		WEIR_TESTING_FAULT_COUNT
};

/** One thing that is wrong. */
struct weir_testing_fault {
	enum weir_testing_fault_kind kind;
	unsigned point;    /**< where it was tripped, from 1; 0: it was not */
	bool drain;        /**< the drain token was, at its look number `point` */
	const char *where; /**< of that look: "handler.c:41", "weir_read()"; "" without a point */
	const char *text;  /**< one line for people, with all of this */
};

/** The outcome of a sweep. */
struct weir_testing_report {
	unsigned points;       /**< looks at the request's token in a run without a trip */
	unsigned drain_points; /**< looks at the drain token */
	unsigned runs;         /**< all there were */
	bool endless; /**< the handler has no end of its own (points_max, or waiting for a trip) */
	bool changed; /**< a point was not reached again: the handler does not always go the
			   same way. It was tried three times, then taken for the last one. */
	bool abandoned; /**< the handler has not come back: leave the process soon */
	const struct weir_testing_fault *faults;
	size_t fault_count; /**< 0: the handler is well */
};

/** Runs `handler` (NULL: that of the route, see weir_testing_request) once. `options` may be
 *  NULL. Returns 0 and the answer, to be freed with weir_testing_response_free(); -EINVAL (a
 *  pattern, an option or a client address that is none; a target or header that a server
 *  refuses is answered as there: 400, 404, 413); -ENOMEM, -EAGAIN or -EMFILE. */
int weir_testing_run(weir_handler handler, const struct weir_testing_request *request,
		     const struct weir_testing_options *options,
		     struct weir_testing_response **out);
void weir_testing_response_free(struct weir_testing_response *response);
/** The value of a field, case ignored; NULL if it is not there. */
const char *weir_testing_response_header(const struct weir_testing_response *response,
					 const char *name);

/** Cancels `handler` at each of its looks, as said at the top. Arguments and errors as with
 *  weir_testing_run(), or what `prepare` returned. On success *out is the caller's. */
int weir_testing_cancel_everywhere(weir_handler handler, const struct weir_testing_request *request,
				   const struct weir_testing_options *options,
				   struct weir_testing_report **out);
/** Writes a summary line and a line for each fault. */
void weir_testing_report_print(const struct weir_testing_report *report, FILE *out);
void weir_testing_report_free(struct weir_testing_report *report);

/** "left a descriptor open"; "descriptor". */
const char *weir_testing_fault_text(enum weir_testing_fault_kind kind);
const char *weir_testing_fault_key(enum weir_testing_fault_kind kind);

/* The fake clock, for tests of what is not a handler. It is seen by the thread that begins
 * it and by threads that those start. weir_now(), weir_after(), deadlines of tokens and all of
 * Weir's waits follow it, and so do sleep(3), usleep(3), nanosleep(2), clock_nanosleep(2),
 * poll(2), ppoll(2) and pthread_cond_timedwait(3) of the program. clock_gettime(2), time(2),
 * timers and sleeps of the kernel and of shared libraries keep to the real one. */

/** Begins: this thread sees a clock that stands still, at a time far in the future of the
 *  real one. -EBUSY if there is one already. */
int weir_testing_clock_begin(void);
/** It goes on by `duration`; deadlines on the way trip, in their order, within the call.
 *  Handlers may call it: work that takes its time. */
void weir_testing_clock_advance(weir_time duration);
/** Ends, on the thread that began it. Deadlines that are still ahead never come. */
void weir_testing_clock_end(void);

#ifdef __cplusplus
}
#endif

#endif
