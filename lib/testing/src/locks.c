/* locks.c: counts the locks that threads under test take and give back.
 *
 * The linker puts these functions before pthread_mutex_lock(3) and its relatives, and before
 * weir_mutex_lock() and its own, for code that is linked statically: the handler, libweir,
 * adapters; C11's mtx_lock() and locks inside shared libraries are not seen. A lock belongs to
 * nobody in particular here: one thread may take it and another give it back.
 *
 * Lock: table.lock, innermost.
 */
#include "locks.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>

#include "under.h"
#include "wrapped.h"

/* More at a time are not recorded. */
#define LOCKS_MAX 256

static struct {
	pthread_mutex_t lock;
	/* under the lock */
	struct held {
		const void *lock, *taken_at;
		int (*give)(void *lock);
	} held[LOCKS_MAX];
	size_t count;
} table = {.lock = PTHREAD_MUTEX_INITIALIZER};

void weir__testing_locks_clear(void)
{
	(void)__real_pthread_mutex_lock(&table.lock);
	table.count = 0;
	(void)__real_pthread_mutex_unlock(&table.lock);
}

size_t weir__testing_locks_held(const void **lock, const void **taken_at)
{
	size_t count;

	(void)__real_pthread_mutex_lock(&table.lock);
	count = table.count;
	if (count > 0) {
		*lock = table.held[0].lock;
		*taken_at = table.held[0].taken_at;
	}
	(void)__real_pthread_mutex_unlock(&table.lock);
	return count;
}

static int give_mutex(void *mutex)
{
	return __real_pthread_mutex_unlock(mutex);
}

static int give_rwlock(void *lock)
{
	return __real_pthread_rwlock_unlock(lock);
}

static int give_weir_mutex(void *mutex)
{
	__real_weir_mutex_unlock(mutex);
	return 0;
}

/* The owner has ended. glibc lets another thread unlock what does not check its owner; what
 * does check stays locked, and the next run will show it. */
void weir__testing_locks_release(void)
{
	size_t i;

	(void)__real_pthread_mutex_lock(&table.lock);
	for (i = 0; i < table.count; i++)
		(void)table.held[i].give((void *)table.held[i].lock);
	table.count = 0;
	(void)__real_pthread_mutex_unlock(&table.lock);
}

static void taken(const void *lock, int (*give)(void *lock), const void *at)
{
	(void)__real_pthread_mutex_lock(&table.lock);
	if (table.count < LOCKS_MAX)
		table.held[table.count++] = (struct held){lock, at, give};
	(void)__real_pthread_mutex_unlock(&table.lock);
}

static void given(const void *lock)
{
	size_t i;

	(void)__real_pthread_mutex_lock(&table.lock);
	for (i = 0; i < table.count; i++)
		if (table.held[i].lock == lock) {
			table.held[i] = table.held[--table.count];
			break;
		}
	(void)__real_pthread_mutex_unlock(&table.lock);
}

/* What a call that takes a lock says: 0 is "taken". */
static int note(int error, const void *lock, int (*give)(void *lock), const void *at)
{
	if (!error && weir__testing_watched())
		taken(lock, give, at);
	return error;
}

#define CALLER __builtin_extract_return_addr(__builtin_return_address(0))

int __wrap_pthread_mutex_lock(pthread_mutex_t *mutex)
{
	return note(__real_pthread_mutex_lock(mutex), mutex, give_mutex, CALLER);
}

int __wrap_pthread_mutex_trylock(pthread_mutex_t *mutex)
{
	return note(__real_pthread_mutex_trylock(mutex), mutex, give_mutex, CALLER);
}

int __wrap_pthread_mutex_timedlock(pthread_mutex_t *mutex, const struct timespec *until)
{
	return note(__real_pthread_mutex_timedlock(mutex, until), mutex, give_mutex, CALLER);
}

int __wrap_pthread_mutex_clocklock(pthread_mutex_t *mutex, clockid_t clock,
				   const struct timespec *until)
{
	return note(__real_pthread_mutex_clocklock(mutex, clock, until), mutex, give_mutex, CALLER);
}

/* Before it is free: the next owner may be a thread under test, too. Whoever gives it back: a
 * thread that is not under test may, for one that is. */
int __wrap_pthread_mutex_unlock(pthread_mutex_t *mutex)
{
	given(mutex);
	return __real_pthread_mutex_unlock(mutex);
}

int __wrap_pthread_rwlock_rdlock(pthread_rwlock_t *lock)
{
	return note(__real_pthread_rwlock_rdlock(lock), lock, give_rwlock, CALLER);
}

int __wrap_pthread_rwlock_tryrdlock(pthread_rwlock_t *lock)
{
	return note(__real_pthread_rwlock_tryrdlock(lock), lock, give_rwlock, CALLER);
}

int __wrap_pthread_rwlock_wrlock(pthread_rwlock_t *lock)
{
	return note(__real_pthread_rwlock_wrlock(lock), lock, give_rwlock, CALLER);
}

int __wrap_pthread_rwlock_trywrlock(pthread_rwlock_t *lock)
{
	return note(__real_pthread_rwlock_trywrlock(lock), lock, give_rwlock, CALLER);
}

int __wrap_pthread_rwlock_unlock(pthread_rwlock_t *lock)
{
	given(lock);
	return __real_pthread_rwlock_unlock(lock);
}

int __wrap_weir_mutex_lock(weir_mutex *mutex, weir_token *token, weir_time until)
{
	return note(__real_weir_mutex_lock(mutex, token, until), mutex, give_weir_mutex, CALLER);
}

bool __wrap_weir_mutex_trylock(weir_mutex *mutex)
{
	bool got = __real_weir_mutex_trylock(mutex);

	(void)note(got ? 0 : -EBUSY, mutex, give_weir_mutex, CALLER);
	return got;
}

void __wrap_weir_mutex_unlock(weir_mutex *mutex)
{
	given(mutex);
	__real_weir_mutex_unlock(mutex);
}
