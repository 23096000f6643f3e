/* park.c: see park.h.
 *
 * Lock: each lot's own, innermost but for nothing: under it no other is taken.
 * Wakeups: a waiter sleeps in a futex of its own, `state`, while that is PARKED. Who
 * chooses it and the token's callback both change that word before they wake, so there is no
 * moment in which a wakeup could be lost. Being chosen is decided under the lot's lock, and so
 * is giving up: never both.
 */
#include "cancel/park.h"

#include <errno.h>
#include <pthread.h>

#include "base/futex.h"
#include "cancel/token.h"

enum { PARKED, NUDGED, CHOSEN };

enum { LOTS_LOG2 = 7, LOTS = 1 << LOTS_LOG2 };

struct weir__lot {
	_Alignas(64) pthread_mutex_t lock;
	struct weir__list queue; /* of all addresses of this lot; made when it is needed */
};

static struct weir__lot lots[LOTS] = {[0 ... LOTS - 1] = {.lock = PTHREAD_MUTEX_INITIALIZER}};

/* Fibonacci hashing (Knuth, TAOCP 3, 6.4): the upper bits of a product with 2^64 / phi. */
static struct weir__lot *lot_of(const void *address)
{
	uint64_t hash = (uint64_t)(uintptr_t)address * UINT64_C(0x9e3779b97f4a7c15);

	return &lots[hash >> (64 - LOTS_LOG2)];
}

struct weir__lot *weir__lot_lock(const void *address)
{
	struct weir__lot *lot = lot_of(address);

	(void)pthread_mutex_lock(&lot->lock);
	if (!lot->queue.next)
		weir__list_init(&lot->queue);
	return lot;
}

void weir__lot_unlock(struct weir__lot *lot)
{
	(void)pthread_mutex_unlock(&lot->lock);
}

void weir__lot_enter_locked(struct weir__lot *lot, struct weir__parked *parked, const void *address,
			    weir_time since)
{
	parked->address = address;
	parked->since = since == WEIR_NEVER ? weir_now() : since;
	parked->given = false;
	atomic_init(&parked->state, PARKED);
	if (since == WEIR_NEVER)
		weir__list_append(&lot->queue, &parked->link);
	else
		weir__list_prepend(&lot->queue, &parked->link);
}

static struct weir__parked *first_locked(struct weir__lot *lot, const void *address)
{
	struct weir__list *node;

	weir__list_each (node, &lot->queue) {
		struct weir__parked *parked = weir__container(node, struct weir__parked, link);

		if (parked->address == address)
			return parked;
	}
	return NULL;
}

struct weir__parked *weir__lot_take_locked(struct weir__lot *lot, const void *address)
{
	struct weir__parked *parked = first_locked(lot, address);

	if (parked)
		weir__list_remove(&parked->link);
	return parked;
}

bool weir__lot_any_locked(struct weir__lot *lot, const void *address)
{
	return first_locked(lot, address) != NULL;
}

size_t weir__lot_count_locked(struct weir__lot *lot, const void *address)
{
	struct weir__list *node;
	size_t count = 0;

	weir__list_each (node, &lot->queue)
		count += weir__container(node, struct weir__parked, link)->address == address;
	return count;
}

weir__wakeup weir__lot_choose_locked(struct weir__parked *parked)
{
	/* release: pairs with state_of() in the waiter. */
	atomic_store_explicit(&parked->state, CHOSEN, memory_order_release);
	return &parked->state;
}

void weir__lot_wake(weir__wakeup wakeup)
{
	weir__futex_wake(wakeup, 1);
}

static void nudge(void *arg)
{
	struct weir__parked *parked = arg;
	uint32_t state = PARKED;

	if (atomic_compare_exchange_strong_explicit(&parked->state, &state, NUDGED,
						    memory_order_relaxed, memory_order_relaxed))
		weir__futex_wake(&parked->state, 1);
}

static uint32_t state_of(const struct weir__parked *parked)
{
	return atomic_load_explicit(&parked->state, memory_order_acquire);
}

/* Out of the queue, unless somebody was quicker. */
static bool give_up(struct weir__parked *parked)
{
	struct weir__lot *lot = weir__lot_lock(parked->address);
	bool chosen = state_of(parked) == CHOSEN;

	if (!chosen)
		weir__list_remove(&parked->link);
	weir__lot_unlock(lot);
	return !chosen;
}

int weir__lot_sleep(struct weir__parked *parked, weir_token *token, weir_time until,
		    const char *where)
{
	weir_token_callback callback;
	int result = 0;

	weir__token_wait_begin(token, where);
	weir__token_callback_add(token, &callback, nudge, parked);
	while (result == 0 && state_of(parked) == PARKED)
		result = weir__futex_wait(&parked->state, PARKED, until);
	/* -EDEADLK is not possible: nudge() waits for nobody. */
	(void)weir_token_callback_remove(&callback);
	weir__token_wait_end(token);
	if (state_of(parked) == CHOSEN || !give_up(parked))
		return 0;
	return token && weir__token_tripped(token) ? -ECANCELED : -ETIMEDOUT;
}
