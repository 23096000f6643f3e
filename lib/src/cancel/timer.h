/* timer.h: one timer facility for all deadlines.
 *
 * A binary heap behind one lock, and one thread that sleeps until the earliest entry.
 * The thread is started by the first timer that is armed and lives as long as the
 * process; it blocks all signals. Arming and disarming are O(log n); the thread is
 * woken only when the new entry is the earliest.
 * After fork() without exec() the child has no such thread.
 */
#ifndef WEIR_CANCEL_TIMER_H
#define WEIR_CANCEL_TIMER_H

#include <stdbool.h>
#include <stddef.h>

#include <weir/time.h>

struct weir__timer;

struct weir__timer_ops {
	/* Under the timers' lock, when the time has come: returns whether the owner is still
	 * there, and if so keeps it there until fire() is over. Must take no lock. */
	bool (*hold)(struct weir__timer *timer);
	/* On the timer thread, without the lock. */
	void (*fire)(struct weir__timer *timer);
};

struct weir__timer {
	const struct weir__timer_ops *ops; /* fixed after init */
	weir_time when;                    /* under the timers' lock */
	size_t slot;                       /* likewise: place in the heap, 0 = not armed */
	/* fixed after init: firing leaves it armed, for WEIR_NEVER, so that arming it again
	 * needs no memory and cannot fail */
	bool stays;
};

static inline void weir__timer_init(struct weir__timer *timer, const struct weir__timer_ops *ops)
{
	timer->ops = ops;
	timer->when = WEIR_NEVER;
	timer->slot = 0;
	timer->stays = false;
}

/* Arms it for `when`, instead of an earlier time if it was armed. 0, -ENOMEM, or -EAGAIN
 * when the thread could not be started. */
int weir__timer_arm(struct weir__timer *timer, weir_time when);

/* Makes sure it is not in the heap. Does not wait for fire(): hold() is what keeps the
 * owner's memory. */
void weir__timer_disarm(struct weir__timer *timer);

#endif
