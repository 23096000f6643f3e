/* gap.h: the longest time between two looks at a token, for who asks for it (look.c).
 *
 * A gap begins when it is reset and at each look, and ends at the next look or with a closing
 * word. A blocking call is a look all along: it would come back at once. Looks at what is beneath
 * the token, or linked to it, count; those at a shield do not, because a shield is for what
 * comes after the trip. The resolution is that of the tick (base/tick.h): a millisecond in a server
 * that is busy, 100 ms in one that is not, unless the handler blocks, which reads the clock.
 *
 * Relaxed: of several threads that look at the same time one may be overlooked, which makes a
 * gap longer than it was, and never shorter.
 */
#ifndef WEIR_CANCEL_GAP_H
#define WEIR_CANCEL_GAP_H

#include <stdatomic.h>
#include <stdbool.h>

#include <weir/time.h>

struct weir__gap {
	_Atomic weir_time last;    /* the latest look, or the reset */
	_Atomic weir_time longest; /* so far, without the one that is open */
	_Atomic unsigned waits;    /* blocking calls that wait now */
	_Atomic bool looked;       /* at all */
};

/* Before anybody looks. `now` is what weir_now() says. */
static inline void weir__gap_reset(struct weir__gap *gap, weir_time now)
{
	atomic_store_explicit(&gap->last, now, memory_order_relaxed);
	atomic_store_explicit(&gap->longest, 0, memory_order_relaxed);
	atomic_store_explicit(&gap->waits, 0, memory_order_relaxed);
	atomic_store_explicit(&gap->looked, false, memory_order_relaxed);
}

static inline bool weir__gap_looked(const struct weir__gap *gap)
{
	return atomic_load_explicit(&gap->looked, memory_order_relaxed);
}

static inline bool weir__gap_waits(const struct weir__gap *gap)
{
	return atomic_load_explicit(&gap->waits, memory_order_relaxed) > 0;
}

/* The longest one if it were closed at `now`; without closing it. */
static inline weir_time weir__gap_at(const struct weir__gap *gap, weir_time now)
{
	weir_time open = now - atomic_load_explicit(&gap->last, memory_order_relaxed);
	weir_time longest = atomic_load_explicit(&gap->longest, memory_order_relaxed);

	return !weir__gap_waits(gap) && open > longest ? open : longest;
}

/* A look. `now` may be a tick, and so a little old. */
static inline void weir__gap_look(struct weir__gap *gap, weir_time now)
{
	weir_time open = now - atomic_load_explicit(&gap->last, memory_order_relaxed);

	atomic_store_explicit(&gap->looked, true, memory_order_relaxed);
	if (open <= 0)
		return;
	if (open > atomic_load_explicit(&gap->longest, memory_order_relaxed) &&
	    !weir__gap_waits(gap))
		atomic_store_explicit(&gap->longest, open, memory_order_relaxed);
	atomic_store_explicit(&gap->last, now, memory_order_relaxed);
}

/* A blocking call begins to wait, maybe within another one. */
static inline void weir__gap_sleep(struct weir__gap *gap, weir_time now)
{
	weir__gap_look(gap, now);
	(void)atomic_fetch_add_explicit(&gap->waits, 1, memory_order_relaxed);
}

/* It has come back: what it took was no gap. */
static inline void weir__gap_wake(struct weir__gap *gap, weir_time now)
{
	(void)atomic_fetch_sub_explicit(&gap->waits, 1, memory_order_relaxed);
	atomic_store_explicit(&gap->last, now, memory_order_relaxed);
}

#endif
