/* later.h: an answer that is still to come; see weir/later.h.
 *
 *	PARKED --weir_later_answer()--> SAID --the acceptor takes the report--> sent
 *	PARKED --client gone, deadline, stop--> DETACHED: the library has answered, or nobody
 *							      is there
 *
 * Shared by the request and by whoever is to answer: a reference each. `lock` guards the link from
 * the one to the other: while it is there, the request is in flight and the acceptor alive. */
#ifndef WEIR_HTTP_LATER_H
#define WEIR_HTTP_LATER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include <weir/later.h>

struct weir_later {
	pthread_mutex_t lock;
	_Atomic unsigned references;
	weir_token *token; /* the request's; referenced */

	/* under the lock */
	weir_request *request; /* NULL: detached */
	bool said;
	int status;
	char *type; /* NULL: none */
	char *data;
	size_t size;
};

/* All for the acceptor's thread. */

/* The inline handler has returned 0: true if its answer is to come. It may be there already. */
bool weir__later_park(weir_request *request);
/* Answers with what was said. */
void weir__later_deliver(weir_request *request);
/* The request is answered otherwise, or over. Harmless when it has nothing to come. */
void weir__later_detach(weir_request *request);

#endif
