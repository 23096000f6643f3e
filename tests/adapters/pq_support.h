/* adapters/pq_support.h: what the tests of weir_pq share. */
#ifndef WEIR_TESTS_PQ_SUPPORT_H
#define WEIR_TESTS_PQ_SUPPORT_H

#include <pthread.h>

#include <weir/pq.h>

#include "adapters/postgres.h"

/** Where main() has put the shared server's conninfo: by its unix socket, and by TCP. */
#define PQ_CONNINFO "WEIR_TEST_PQ_CONNINFO"
#define PQ_TCP "WEIR_TEST_PQ_TCP"

/** A connection; must come about. conninfo NULL: to the shared server. */
weir_pq *pq_open(const char *conninfo);

/** Runs a statement that must succeed. */
void pq_run(weir_pq *connection, const char *sql);

/** The one number that a statement returns; must succeed. */
long pq_number(weir_pq *connection, const char *sql);

/** Waits until a server process that runs a statement like `pattern` sleeps in `event`
 *  (pg_stat_activity.wait_event). `watcher` is another connection. */
void pq_await(weir_pq *watcher, const char *pattern, const char *event);

/** Trips a token as soon as pq_await() says so. */
struct pq_tripper {
	weir_token *token;
	const char *pattern;
	const char *event;
	weir_time when; /**< the trip */
	pthread_t thread;
};
void pq_tripper_start(struct pq_tripper *tripper, weir_token *token, const char *pattern,
		      const char *event);
void pq_tripper_join(struct pq_tripper *tripper);

#endif
