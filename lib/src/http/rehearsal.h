/* rehearsal.h: a rehearsal of a stop, on the acceptor's thread.
 *
 *	none --begin: intake is held, tokens are tripped--> RUNNING
 *	RUNNING --all are over / its time is over / a stop--> ended: intake goes on
 *
 * Only the acceptor begins and ends one, so intake goes on whatever becomes of the thread that has
 * asked for it. That one sleeps on the event until `ended`; then the memory is its own again.
 */
#ifndef WEIR_HTTP_REHEARSAL_H
#define WEIR_HTTP_REHEARSAL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <weir/rehearse.h>

#include "cancel/event.h"
#include "http/forecast.h"

struct weir__acceptor;

struct weir__rehearsal {
	/* fixed */
	double fraction;
	weir_time timeout;
	struct weir__stop_times times; /* for the forecast */
	struct weir__event *changed;   /* signalled at the end; outlives this */

	/* the acceptor's, until ended */
	struct weir_rehearsal result;
	int error;
	uint64_t number;
	weir_time begun, tripped_at, until;
	weir_time *durations; /* of those that are over; malloc()ed */
	bool tripping;        /* the trip itself is under way */

	_Atomic bool ended; /* release; pairs with the acquire of the one that waits */
};

/* For weir__acceptor_call(). If it cannot begin it has ended, with an error. */
void weir__rehearsal_begin(struct weir__acceptor *acceptor, void *rehearsal);
/* Likewise: ends this one, with -ECANCELED, if it runs. */
void weir__rehearsal_cancel(struct weir__acceptor *acceptor, void *rehearsal);

/* A stop, or the time that is over: ends the one that runs, if there is one. */
void weir__rehearsal_end(struct weir__acceptor *acceptor, int error);
/* A request that a rehearsal has tripped is finished. */
void weir__rehearsal_over(struct weir__acceptor *acceptor, uint64_t number, const char *route);

/* When the acceptor has to end it; WEIR_NEVER: there is none. */
weir_time weir__rehearsal_until(const struct weir__acceptor *acceptor);

#endif
