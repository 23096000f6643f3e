/* futex.h: waiting on a 32-bit word (futex(2)), with an absolute monotonic deadline.
 *
 * FUTEX_WAIT_BITSET takes an absolute timeout on CLOCK_MONOTONIC, which plain
 * FUTEX_WAIT does not. Returns may be spurious: callers look at the word again.
 */
#ifndef WEIR_BASE_FUTEX_H
#define WEIR_BASE_FUTEX_H

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <weir/time.h>

/* Waits while *word is `expected`. Returns 0 (look again) or -ETIMEDOUT. */
static inline int weir__futex_wait(_Atomic uint32_t *word, uint32_t expected, weir_time until)
{
	struct timespec limit;
	struct timespec *timeout = NULL;

	if (until != WEIR_NEVER) {
		if (until < 0)
			until = 0;
		limit.tv_sec = (time_t)(until / WEIR_SECOND);
		limit.tv_nsec = (long)(until % WEIR_SECOND);
		timeout = &limit;
	}
	if (syscall(SYS_futex, word, FUTEX_WAIT_BITSET_PRIVATE, expected, timeout, NULL,
		    FUTEX_BITSET_MATCH_ANY) == -1 &&
	    errno == ETIMEDOUT)
		return -ETIMEDOUT;
	return 0;
}

static inline void weir__futex_wake(_Atomic uint32_t *word, int count)
{
	(void)syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0);
}

static inline void weir__futex_wake_all(_Atomic uint32_t *word)
{
	weir__futex_wake(word, INT_MAX);
}

#endif
