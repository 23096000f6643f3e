/* request.h: one request, from its first line to the last byte of its answer.
 *
 * A request has exactly one owner at a time, and only the owner touches what is not atomic:
 *
 *	acceptor --push--> queue --take--> worker --DONE report--> acceptor
 *	                     \--remove (client gone, stop)--> acceptor
 *
 * Stages, as the acceptor sees them:
 *
 *	HEADER -> RECEIVING -> QUEUED -> RUNNING -> REPLYING -> finished
 *	                \---------\---------\-------> finished (client gone, cut, refused)
 *
 * QUEUED and RUNNING differ in who owns the request; the change is made by the worker in
 * `running`. A streamed body keeps arriving while the request is QUEUED or RUNNING.
 */
#ifndef WEIR_HTTP_REQUEST_H
#define WEIR_HTTP_REQUEST_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <weir/request.h>
#include <weir/server.h>

#include "base/arena.h"
#include "base/list.h"
#include "base/stack.h"
#include "cancel/token.h"
#include "http/address.h"
#include "http/check.h"
#include "http/later.h"
#include "http/pipe.h"
#include "http/query.h"
#include "http/response.h"
#include "http/routes.h"
#include "work/queue.h"

struct weir__acceptor;
struct weir__conn;

enum weir__stage {
	WEIR__HEADER,     /* the first line has come; not counted yet */
	WEIR__RECEIVING,  /* the body is being received; no handler yet */
	WEIR__DISPATCHED, /* in the queue or with a worker */
	WEIR__REPLYING,   /* the answer is being sent */
};

/* How a request ended, for the counts. */
enum weir__outcome { WEIR__ANSWERED, WEIR__REFUSED, WEIR__CANCELLED, WEIR__CUT };

/* What a worker reports to the acceptor; bits of `reports`. */
enum {
	WEIR__REPORT_DONE = 1,   /* the handler has returned; the request is the acceptor's */
	WEIR__REPORT_BEGIN = 2,  /* a stream has begun */
	WEIR__REPORT_DATA = 4,   /* the stream has data for a waiting acceptor */
	WEIR__REPORT_SPACE = 8,  /* the body's pipe has room for a waiting acceptor */
	WEIR__REPORT_LATE = 16,  /* the timer thread: its deadline has passed */
	WEIR__REPORT_LATER = 32, /* any thread: the answer that was to come is there */
};

struct weir_request {
	/* fixed once dispatched */
	struct weir__acceptor *acceptor;
	struct weir__route *route;
	const char *method, *target, *path;
	struct weir__query query;
	const struct weir__field *fields;
	size_t field_count;
	const char *params[WEIR__MAX_PARAMS];
	struct weir__framing framing;
	size_t header_size, header_extra; /* memory of the connection's; see room.h */
	union weir__address peer;
	const char *client_subject; /* of its certificate; NULL: none */
	const char *hsts;           /* what answers say of it; NULL: nothing */
	bool is_tls;
	weir_time accepted_at; /* its header was there */
	bool http_1_0, head;
	enum weir_scope scope;
	weir_time deadline; /* WEIR_NEVER: none */

	weir_token token;     /* see cancel/token.h */
	struct weir__job job; /* the queue's */

	/* any thread: for the forecast */
	struct weir__gap gap;       /* between looks at its token; see cancel/gap.h */
	_Atomic weir_time begun_at; /* its handler began; 0: not yet */
	_Atomic bool watches_drain; /* its handler has asked for the drain token */

	/* worker -> acceptor */
	_Atomic unsigned reports;
	struct weir__stack_node report_node;
	weir_token_callback deadline_passed;
	_Atomic bool running; /* a worker has taken it */
	_Atomic(const char *) note;
	int result;        /* the handler's; before DONE: the worker's */
	bool stream_begun; /* likewise */

	/* the handler's thread */
	struct weir__defer *defers; /* the last one first */

	/* the handler's thread, then the acceptor (with DONE or BEGIN) */
	weir_response response;

	/* the acceptor only */
	weir_routes *routes;     /* the table of its route; NULL: it has none */
	struct weir__conn *conn; /* NULL once the connection has gone */
	struct weir__list in_flight;
	enum weir__stage stage;
	enum weir__outcome outcome; /* once REPLYING, or once the connection has gone */
	bool counted;               /* accepted, and in the in-flight list */
	bool with_worker;           /* pushed, and DONE not yet seen */
	bool complete;              /* the whole request has been received (final call) */
	bool suspended;
	bool cut;                    /* the server has decided to cut it */
	bool foreseen;               /* by the walk over those that run; see forecast.c */
	uint64_t rehearsal;          /* the one that has tripped its token; 0: none */
	bool timed;                  /* it has a deadline: deadline_passed was registered */
	bool too_slow;               /* its body's deadline has passed */
	bool discarding;             /* the rest of the body is not wanted */
	bool awaits_report;          /* its answer is the drain report */
	bool tells_report;           /* ... and is being sent */
	weir_later *later;           /* its answer comes from elsewhere; NULL: it does not */
	int refusal;                 /* status to answer with in the final call; 0: none */
	const char *reason;          /* one line with it; NULL: an answer without a body */
	uint64_t received;           /* body bytes */
	uint64_t window_received;    /* of these, when the deadline's window began */
	uint64_t acked;              /* by the client's kernel, when the send window began */
	bool header_sent;            /* of a stream */
	bool broken_off;             /* its rest is not sent */
	bool owed;                   /* something sent was not acknowledged then */
	bool starved;                /* its answer's stream was empty once in this window */
	bool admitted;               /* counts against max_requests */
	struct weir__client *client; /* among whose requests it counts; NULL: nobody's */

	/* buffered body: the acceptor while RECEIVING, then the handler */
	char *body;
	size_t body_size, body_capacity;
	/* streamed body */
	struct weir__pipe *pipe;
	uint64_t body_read; /* the handler's thread */

	struct weir__arena arena; /* with the request */
	char memory[1024];        /* its first block */
};

/* A fresh request; NULL when memory is short. */
weir_request *weir__request_create(struct weir__acceptor *acceptor, struct weir__conn *conn);

/* Gives the acceptor's reference back. */
void weir__request_release(weir_request *request);

/* True if a body is still to come or has not been read. */
static inline bool weir__request_has_body(const weir_request *request)
{
	return request->framing.chunked || request->framing.length > 0;
}

/* Appends to a buffered body. 0, -EFBIG over the route's limit, -ENOMEM. */
int weir__request_buffer(weir_request *request, const void *data, size_t size);

/* Runs what the handler has deferred, the last one first. On its thread, once it has returned. */
void weir__request_settle(weir_request *request);

/* acceptor.c: from a worker. */
void weir__acceptor_report(weir_request *request, unsigned what);

#endif
