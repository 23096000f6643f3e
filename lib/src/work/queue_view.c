/* queue_view.c: what is in the queue and how fast it leaves, for people and for Retry-After. */
#include "work/queue.h"

#include <string.h>

static weir_time age_locked(const struct weir__job *job, weir_time clock)
{
	return clock - job->entered;
}

static uint64_t per_second(const struct weir__drain_rate *rate)
{
	uint64_t taken = rate->taken * (uint64_t)WEIR_SECOND;

	return rate->time > 0 ? taken / (uint64_t)rate->time : 0;
}

/* The drain time of what is in it: how long it has stood counts only while something is. */
static weir_time time_locked(const struct weir__drain_rate *rate, unsigned count, weir_time clock)
{
	return count > 0 ? weir__drain_time(rate, count, clock) : 0;
}

void weir__queue_look(struct weir__queue *queue, weir_time now, struct weir__queue_view *out)
{
	weir_time clock;
	unsigned i;

	memset(out, 0, sizeof(*out));
	(void)pthread_mutex_lock(&queue->lock);
	clock = weir__queue_clock_locked(queue, now);
	out->count = queue->count;
	for (i = 0; i < WEIR__PRIORITIES; i++) {
		const struct weir__rank *rank = &queue->ranks[i];
		const struct weir__job *job;

		out->counts[i] = rank->count;
		out->overloaded[i] = rank->codel.overloaded && !queue->settled;
		if (rank->count == 0)
			continue;
		job = weir__container(rank->jobs.next, struct weir__job, node);
		if (out->oldest && age_locked(job, clock) <= out->age)
			continue;
		out->oldest = job;
		out->age = age_locked(job, clock);
	}
	out->drain_time = time_locked(&queue->rate, queue->count, clock);
	out->taken_per_second = per_second(&queue->rate);
	(void)pthread_mutex_unlock(&queue->lock);
}

void weir__lane_look(struct weir__queue *queue, const struct weir__lane *lane, weir_time now,
		     struct weir__lane_view *out)
{
	weir_time clock;

	memset(out, 0, sizeof(*out));
	(void)pthread_mutex_lock(&queue->lock);
	clock = weir__queue_clock_locked(queue, now);
	out->count = lane->count;
	if (lane->count > 0)
		out->age = age_locked(weir__container(lane->jobs.next, struct weir__job, of_lane),
				      clock);
	memcpy(out->refused, lane->refused, sizeof(out->refused));
	(void)pthread_mutex_unlock(&queue->lock);
}

weir_time weir__queue_drain_time(struct weir__queue *queue, const struct weir__lane *lane,
				 weir_time now)
{
	weir_time clock, time;

	(void)pthread_mutex_lock(&queue->lock);
	clock = weir__queue_clock_locked(queue, now);
	time = lane ? time_locked(&lane->rate, lane->count, clock)
		    : time_locked(&queue->rate, queue->count, clock);
	(void)pthread_mutex_unlock(&queue->lock);
	return time;
}
