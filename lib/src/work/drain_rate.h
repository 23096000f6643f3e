/* drain_rate.h: how fast a queue gets empty while there is something in it.
 *
 * Counts the jobs that were taken to be run, and the time in which there were any to take. Both
 * are halved every so often, so that the past counts less and less. The time in which the queue
 * was empty does not count: it says nothing of how long those in a full one will wait.
 *
 * The caller says what time it is. Not thread safe.
 */
#ifndef WEIR_WORK_DRAIN_RATE_H
#define WEIR_WORK_DRAIN_RATE_H

#include <stdbool.h>
#include <stdint.h>

#include <weir/time.h>

/* After so much time with something in the queue, what was before counts half. */
#define WEIR__DRAIN_MEMORY WEIR_SECOND

struct weir__drain_rate {
	uint64_t taken;  /* jobs, in `time` */
	weir_time time;  /* up to `since` */
	weir_time since; /* the queue has had something in it since then, or since the last job */
};

/* It has got its first job. */
static inline void weir__drain_begin(struct weir__drain_rate *rate, weir_time now)
{
	rate->since = now;
}

/* A job leaves it: to be run, or otherwise. */
static inline void weir__drain_leave(struct weir__drain_rate *rate, weir_time now, bool run)
{
	rate->time += now - rate->since;
	rate->since = now;
	rate->taken += run;
	while (rate->time > 2 * WEIR__DRAIN_MEMORY) {
		rate->time /= 2;
		rate->taken /= 2;
	}
}

/* How long `count` jobs take to be taken out of a queue that is not empty. Where none has been
 * taken yet, as long as this one has stood. */
static inline weir_time weir__drain_time(const struct weir__drain_rate *rate, unsigned count,
					 weir_time now)
{
	weir_time time = rate->time + (now - rate->since), total;
	uint64_t taken = rate->taken > 0 ? rate->taken : 1;

	if (__builtin_mul_overflow(time, (weir_time)count, &total))
		return WEIR_NEVER;
	return total / (weir_time)taken;
}

#endif
