/* support/rehearsing.h: a rehearsal on a thread of its own, because it blocks. */
#ifndef WEIR_TESTS_REHEARSING_H
#define WEIR_TESTS_REHEARSING_H

#include <pthread.h>

#include <weir/rehearse.h>

struct rehearsing {
	weir_server *server;
	struct weir_rehearsal_options options;
	struct weir_rehearsal out;
	int result;
	pthread_t thread;
};

/** Begins one. 0: the defaults. */
void rehearsing_begin(struct rehearsing *rehearsing, weir_server *server, double fraction,
		      weir_time timeout);
/** Waits until intake is paused. For one that does not end before that is seen. */
void rehearsing_await_pause(struct rehearsing *rehearsing);
/** Waits for its end; fails the test unless this is the result. */
void rehearsing_end(struct rehearsing *rehearsing, int result);

#endif
