/* routes.h: a table of routes, and how many still stand on it.
 *
 *	FRESH --swapped in--> SERVING --swapped out--> RETIRED --its last user goes--> idle
 *
 * A table that a server has serves what is routed now. A request takes the table when it is
 * routed, and gives it back when it is finished; a connection that leaves HTTP takes it once
 * more, for its own time. Both are done on the acceptor's thread, which is also where tables are
 * exchanged: so the count is plain, matching takes no lock, and once RETIRED the count can only
 * fall.
 *
 * Lock: `lock` guards `idle`, for those who wait; nothing is taken under it.
 */
#ifndef WEIR_HTTP_ROUTES_H
#define WEIR_HTTP_ROUTES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <weir/routes.h>
#include <weir/sync.h>

#include "http/router.h"

enum weir__routes_state { WEIR__ROUTES_FRESH, WEIR__ROUTES_SERVING, WEIR__ROUTES_RETIRED };

struct weir_routes {
	struct weir__router router; /* filled while FRESH, then fixed */
	_Atomic int state;          /* of enum weir__routes_state; see weir__routes_claim() */

	/* the acceptor only */
	uint64_t users;

	weir_mutex lock;
	/* under the lock */
	weir_cond gone; /* idle has become true */
	bool idle;      /* RETIRED, and nobody uses it */
};

/* FRESH -> SERVING, for one caller: 0 or -EBUSY. */
int weir__routes_claim(weir_routes *routes);
/* SERVING -> FRESH: the swap did not take place. */
void weir__routes_unclaim(weir_routes *routes);
/* SERVING -> RETIRED. The acceptor's thread, or nobody's yet. */
void weir__routes_retire(weir_routes *routes);

/* No user is left. */
void weir__routes_idle(weir_routes *routes);

/* The acceptor's thread. */
static inline void weir__routes_take(weir_routes *routes)
{
	routes->users++;
}

/* Likewise. The table may be freed by another thread as soon as this returns. */
static inline void weir__routes_give_back(weir_routes *routes)
{
	/* Relaxed: the acceptor has written it itself, or it was SERVING before the acceptor was.
	 */
	if (--routes->users == 0 &&
	    atomic_load_explicit(&routes->state, memory_order_relaxed) == WEIR__ROUTES_RETIRED)
		weir__routes_idle(routes);
}

#endif
