/* tick.h: a coarse clock: the time as of a moment ago, for one plain load.
 *
 * For what happens too often to read the clock each time. Whoever has just read the clock
 * for a reason of its own passes the value on: the acceptor in each round, workers at the
 * begin of a request, the timer thread, threads that are about to wait. While a server
 * has requests in flight the acceptor sleeps for WEIR__TICK_SLEEP at most, and so the tick is
 * never older than that, or than one round of its loop. Any thread; never goes back.
 */
#ifndef WEIR_BASE_TICK_H
#define WEIR_BASE_TICK_H

#include <stdatomic.h>

#include <weir/time.h>

#define WEIR__TICK_SLEEP (100 * WEIR_MILLISECOND)

/* A cache line of its own, which is written at most once in a millisecond. Hidden, because the
 * library's own load of it should not go through a table. */
extern struct weir__tick {
	_Alignas(64) _Atomic weir_time now; /* 0 before the first update */
} weir__tick __attribute__((visibility("hidden")));

static inline weir_time weir__tick_now(void)
{
	return atomic_load_explicit(&weir__tick.now, memory_order_relaxed);
}

/* `now` is what weir_now() has just said. If somebody else moves the tick at the same time,
 * that is good enough for both. */
static inline void weir__tick_update(weir_time now)
{
	weir_time last = weir__tick_now();

	if (now - last >= WEIR_MILLISECOND)
		(void)atomic_compare_exchange_strong_explicit(
			&weir__tick.now, &last, now, memory_order_relaxed, memory_order_relaxed);
}

#endif
