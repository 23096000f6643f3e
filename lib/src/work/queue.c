/* queue.c: see queue.h. One lock; no other lock is taken under it, and no job's function called.
 *
 * A job is in two lists, of its priority and of its lane, both with the oldest first, because
 * jobs are only appended and the queue's time does not go back. So whatever has waited too long
 * is at a front, and each call looks at no more jobs than it takes out.
 */
#include "work/queue.h"

#include <errno.h>

/* So many jobs are refused while the lock is held once. */
#define BATCH 32

/* Who is served first. */
static const unsigned order[WEIR__PRIORITIES] = {
	WEIR_PRIORITY_FIRST,  WEIR__PRIORITY_PROMISED, WEIR_PRIORITY_HIGH,
	WEIR_PRIORITY_NORMAL, WEIR_PRIORITY_LOW,
};

static struct weir__lane *lane_of(struct weir__queue *queue, const struct weir__job *job)
{
	return job->lane ? job->lane : &queue->rest;
}

/* WEIR_NEVER: none. */
static weir_time longest_wait(const struct weir__queue *queue, const struct weir__lane *lane)
{
	if (lane == &queue->rest)
		return WEIR_NEVER;
	return lane->max_age && lane->max_age < queue->max_age ? lane->max_age : queue->max_age;
}

static void set_count_locked(struct weir__queue *queue, unsigned count)
{
	queue->count = count;
	atomic_store_explicit(&queue->length, queue->held ? 0 : count, memory_order_release);
}

static void append_locked(struct weir__queue *queue, struct weir__job *job, weir_time clock)
{
	struct weir__rank *rank = &queue->ranks[job->priority];
	struct weir__lane *lane = lane_of(queue, job);

	weir__list_append(&rank->jobs, &job->node);
	weir__list_append(&lane->jobs, &job->of_lane);
	job->queued = true;
	job->refusal = WEIR__REFUSAL_NONE;
	job->entered = clock;
	if (rank->count++ == 0)
		weir__codel_refill(&rank->codel, clock, rank->emptied);
	if (lane->count++ == 0) {
		weir__drain_begin(&lane->rate, clock);
		if (longest_wait(queue, lane) != WEIR_NEVER)
			weir__list_append(&queue->aging, &lane->aging);
	}
	if (queue->count == 0)
		weir__drain_begin(&queue->rate, clock);
	set_count_locked(queue, queue->count + 1);
}

static void take_out_locked(struct weir__queue *queue, struct weir__job *job, weir_time clock,
			    bool run)
{
	struct weir__rank *rank = &queue->ranks[job->priority];
	struct weir__lane *lane = lane_of(queue, job);

	weir__list_remove(&job->node);
	weir__list_remove(&job->of_lane);
	job->queued = false;
	job->waited = clock - job->entered;
	if (--rank->count == 0)
		rank->emptied = clock;
	weir__drain_leave(&lane->rate, clock, run);
	weir__drain_leave(&queue->rate, clock, run);
	if (--lane->count == 0)
		weir__list_remove(&lane->aging);
	set_count_locked(queue, queue->count - 1);
}

static void refuse_locked(struct weir__queue *queue, struct weir__job *job, weir_time clock,
			  enum weir__refusal why, struct weir__list *refused)
{
	take_out_locked(queue, job, clock, false);
	job->refusal = why;
	lane_of(queue, job)->refused[why]++;
	if (why == WEIR__REFUSAL_OVERLOADED)
		weir__codel_refuse(&queue->ranks[job->priority].codel);
	weir__list_append(refused, &job->node);
}

/* Without the lock. */
static void tell_refused(struct weir__list *refused)
{
	struct weir__list *node;

	while ((node = weir__list_shift(refused))) {
		struct weir__job *job = weir__container(node, struct weir__job, node);

		job->ops->refuse(job);
	}
}

/* A place that is kept is taken. */
static bool has_room_locked(const struct weir__queue *queue, unsigned priority)
{
	unsigned first = queue->ranks[WEIR_PRIORITY_FIRST].count, count = queue->count;

	if (priority == WEIR_PRIORITY_FIRST && first < WEIR__QUEUE_FIRST)
		return true;
	count -= first < WEIR__QUEUE_FIRST ? first : WEIR__QUEUE_FIRST;
	return count < queue->limit && queue->limit - count > queue->reserved;
}

static struct weir__job *oldest_locked(const struct weir__rank *rank)
{
	return weir__container(rank->jobs.next, struct weir__job, node);
}

static struct weir__job *newest_locked(const struct weir__rank *rank)
{
	return weir__container(rank->jobs.prev, struct weir__job, node);
}

/* Makes room for a job: the one goes that would be taken last, if it is of a lower priority. */
static bool displace_locked(struct weir__queue *queue, unsigned priority, weir_time clock,
			    struct weir__list *refused)
{
	unsigned i = WEIR__PRIORITIES;
	struct weir__job *last;

	while (i-- > 0 && order[i] != priority) {
		struct weir__rank *rank = &queue->ranks[order[i]];

		if (order[i] == WEIR__PRIORITY_PROMISED || order[i] == WEIR_PRIORITY_FIRST)
			return false;
		if (rank->count == 0)
			continue;
		last = rank->codel.overloaded ? oldest_locked(rank) : newest_locked(rank);
		refuse_locked(queue, last, clock, WEIR__REFUSAL_DISPLACED, refused);
		return true;
	}
	return false;
}

static enum weir__refusal admit_locked(struct weir__queue *queue, const struct weir__job *job,
				       weir_time clock, struct weir__list *refused)
{
	const struct weir__lane *lane = lane_of(queue, job);

	if (lane->limit && lane->count >= lane->limit)
		return WEIR__REFUSAL_ROUTE_FULL;
	if (!has_room_locked(queue, job->priority) &&
	    !displace_locked(queue, job->priority, clock, refused))
		return WEIR__REFUSAL_FULL;
	return WEIR__REFUSAL_NONE;
}

int weir__queue_push_at(struct weir__queue *queue, struct weir__job *job, weir_time now)
{
	enum weir__refusal why;
	struct weir__list refused;
	weir_time clock;

	weir__list_init(&refused);
	(void)pthread_mutex_lock(&queue->lock);
	clock = weir__queue_clock_locked(queue, now);
	why = admit_locked(queue, job, clock, &refused);
	if (why == WEIR__REFUSAL_NONE) {
		append_locked(queue, job, clock);
	} else {
		job->refusal = why;
		lane_of(queue, job)->refused[why]++;
	}
	(void)pthread_mutex_unlock(&queue->lock);
	tell_refused(&refused);
	if (why == WEIR__REFUSAL_NONE)
		return 0;
	return why == WEIR__REFUSAL_ROUTE_FULL ? -EDQUOT : -ENOSPC;
}

int weir__queue_push(struct weir__queue *queue, struct weir__job *job)
{
	return weir__queue_push_at(queue, job, weir_now());
}

int weir__queue_reserve(struct weir__queue *queue)
{
	bool room;

	(void)pthread_mutex_lock(&queue->lock);
	room = has_room_locked(queue, WEIR__PRIORITY_PROMISED);
	queue->reserved += room;
	(void)pthread_mutex_unlock(&queue->lock);
	return room ? 0 : -ENOSPC;
}

void weir__queue_give_back(struct weir__queue *queue)
{
	(void)pthread_mutex_lock(&queue->lock);
	queue->reserved--;
	(void)pthread_mutex_unlock(&queue->lock);
}

void weir__queue_push_reserved(struct weir__queue *queue, struct weir__job *job)
{
	weir_time now = weir_now();

	(void)pthread_mutex_lock(&queue->lock);
	queue->reserved--;
	append_locked(queue, job, weir__queue_clock_locked(queue, now));
	(void)pthread_mutex_unlock(&queue->lock);
}

/* One dequeue, as CoDel sees it: refuses what has waited too long for it, BATCH at most. Returns
 * the wait above which a job must not be taken now. */
static weir_time control_locked(struct weir__queue *queue, struct weir__rank *rank, weir_time clock,
				struct weir__list *refused)
{
	weir_time limit, wait = rank->count > 1 ? clock - oldest_locked(rank)->entered : 0;
	int i;

	if (queue->settled)
		return WEIR_NEVER;
	limit = weir__codel_dequeue(&rank->codel, clock, wait);
	for (i = 0; i < BATCH && rank->count > 0; i++) {
		struct weir__job *oldest = oldest_locked(rank);

		if (clock - oldest->entered <= limit)
			break;
		refuse_locked(queue, oldest, clock, WEIR__REFUSAL_OVERLOADED, refused);
	}
	return limit;
}

/* NULL: all that it has looked at were refused. */
static struct weir__job *take_from_locked(struct weir__queue *queue, struct weir__rank *rank,
					  weir_time clock, weir_time limit,
					  struct weir__list *refused)
{
	bool newest_first = rank->codel.overloaded && !queue->settled;
	int i;

	for (i = 0; i < BATCH && rank->count > 0; i++) {
		struct weir__job *job = newest_first ? newest_locked(rank) : oldest_locked(rank);
		weir_time wait = clock - job->entered;

		if (wait > longest_wait(queue, lane_of(queue, job)))
			refuse_locked(queue, job, clock, WEIR__REFUSAL_TOO_OLD, refused);
		else if (wait > limit)
			refuse_locked(queue, job, clock, WEIR__REFUSAL_OVERLOADED, refused);
		else
			return job;
	}
	return NULL;
}

/* Every priority has its dequeue, whoever's job it is: who is never served waits, too. */
static struct weir__job *take_locked(struct weir__queue *queue, weir_time clock,
				     struct weir__list *refused)
{
	struct weir__job *job = NULL;
	unsigned i;

	for (i = 0; i < WEIR__PRIORITIES; i++) {
		struct weir__rank *rank = &queue->ranks[order[i]];
		weir_time limit;

		if (rank->count == 0)
			continue;
		limit = control_locked(queue, rank, clock, refused);
		if (!job)
			job = take_from_locked(queue, rank, clock, limit, refused);
	}
	if (!job)
		return NULL;
	take_out_locked(queue, job, clock, true);
	weir__codel_serve(&queue->ranks[job->priority].codel);
	(void)atomic_fetch_add_explicit(&queue->taken, 1, memory_order_relaxed);
	return job;
}

struct weir__job *weir__queue_take_at(struct weir__queue *queue, weir_time now)
{
	struct weir__job *job = NULL;
	struct weir__list refused;
	bool more = true;

	weir__list_init(&refused);
	while (!job && more) {
		(void)pthread_mutex_lock(&queue->lock);
		if (!queue->held)
			job = take_locked(queue, weir__queue_clock_locked(queue, now), &refused);
		(void)pthread_mutex_unlock(&queue->lock);
		more = !weir__list_empty(&refused);
		tell_refused(&refused);
	}
	if (job)
		job->taken = now;
	return job;
}

struct weir__job *weir__queue_take(struct weir__queue *queue)
{
	return weir__queue_length(queue) > 0 ? weir__queue_take_at(queue, weir_now()) : NULL;
}

static void expire_lane_locked(struct weir__queue *queue, struct weir__lane *lane, weir_time clock,
			       struct weir__list *refused, int *count)
{
	weir_time limit = longest_wait(queue, lane);

	for (; *count < BATCH && lane->count > 0; ++*count) {
		struct weir__job *job = weir__container(lane->jobs.next, struct weir__job, of_lane);

		if (clock - job->entered <= limit)
			break;
		refuse_locked(queue, job, clock, WEIR__REFUSAL_TOO_OLD, refused);
	}
}

void weir__queue_expire(struct weir__queue *queue, weir_time now)
{
	struct weir__list refused, *node, *after;
	int count;

	weir__list_init(&refused);
	do {
		count = 0;
		(void)pthread_mutex_lock(&queue->lock);
		weir__list_each_safe (node, after, &queue->aging)
			expire_lane_locked(queue, weir__container(node, struct weir__lane, aging),
					   weir__queue_clock_locked(queue, now), &refused, &count);
		(void)pthread_mutex_unlock(&queue->lock);
		tell_refused(&refused);
	} while (count == BATCH);
}

void weir__queue_hold(struct weir__queue *queue, bool held)
{
	weir_time now = weir_now();

	(void)pthread_mutex_lock(&queue->lock);
	if (held && !queue->held)
		queue->held_at = now;
	else if (!held && queue->held)
		queue->held_for += now - queue->held_at;
	queue->held = held;
	set_count_locked(queue, queue->count);
	(void)pthread_mutex_unlock(&queue->lock);
}

bool weir__queue_remove(struct weir__queue *queue, struct weir__job *job)
{
	bool found;

	(void)pthread_mutex_lock(&queue->lock);
	found = job->queued;
	if (found)
		take_out_locked(queue, job, queue->clock, false);
	(void)pthread_mutex_unlock(&queue->lock);
	return found;
}
