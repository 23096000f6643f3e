/* run.h: one run of a handler: what is made for it, and what is seen of it.
 *
 * The thread that tests (the *director*) makes a run, starts the handler's thread, waits for
 * news from it, trips tokens when it is told to, and takes the answer. The handler's thread is
 * also the network's: at each look at a token it takes what the handler has written, and puts
 * the next piece of the body (feed.c); so a run goes the same way each time, and no other
 * thread is needed.
 *
 *	director	init -> start -> news: TRIP, trip | DONE, join -> fini
 *	handler		request -> handler -> capture -> request released -> DONE
 *
 * What the two share: `news`, `wants_trip` and `done` are atomic, or handed over with the
 * semaphore; the rest belongs to the handler's thread until DONE. A run whose handler does
 * not come back is abandoned: nothing of it is freed.
 */
#ifndef WEIR_TESTING_RUN_H
#define WEIR_TESTING_RUN_H

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include <weir/testing.h>

#include "cancel/token.h"
#include "http/acceptor.h"

/* Where a run is to be tripped. */
struct weir__testing_target {
	bool drain;
	unsigned look; /* from 1; 0: nowhere */
};

/* What the handler has called; see calls.c. */
struct weir__testing_calls {
	unsigned answers;            /* bodies, files, streams, one after the other */
	unsigned writes_after_error; /* after the first that failed */
	bool write_failed, too_long;
};

struct weir__testing_run {
	/* fixed */
	struct weir_testing_request description; /* a body in one piece is among its pieces */
	struct weir_testing_piece whole;
	const struct weir_testing_options *options; /* resolved */
	weir_handler handler;
	struct weir__testing_target target;
	unsigned looks_max; /* 0: any number */
	weir_server *server;
	bool own_server;
	weir_token *drain_token;
	struct weir_routes routes;      /* of the handler, if one is given */
	struct weir__acceptor acceptor; /* never started: what a request asks for is in there */
	struct weir__probe request_probe, drain_probe;

	/* the handler's thread; the director's once `done` */
	pthread_t thread;
	weir_request *request;
	struct weir__route route;      /* the one that matched, with a handler that calls it */
	size_t next_piece, piece_done; /* of the body; bytes of that piece */
	struct weir_testing_response *response;
	char *stream; /* what came out of it */
	size_t stream_size, stream_room;
	bool out_of_memory;
	struct weir__testing_calls calls;
	int error;                 /* of the run itself */
	bool ran;                  /* the handler has been called */
	bool cancelled;            /* its request's token was tripped when it returned */
	weir_time tripped_at;      /* by the handler's clock, at a look; 0: not there */
	weir_time took, real_took; /* the handler: by its clock, by the real one */
	weir_time late, real_late; /* likewise, after the trip */

	/* both */
	sem_t news;
	_Atomic unsigned looks, drain_looks;
	_Atomic bool wants_trip, done;
	_Atomic bool started;              /* the director has a reference to the request */
	_Atomic bool endless;              /* tripped because it has no end of its own */
	_Atomic weir_time real_tripped_at; /* 0: not tripped */
	_Atomic(const char *) where; /* the look at which it was tripped, or the last one; "" */

	/* the director only */
	bool abandoned;
	struct weir__testing_run *next_abandoned;
};

/* run.c. The options are resolved: no field of them is a zero that means something else. 0,
 * -EINVAL, -ENOMEM, ... After an error there is nothing to undo. */
int weir__testing_run_init(struct weir__testing_run *run, weir_handler handler,
			   const struct weir_testing_request *description,
			   const struct weir_testing_options *options);
/* Runs it to its end, or until it has to be abandoned. 0, -EAGAIN, or what is wrong with the
 * description. */
int weir__testing_run_perform(struct weir__testing_run *run);
void weir__testing_run_fini(struct weir__testing_run *run);
/* Fills in the defaults. 0 or -EINVAL. `given` may be NULL. */
int weir__testing_options_resolve(const struct weir_testing_options *given,
				  struct weir_testing_options *out);

/* describe.c: makes the request, on the handler's thread. *status is 0, or that with which a
 * server refuses such a request, for *reason. 0 or -errno. */
int weir__testing_describe(struct weir__testing_run *run, int *status, const char **reason);

/* feed.c: the next piece of the body into its pipe, the stream's bytes out of theirs. */
void weir__testing_feed(struct weir__testing_run *run);

/* points.c: prepares the probes. */
void weir__testing_points_init(struct weir__testing_run *run);
/* points.c: trips what is to be tripped. The director. */
void weir__testing_points_trip(struct weir__testing_run *run);

/* capture.c: what the handler has said, while its body is still at hand. */
void weir__testing_capture(struct weir__testing_run *run);
/* capture.c: what becomes of it. */
void weir__testing_capture_outcome(struct weir__testing_run *run);
/* capture.c: a refusal in the library's words. */
void weir__testing_capture_refusal(struct weir__testing_run *run, int status, const char *reason);

#endif
