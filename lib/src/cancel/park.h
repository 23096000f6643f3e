/* park.h: threads that wait at an address, each to be reached by its own token.
 *
 * What futex(2) is to the kernel: locks and conditions are one word each, and who waits for
 * one is found in a table, by the word's address ("parking lot": F. Pizlo, "Locking in
 * WebKit", 2016). That a waiter has a node of its own is what a token needs: a trip wakes
 * the one thread that waits under it, not all that wait at the address, and a waiter that
 * gives up takes itself out of the queue, so no wakeup is ever spent on it.
 *
 *	lot = weir__lot_lock(address);
 *	...                                      look at the word once more, then
 *	weir__lot_enter_locked(lot, &parked, address, WEIR_NEVER);
 *	weir__lot_unlock(lot);
 *	error = weir__lot_sleep(&parked, token, until, "weir_mutex_lock()");
 *
 * and on the other side
 *
 *	lot = weir__lot_lock(address);
 *	parked = weir__lot_take_locked(lot, address);
 *	...                                      change the word, then
 *	wakeup = weir__lot_choose_locked(parked);
 *	weir__lot_unlock(lot);
 *	weir__lot_wake(wakeup);
 *
 * The word is not touched after a waiter was chosen: that may go at once, and free it.
 */
#ifndef WEIR_CANCEL_PARK_H
#define WEIR_CANCEL_PARK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weir/token.h>

#include "base/list.h"

/* All whose addresses fall in the same place of the table. */
struct weir__lot;

/* A waiter; on its stack. */
struct weir__parked {
	struct weir__list link; /* under the lot's lock */
	const void *address;    /* fixed after weir__lot_enter_locked() */
	weir_time since;        /* likewise: when it began to wait */
	bool given;             /* by who chooses it, for sync.c: the mutex is the waiter's */
	/* PARKED; NUDGED by the token; CHOSEN under the lot's lock, once it is out of the queue:
	 * from then on the waiter may go at any moment, and this memory with it. */
	_Atomic uint32_t state;
};

/* A futex to wake; an address only, behind which there may be nothing any more. */
typedef _Atomic uint32_t *weir__wakeup;

struct weir__lot *weir__lot_lock(const void *address);
void weir__lot_unlock(struct weir__lot *lot);

/* Puts the caller into the queue of `address`: at its end, or at its head if it has waited
 * since `since` already, in vain (WEIR_NEVER: it has not). */
void weir__lot_enter_locked(struct weir__lot *lot, struct weir__parked *parked, const void *address,
			    weir_time since);

bool weir__lot_any_locked(struct weir__lot *lot, const void *address);
size_t weir__lot_count_locked(struct weir__lot *lot, const void *address);

/* Takes the first out of the queue of `address`; NULL if nobody is there. It is still asleep,
 * and has to be chosen before the lot is given back. */
struct weir__parked *weir__lot_take_locked(struct weir__lot *lot, const void *address);

/* Its weir__lot_sleep() will return 0, and see what was done before this. */
weir__wakeup weir__lot_choose_locked(struct weir__parked *parked);

/* After the lot was given back. */
void weir__lot_wake(weir__wakeup wakeup);

/* Returns 0 when chosen, also if the time has come or the token is tripped at the same
 * moment: who was chosen has something to take or to pass on. Else -ECANCELED or -ETIMEDOUT, and
 * the caller is out of the queue, not chosen by anybody. `where` is what the token remembers
 * as the place, as in weir_token_check_at(). */
int weir__lot_sleep(struct weir__parked *parked, weir_token *token, weir_time until,
		    const char *where);

#endif
