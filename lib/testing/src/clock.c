/* clock.c: the fake clock: time, and the deadlines that depend on it.
 *
 * Nothing of this is in libweir. The linker's --wrap lets the functions here take the place
 * of weir_now() and weir_after(), and of arming and disarming timers, for code that is linked
 * statically; waits.c does so with the calls that sleep. A thread that does not see the fake
 * clock gets the real functions: a server's threads in the same process are not disturbed.
 *
 * Fake times lie beyond FAKE_EPOCH, more than a century of uptime away, so a point in time
 * says by itself which clock it is of. A timer that is armed for a fake time is kept in a
 * list here, not in libweir's heap, and fires on the thread that lets the clock go on.
 * When a run ends, what is still armed stays in the list until its owner disarms it.
 *
 * Lock: fake.lock, innermost (hold() takes none). `fake.now` is written under it, and read
 * by anybody.
 */
#include "clock.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <time.h>

#include <weir/testing.h>

#include "cancel/timer.h"
#include "under.h"
#include "wrapped.h"

#define TIMERS_MAX 4096

static struct {
	pthread_mutex_t lock;
	_Atomic bool used;
	_Atomic weir_time now;
	/* under the lock */
	struct weir__timer *timers[TIMERS_MAX];
	size_t count;
} fake = {.lock = PTHREAD_MUTEX_INITIALIZER, .now = WEIR__TESTING_FAKE_EPOCH};

weir_time weir__testing_real_now(void)
{
	return __real_weir_now();
}

int weir_testing_clock_begin(void)
{
	if (atomic_exchange(&fake.used, true))
		return -EBUSY;
	/* Behind whatever an earlier one has left armed. */
	atomic_fetch_add(&fake.now, WEIR_SECOND);
	weir__testing_fake = true;
	return 0;
}

void weir_testing_clock_end(void)
{
	weir__testing_fake = false;
	atomic_store(&fake.used, false);
}

weir_time __wrap_weir_now(void)
{
	return weir__testing_fake ? atomic_load(&fake.now) : __real_weir_now();
}

weir_time __wrap_weir_after(weir_time duration)
{
	weir_time sum;

	if (!weir__testing_fake)
		return __real_weir_after(duration);
	if (__builtin_add_overflow(atomic_load(&fake.now), duration, &sum))
		return duration > 0 ? WEIR_NEVER : 0;
	return sum;
}

static void forget_locked(struct weir__timer *timer)
{
	size_t i;

	for (i = 0; i < fake.count; i++)
		if (fake.timers[i] == timer) {
			fake.timers[i] = fake.timers[--fake.count];
			return;
		}
}

int __wrap_weir__timer_arm(struct weir__timer *timer, weir_time when)
{
	int error = 0;

	(void)__real_pthread_mutex_lock(&fake.lock);
	forget_locked(timer);
	if (when >= WEIR__TESTING_FAKE_EPOCH && when != WEIR_NEVER) {
		if (fake.count < TIMERS_MAX) {
			timer->when = when;
			fake.timers[fake.count++] = timer;
		} else {
			error = -ENOMEM;
		}
		(void)__real_pthread_mutex_unlock(&fake.lock);
		__real_weir__timer_disarm(timer);
		return error;
	}
	(void)__real_pthread_mutex_unlock(&fake.lock);
	return __real_weir__timer_arm(timer, when);
}

void __wrap_weir__timer_disarm(struct weir__timer *timer)
{
	(void)__real_pthread_mutex_lock(&fake.lock);
	forget_locked(timer);
	(void)__real_pthread_mutex_unlock(&fake.lock);
	__real_weir__timer_disarm(timer);
}

static struct weir__timer *earliest_locked(void)
{
	struct weir__timer *first = NULL;
	size_t i;

	for (i = 0; i < fake.count; i++)
		if (!first || fake.timers[i]->when < first->when)
			first = fake.timers[i];
	return first;
}

weir_time weir__testing_clock_next(void)
{
	struct weir__timer *first;
	weir_time when;

	(void)__real_pthread_mutex_lock(&fake.lock);
	first = earliest_locked();
	when = first ? first->when : WEIR_NEVER;
	(void)__real_pthread_mutex_unlock(&fake.lock);
	return when;
}

/* Lets the clock reach the earliest timer up to `when` and takes that out; NULL: there is
 * none, and the clock has reached `when`. */
static struct weir__timer *step(weir_time when, bool *held)
{
	struct weir__timer *due;
	weir_time now;

	(void)__real_pthread_mutex_lock(&fake.lock);
	due = earliest_locked();
	if (due && due->when > when)
		due = NULL;
	now = atomic_load(&fake.now);
	if ((due ? due->when : when) > now)
		atomic_store(&fake.now, due ? due->when : when);
	if (due) {
		forget_locked(due);
		*held = due->ops->hold(due);
	}
	(void)__real_pthread_mutex_unlock(&fake.lock);
	return due;
}

void weir__testing_clock_reach(weir_time when)
{
	struct weir__timer *due;
	bool held = false;

	while ((due = step(when, &held)))
		if (held)
			due->ops->fire(due);
}

void weir_testing_clock_advance(weir_time duration)
{
	if (weir__testing_fake && duration >= 0)
		weir__testing_clock_reach(__wrap_weir_after(duration));
}
