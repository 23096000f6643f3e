/* weir/sync.h: a mutex and a condition that a token can end the wait for.
 *
 * A thread in pthread_mutex_lock(3) or pthread_cond_wait(3) cannot be reached from outside;
 * handlers that may have to wait for one another use these instead. A token and an absolute
 * time bound each wait; the outcomes are 0, -ETIMEDOUT and -ECANCELED. A tripped token is
 * refused even if there would be nothing to wait for; a time that has passed is not: with 0
 * a call takes what it can get at once. The token may be NULL (never trips), the time
 * WEIR_NEVER. When several things happen at once, what was given to a waiter is not lost: it
 * returns 0 then. Signals that run a handler on the thread do not end a wait.
 *
 *	error = weir_mutex_lock(&mutex, token, until);
 *	if (error)
 *		return error;
 *	while (!error && !ready)
 *		error = weir_cond_wait(&cond, &mutex, token, until);
 *	if (ready)
 *		...
 *	weir_mutex_unlock(&mutex);
 *
 * A mutex is not recursive, and has no owner that would be checked: whoever calls must hold
 * it to unlock it or to wait with it. Without contention locking and unlocking are one atomic
 * operation each. Waiters are served in order, but a thread that comes at the right moment
 * may overtake those that have waited for less than 1 ms.
 * Both are plain memory: zeroed is initialised, nothing needs to be freed. Neither may be
 * moved or freed while somebody waits at it; a mutex may be freed by who has just unlocked it
 * if nobody else will come, even while others are still on their way out of
 * weir_mutex_unlock(). Within one process only. Thread safety: any thread, also in token
 * callbacks, as far as they may block.
 */
#ifndef WEIR_SYNC_H
#define WEIR_SYNC_H

#include <stdbool.h>
#include <stdint.h>

#include <weir/time.h>
#include <weir/token.h>
#include <weir/visibility.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Do not look at the fields. */
typedef struct weir_mutex {
	uint32_t weir__state;
} weir_mutex;

typedef struct weir_cond {
	uint32_t weir__waited;
} weir_cond;

#define WEIR_MUTEX_INITIALIZER                                                                     \
	{                                                                                          \
		0                                                                                  \
	}
#define WEIR_COND_INITIALIZER                                                                      \
	{                                                                                          \
		0                                                                                  \
	}

/** Locks. Returns 0, or -ETIMEDOUT or -ECANCELED without the lock. A free mutex is still
 *  refused to a tripped token: pass NULL to clean up. */
WEIR_API int weir_mutex_lock(weir_mutex *mutex, weir_token *token, weir_time until);
/** True if it was free and is now the caller's. Never waits. */
WEIR_API bool weir_mutex_trylock(weir_mutex *mutex);
/** Unlocks it, and wakes a waiter if there is one. */
WEIR_API void weir_mutex_unlock(weir_mutex *mutex);

/** Gives the mutex back, waits for a signal, and takes the mutex again, however it ends
 *  (taking it again is not cancelled: whoever holds it gives it back). With a token that is
 *  tripped already it returns at once, the mutex held all the time. Returns 0 (look at the
 *  condition again: another thread may have been quicker), -ETIMEDOUT or -ECANCELED. */
WEIR_API int weir_cond_wait(weir_cond *cond, weir_mutex *mutex, weir_token *token, weir_time until);
/** Wakes one waiter, if there is one; with or without the mutex. A waiter that gives up at the
 *  same moment does not take the signal with it. */
WEIR_API void weir_cond_signal(weir_cond *cond);
/** Wakes all that wait now. */
WEIR_API void weir_cond_broadcast(weir_cond *cond);

#ifdef __cplusplus
}
#endif

#endif
