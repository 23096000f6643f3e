/* codel.h: says when a queue is overloaded: controlled delay, on the time that jobs wait.
 *
 * A queue that takes up a burst is good, one that never gets empty again only makes everybody
 * wait. What tells them apart is the least wait of an interval: if even that was above the
 * target, the queue is standing (K. Nichols and V. Jacobson, "Controlling Queue Delay", ACM Queue
 * 10(5), 2012; RFC 8289, 3.2). A router then drops packets, one after the other at growing
 * frequency, and their senders slow down. The clients of a server do not; so what has waited for
 * twice the target is refused as long as the queue is overloaded, as B. Maurer describes in "Fail
 * at Scale", ACM Queue 13(8), 2015.
 *
 *	CALM --an interval is over, its least wait was above the target--> OVERLOADED
 *	OVERLOADED --an interval is over, its least wait was not, and little was refused--> CALM
 *
 * Refusing makes the wait short, and so does not show that the load has gone: "little" is one for
 * each 8 that were served. Below that the queue may stand again for an interval and will be longer
 * by an eighth of it at most. What has been empty for an interval is calm.
 *
 * An interval begins with the first dequeue after the end of the one before; that dequeue refuses
 * nothing, so that jobs get through however slow the server is.
 *
 * It has no clock: the caller says what time it is. Not thread safe.
 */
#ifndef WEIR_WORK_CODEL_H
#define WEIR_WORK_CODEL_H

#include <stdbool.h>
#include <stdint.h>

#include <weir/time.h>

struct weir__codel {
	weir_time target;   /* fixed; 0: never overloaded */
	weir_time interval; /* fixed */
	weir_time ends;     /* of this interval; 0: there was none yet */
	weir_time least;    /* wait that was seen in this interval */
	unsigned served;    /* in this interval */
	unsigned refused;   /* likewise, for having waited too long */
	bool overloaded;    /* by what was seen in the one before */
};

/* `target` 0: none. Else both are above 0 and not above a year. */
void weir__codel_init(struct weir__codel *codel, weir_time target, weir_time interval);

/* A job is about to leave the queue, whose oldest one has waited for `wait`; 0 if the queue will
 * be empty then: who waits alone stands in no queue (RFC 8289, 4.4). Returns the wait above which
 * a job is refused at this dequeue; WEIR_NEVER: none is. `now` never goes back. */
weir_time weir__codel_dequeue(struct weir__codel *codel, weir_time now, weir_time wait);

/* What came of that. */
static inline void weir__codel_serve(struct weir__codel *codel)
{
	codel->served++;
}
static inline void weir__codel_refuse(struct weir__codel *codel)
{
	codel->refused++;
}

/* A job comes into the queue, which was empty since `since`. */
void weir__codel_refill(struct weir__codel *codel, weir_time now, weir_time since);

#endif
