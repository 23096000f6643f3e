/* waits.c: waiting under the fake clock.
 *
 * A wait with a time limit in fake time ends in one of two ways: what it waits for comes,
 * or the clock goes on to its limit. Who waits for nothing but time (weir_sleep(),
 * nanosleep(2), ...) lets the clock go on at once. Who waits for something else as well, a
 * descriptor, another thread, gets PATIENCE of real time for it first. A deadline of a token
 * on the way is a stop on the way: it fires, and then the wait looks whether that was what
 * it waited for.
 *
 * All of libweir's waits on a word in memory go through futex(2) by way of syscall(3), those on
 * descriptors through poll(2) and ppoll(2); so nothing in libweir needs to know of this.
 */
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/syscall.h>

#include "clock.h"
#include "under.h"
#include "wrapped.h"

#define PATIENCE (100 * WEIR_MILLISECOND)
#define SLICE (5 * WEIR_MILLISECOND)

/* The thread waits for nothing but time, or a token. */
static _Thread_local unsigned sleeping;

static struct timespec to_timespec(weir_time when)
{
	return (struct timespec){(time_t)(when / WEIR_SECOND), (long)(when % WEIR_SECOND)};
}

static weir_time from_timespec(const struct timespec *when)
{
	weir_time sum;

	if (__builtin_mul_overflow((weir_time)when->tv_sec, WEIR_SECOND, &sum) ||
	    __builtin_add_overflow(sum, (weir_time)when->tv_nsec, &sum))
		return WEIR_NEVER;
	return sum;
}

/* Where the clock would stop next on its way to `until`. */
static weir_time next_stop(weir_time until)
{
	weir_time next = weir__testing_clock_next();

	return next < until ? next : until;
}

int __wrap_weir_sleep(weir_token *token, weir_time until)
{
	int result;

	sleeping++;
	result = __real_weir_sleep(token, until);
	sleeping--;
	return result;
}

/* futex(2), FUTEX_WAIT_BITSET. */
struct futex_wait {
	_Atomic uint32_t *word;
	int operation;
	uint32_t expected, bits;
	const struct timespec *timeout;
};

static long call_futex(const struct futex_wait *wait, const struct timespec *timeout)
{
	return __real_syscall(SYS_futex, wait->word, wait->operation, wait->expected, timeout, NULL,
			      wait->bits);
}

static long fail(int error)
{
	errno = error;
	return -1;
}

/* In the terms of the call: 0, or -1 with errno. */
static long wait_until(const struct futex_wait *wait, weir_time until)
{
	weir_time stop, waited;

	/* In slices, because another thread may let the clock go on. */
	for (waited = 0; !sleeping && waited < PATIENCE && __wrap_weir_now() < until;
	     waited += SLICE) {
		struct timespec limit = to_timespec(weir__testing_real_now() + SLICE);
		long result = call_futex(wait, &limit);

		if (result == 0 || errno != ETIMEDOUT)
			return result;
	}
	while ((stop = next_stop(until)) != WEIR_NEVER) {
		if (atomic_load(wait->word) != wait->expected)
			return fail(EAGAIN);
		if (__wrap_weir_now() >= until)
			return fail(ETIMEDOUT);
		weir__testing_clock_reach(stop);
	}
	return call_futex(wait, NULL);
}

/* The arguments as libweir gives them (base/futex.h). */
static struct futex_wait take_futex(va_list list)
{
	struct futex_wait wait;

	wait.word = va_arg(list, _Atomic uint32_t *);
	wait.operation = va_arg(list, int);
	wait.expected = va_arg(list, uint32_t);
	wait.timeout = va_arg(list, const struct timespec *);
	(void)va_arg(list, void *);
	wait.bits = va_arg(list, uint32_t);
	return wait;
}

static bool is_fake(const struct futex_wait *wait, weir_time *until)
{
	*until = wait->timeout ? from_timespec(wait->timeout) : WEIR_NEVER;
	return (wait->operation & FUTEX_CMD_MASK) == FUTEX_WAIT_BITSET &&
	       *until >= WEIR__TESTING_FAKE_EPOCH;
}

long __wrap_syscall(long number, ...)
{
	long arguments[6];
	va_list list;
	int i;

	if (number == SYS_futex && weir__testing_fake) {
		struct futex_wait wait;
		weir_time until;

		va_start(list, number);
		wait = take_futex(list);
		va_end(list);
		if (is_fake(&wait, &until))
			return wait_until(&wait, until);
	}
	va_start(list, number);
	for (i = 0; i < 6; i++) /* as syscall(3) itself does, whatever the call takes */
		arguments[i] = va_arg(list, long);
	va_end(list);
	return __real_syscall(number, arguments[0], arguments[1], arguments[2], arguments[3],
			      arguments[4], arguments[5]);
}

int __wrap_ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout,
		 const sigset_t *mask)
{
	struct timespec patience = to_timespec(count > 0 ? PATIENCE : 0);
	const struct timespec none = {0, 0};
	weir_time until, stop;
	int result;

	if (!weir__testing_fake || weir__testing_aside)
		return __real_ppoll(fds, count, timeout, mask);
	until = timeout ? __wrap_weir_after(from_timespec(timeout)) : WEIR_NEVER;
	result = __real_ppoll(fds, count, until <= __wrap_weir_now() ? &none : &patience, mask);
	while (result == 0 && until > __wrap_weir_now()) {
		stop = next_stop(until);
		if (stop == WEIR_NEVER)
			return __real_ppoll(fds, count, NULL, mask);
		weir__testing_clock_reach(stop);
		result = __real_ppoll(fds, count, &none, mask);
	}
	return result;
}

int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout)
{
	struct timespec limit = to_timespec((weir_time)timeout * WEIR_MILLISECOND);

	if (!weir__testing_fake || weir__testing_aside)
		return __real_poll(fds, count, timeout);
	return __wrap_ppoll(fds, count, timeout < 0 ? NULL : &limit, NULL);
}

int __wrap_clock_nanosleep(clockid_t clock, int flags, const struct timespec *when,
			   struct timespec *left)
{
	weir_time until = from_timespec(when);

	if (!weir__testing_fake || ((flags & TIMER_ABSTIME) && until < WEIR__TESTING_FAKE_EPOCH))
		return __real_clock_nanosleep(clock, flags, when, left);
	if (!(flags & TIMER_ABSTIME))
		until = __wrap_weir_after(until);
	weir__testing_clock_reach(until);
	return 0;
}

int __wrap_nanosleep(const struct timespec *duration, struct timespec *left)
{
	if (!weir__testing_fake)
		return __real_nanosleep(duration, left);
	weir__testing_clock_reach(__wrap_weir_after(from_timespec(duration)));
	return 0;
}

int __wrap_usleep(useconds_t duration)
{
	if (!weir__testing_fake)
		return __real_usleep(duration);
	weir__testing_clock_reach(__wrap_weir_after((weir_time)duration * WEIR_MICROSECOND));
	return 0;
}

unsigned __wrap_sleep(unsigned seconds)
{
	if (!weir__testing_fake)
		return __real_sleep(seconds);
	weir__testing_clock_reach(__wrap_weir_after((weir_time)seconds * WEIR_SECOND));
	return 0;
}

/* The condition's own clock cannot be asked for; a limit in fake time is not of it. */
static int cond_until(pthread_cond_t *cond, pthread_mutex_t *mutex, weir_time until)
{
	struct timespec patience = to_timespec(weir__testing_real_now() + PATIENCE);
	int error = __real_pthread_cond_clockwait(cond, mutex, CLOCK_MONOTONIC, &patience);

	if (error != ETIMEDOUT)
		return error;
	/* A deadline on the way may run a callback that wants the mutex. */
	(void)__wrap_pthread_mutex_unlock(mutex);
	weir__testing_clock_reach(next_stop(until));
	(void)__wrap_pthread_mutex_lock(mutex);
	return __wrap_weir_now() >= until ? ETIMEDOUT : 0;
}

int __wrap_pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex,
				  const struct timespec *until)
{
	weir_time when = from_timespec(until);

	if (!weir__testing_fake || when < WEIR__TESTING_FAKE_EPOCH)
		return __real_pthread_cond_timedwait(cond, mutex, until);
	return cond_until(cond, mutex, when);
}

int __wrap_pthread_cond_clockwait(pthread_cond_t *cond, pthread_mutex_t *mutex, clockid_t clock,
				  const struct timespec *until)
{
	weir_time when = from_timespec(until);

	if (!weir__testing_fake || clock != CLOCK_MONOTONIC || when < WEIR__TESTING_FAKE_EPOCH)
		return __real_pthread_cond_clockwait(cond, mutex, clock, until);
	return cond_until(cond, mutex, when);
}
