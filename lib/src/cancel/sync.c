/* sync.c: see weir/sync.h; waiting is park.h's.
 *
 * A mutex is LOCKED or not, and WAITED when threads may be in its lot. WAITED is set and
 * cleared under the lot's lock only, set only while LOCKED:
 *
 *	0 <--lock, unlock--> LOCKED --a waiter--> LOCKED|WAITED --unlock, the last is chosen--> 0
 *	                                                \--unlock, others wait--> WAITED
 *	WAITED --lock--> LOCKED|WAITED
 *
 * So who unlocks with WAITED set chooses a waiter, and no other wakes anybody. The one that is
 * chosen has to compete for the mutex, which is quick, because nobody waits for a thread that
 * is still being woken; but one that has waited for PATIENCE is given the mutex itself:
 * it stays LOCKED, and nobody is overtaken for ever. A waiter that gives up may leave WAITED
 * behind; the next unlock clears it.
 *
 * A condition is `waited` when threads may be in its lot: set under the lot's lock before the
 * waiter gives back the mutex, cleared under it when nobody is left. Who changes what is
 * waited for with the mutex held, and signals afterwards, comes after that.
 */
#include <errno.h>
#include <stdatomic.h>

#include "cancel/park.h"
#include "cancel/sync.h"

enum { LOCKED = 1, WAITED = 2 };

#define PATIENCE WEIR_MILLISECOND

/* How many are woken by a broadcast between two looks at the lot. */
enum { BATCH = 32 };

/* acquire: pairs with the release of whoever unlocked it. */
static bool take(weir_mutex *mutex)
{
	uint32_t state = __atomic_load_n(&mutex->weir__state, __ATOMIC_RELAXED);

	while (!(state & LOCKED))
		if (__atomic_compare_exchange_n(&mutex->weir__state, &state, state | LOCKED, true,
						__ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return true;
	return false;
}

/* False if it is not locked any more. */
static bool set_waited_locked(weir_mutex *mutex)
{
	uint32_t state = __atomic_load_n(&mutex->weir__state, __ATOMIC_RELAXED);

	while (state == LOCKED)
		if (__atomic_compare_exchange_n(&mutex->weir__state, &state, LOCKED | WAITED, true,
						__ATOMIC_RELAXED, __ATOMIC_RELAXED))
			return true;
	return state == (LOCKED | WAITED);
}

static int lock_slowly(weir_mutex *mutex, weir_token *token, weir_time until)
{
	weir_time since = WEIR_NEVER;

	while (!take(mutex)) {
		struct weir__lot *lot = weir__lot_lock(mutex);
		struct weir__parked parked;
		int error;

		if (!set_waited_locked(mutex)) {
			weir__lot_unlock(lot);
			continue;
		}
		weir__lot_enter_locked(lot, &parked, mutex, since);
		weir__lot_unlock(lot);
		since = parked.since;
		error = weir__lot_sleep(&parked, token, until, "weir_mutex_lock()");
		if (error)
			return error;
		if (parked.given)
			return 0;
	}
	return 0;
}

int weir_mutex_lock(weir_mutex *mutex, weir_token *token, weir_time until)
{
	uint32_t state = 0;

	if (weir_token_check_at(token, "weir_mutex_lock()"))
		return -ECANCELED;
	if (__atomic_compare_exchange_n(&mutex->weir__state, &state, LOCKED, false,
					__ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return 0;
	return lock_slowly(mutex, token, until);
}

bool weir_mutex_trylock(weir_mutex *mutex)
{
	return take(mutex);
}

static void unlock_slowly(weir_mutex *mutex)
{
	struct weir__lot *lot = weir__lot_lock(mutex);
	struct weir__parked *parked = weir__lot_take_locked(lot, mutex);
	weir__wakeup wakeup = NULL;
	uint32_t state = 0;

	if (parked) {
		parked->given = weir_now() - parked->since > PATIENCE;
		state |= parked->given ? LOCKED : 0;
		state |= weir__lot_any_locked(lot, mutex) ? WAITED : 0;
	}
	/* Until here nobody else changes the word: it is LOCKED, and WAITED is set under the
	 * lot's lock. From here on the mutex may be gone. */
	__atomic_store_n(&mutex->weir__state, state, __ATOMIC_RELEASE);
	if (parked)
		wakeup = weir__lot_choose_locked(parked);
	weir__lot_unlock(lot);
	if (wakeup)
		weir__lot_wake(wakeup);
}

void weir_mutex_unlock(weir_mutex *mutex)
{
	uint32_t state = LOCKED;

	if (!__atomic_compare_exchange_n(&mutex->weir__state, &state, 0, false, __ATOMIC_RELEASE,
					 __ATOMIC_RELAXED))
		unlock_slowly(mutex);
}

int weir__cond_wait(weir_cond *cond, weir_mutex *mutex, weir_token *token, weir_time until,
		    const char *where)
{
	struct weir__parked parked;
	struct weir__lot *lot;
	int result;

	if (weir_token_check_at(token, where))
		return -ECANCELED;
	lot = weir__lot_lock(cond);
	__atomic_store_n(&cond->weir__waited, 1, __ATOMIC_RELAXED);
	weir__lot_enter_locked(lot, &parked, cond, WEIR_NEVER);
	weir__lot_unlock(lot);
	weir_mutex_unlock(mutex);
	result = weir__lot_sleep(&parked, token, until, where);
	(void)weir_mutex_lock(mutex, NULL, WEIR_NEVER); /* cannot fail: nothing ends it */
	return result;
}

int weir_cond_wait(weir_cond *cond, weir_mutex *mutex, weir_token *token, weir_time until)
{
	return weir__cond_wait(cond, mutex, token, until, "weir_cond_wait()");
}

/* Chooses up to BATCH waiters, and says who is to be woken. From then on the condition may be
 * gone. */
static size_t choose_locked(struct weir__lot *lot, weir_cond *cond, size_t limit,
			    weir__wakeup *wakeups)
{
	struct weir__parked *parked[BATCH];
	size_t count = 0, i;

	while (count < limit && count < BATCH && (parked[count] = weir__lot_take_locked(lot, cond)))
		count++;
	if (!weir__lot_any_locked(lot, cond))
		__atomic_store_n(&cond->weir__waited, 0, __ATOMIC_RELAXED);
	for (i = 0; i < count; i++)
		wakeups[i] = weir__lot_choose_locked(parked[i]);
	return count;
}

static bool is_waited(const weir_cond *cond)
{
	return __atomic_load_n(&cond->weir__waited, __ATOMIC_RELAXED);
}

void weir_cond_signal(weir_cond *cond)
{
	struct weir__lot *lot;
	weir__wakeup wakeup;
	size_t count;

	if (!is_waited(cond))
		return;
	lot = weir__lot_lock(cond);
	count = choose_locked(lot, cond, 1, &wakeup);
	weir__lot_unlock(lot);
	if (count > 0)
		weir__lot_wake(wakeup);
}

void weir_cond_broadcast(weir_cond *cond)
{
	weir__wakeup wakeups[BATCH];
	struct weir__lot *lot;
	size_t left, count, i;

	if (!is_waited(cond))
		return;
	lot = weir__lot_lock(cond);
	/* Those that come later stand behind them in the queue. */
	left = weir__lot_count_locked(lot, cond);
	for (;;) {
		count = choose_locked(lot, cond, left, wakeups);
		left -= count;
		weir__lot_unlock(lot);
		for (i = 0; i < count; i++)
			weir__lot_wake(wakeups[i]);
		if (left == 0)
			return;
		lot = weir__lot_lock(cond);
		if (!weir__lot_any_locked(lot, cond))
			break; /* they have given up, and the condition may be gone */
	}
	weir__lot_unlock(lot);
}
