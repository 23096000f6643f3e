/* queue.h: the bounded work queue: which job is next, and which is not run at all.
 *
 * A job is a node inside something of the producer's. Every job that was pushed leaves the queue
 * exactly once, and whoever takes it out owns it: by weir__queue_take(), to run it; by
 * weir__queue_remove(), to discard it; or the queue refuses it, and gives it to its `refuse`.
 *
 * What is next: the highest priority first. Within one the oldest first, as is fair; but the
 * newest while it is overloaded (codel.h; each priority has a state of its own, so that one is not
 * held responsible for those behind it). Then not all can be served in time, and first in, first
 * out would serve all of them late.
 *
 * What is refused: what finds the queue, or the queue of its own lane, full (a push fails, or
 * displaces a job of a lower priority: the one that would have been taken last); what has waited
 * for longer than the queue or its lane allows; and at a dequeue, while its priority is
 * overloaded, what has waited for over twice the target. A lane is a bounded share of the queue
 * with a name: a route's.
 *
 * Time is the caller's, and stands still while the queue is held: what nobody could take has not
 * waited. It never goes back: an earlier one than the last counts as the last.
 *
 * Any thread may call anything.
 */
#ifndef WEIR_WORK_QUEUE_H
#define WEIR_WORK_QUEUE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <weir/server.h>

#include "base/list.h"
#include "work/codel.h"
#include "work/drain_rate.h"
#include "work/refusal.h"

struct weir__job;

struct weir__job_ops {
	/* Runs the job; owns it. */
	void (*run)(struct weir__job *job);
	/* It is not run, for `job->refusal`; owns it. On any thread that has called the queue,
	 * without its lock; must not take long. NULL: jobs of a kind that is never refused once it
	 * is in the queue. */
	void (*refuse)(struct weir__job *job);
};

/* The public ones (enum weir_priority), and one of the library's own: what was promised a worker
 * already, by weir__queue_reserve(). Neither it nor WEIR_PRIORITY_FIRST has a share in CoDel. */
#define WEIR__PRIORITY_PROMISED (WEIR_PRIORITY_FIRST + 1)
#define WEIR__PRIORITIES (WEIR__PRIORITY_PROMISED + 1)

/* So many jobs of WEIR_PRIORITY_FIRST may be in the queue beside its limit. */
#define WEIR__QUEUE_FIRST 64u

/* A share of the queue. */
struct weir__lane {
	const char *name;  /* fixed; borrowed; NULL: none */
	unsigned limit;    /* fixed; 0: the queue's own is all */
	weir_time max_age; /* fixed; 0: likewise */

	/* under the lock of the queue */
	struct weir__list jobs;  /* the oldest first */
	struct weir__list aging; /* in the queue's list, while it has jobs and their age a limit */
	unsigned count;
	struct weir__drain_rate rate;
	uint64_t refused[WEIR__REFUSAL_COUNT];
};

struct weir__job {
	const struct weir__job_ops *ops; /* fixed while queued */
	struct weir__lane *lane;         /* fixed while queued; borrowed; NULL: none */
	unsigned priority;               /* fixed while queued; below WEIR__PRIORITIES */
	bool brief;                      /* fixed while queued: known to end within microseconds */
	bool queued;                     /* under the queue's lock; false before the first push */
	enum weir__refusal refusal;      /* likewise; then its owner's */
	struct weir__list node;          /* likewise */
	struct weir__list of_lane;       /* likewise */
	weir_time entered;               /* likewise: by the queue's time */
	weir_time waited;                /* written when it leaves; then its owner's */
	weir_time taken;                 /* likewise, if it is to be run: by the caller's time */
	/* Whose it was last: the number of the worker, from 1 to the pool's `slots`; 0: nobody's.
	 * Written by that one, before it runs the job. */
	_Atomic unsigned worker;
};

/* All of one priority. */
struct weir__rank {
	struct weir__list jobs; /* the oldest first */
	unsigned count;
	weir_time emptied; /* while there is none: since then */
	struct weir__codel codel;
};

struct weir__queue {
	unsigned limit;         /* fixed after init */
	weir_time max_age;      /* fixed once used; WEIR_NEVER: none */
	struct weir__lane rest; /* of jobs without a lane; bounded by nothing but the queue */

	pthread_mutex_t lock;
	/* under the lock */
	struct weir__rank ranks[WEIR__PRIORITIES];
	struct weir__list aging; /* lanes with jobs whose age has a limit */
	unsigned count;          /* jobs */
	unsigned reserved;       /* places for jobs that are still to come */
	bool held;               /* nobody gets one */
	bool settled;            /* nothing more comes: what is in it is served as it came */
	weir_time clock;         /* the queue's own time, when it was last asked for */
	weir_time held_at;       /* while held: since then */
	weir_time held_for;      /* before that */
	struct weir__drain_rate rate;

	/* Written under the lock, read by anyone. `length` is what can be had: the count, or 0
	 * while the queue is held. It is stored with release after the
	 * job has been linked or unlinked, so who reads 0 sees what the takers did before. */
	_Atomic unsigned length;
	_Atomic unsigned taken; /* jobs taken so far, modulo 2^32: has the queue moved? */
};

/* What it refuses after a push; zeros: nothing. */
struct weir__queue_rules {
	weir_time max_age;  /* 0: any */
	weir_time target;   /* 0: no CoDel */
	weir_time interval; /* above 0 if there is a target */
};

/* 0 or -errno. Refuses nothing but what finds it full, until it is told its rules. */
int weir__queue_init(struct weir__queue *queue, unsigned limit);
/* Before it is used. */
void weir__queue_set_rules(struct weir__queue *queue, const struct weir__queue_rules *rules);
void weir__queue_fini(struct weir__queue *queue);

void weir__lane_init(struct weir__lane *lane, const char *name, unsigned limit, weir_time max_age);

/* 0, -ENOSPC when the queue is full, or -EDQUOT when its lane is (the job stays the caller's;
 * `job->refusal` says the same). Wakes nobody. May refuse another job. */
int weir__queue_push_at(struct weir__queue *queue, struct weir__job *job, weir_time now);
int weir__queue_push(struct weir__queue *queue, struct weir__job *job);

/* Keeps a place for a job that must not be refused later: 0 or -ENOSPC. It is used by
 * weir__queue_push_reserved(), or given back. */
int weir__queue_reserve(struct weir__queue *queue);
void weir__queue_give_back(struct weir__queue *queue);
void weir__queue_push_reserved(struct weir__queue *queue, struct weir__job *job);

/* The next job; NULL if there is none. Does not wait. May refuse others, at the cost of taking
 * them off a list each. */
struct weir__job *weir__queue_take_at(struct weir__queue *queue, weir_time now);
struct weir__job *weir__queue_take(struct weir__queue *queue);

/* Refuses what has waited too long. For whoever has the time, about every millisecond: with all
 * workers stuck nobody takes anything. */
void weir__queue_expire(struct weir__queue *queue, weir_time now);

/* Holds the queue: jobs are still put in and removed, but none is taken until it is let go. Who
 * lets go wakes somebody. */
void weir__queue_hold(struct weir__queue *queue, bool held);

/* A stop has begun. What is queued is all there will be, so the queue gets empty by itself:
 * the oldest first, and nothing is refused for being late but by the limits of age. */
void weir__queue_settle(struct weir__queue *queue);

/* How many jobs are in it, held or not. */
unsigned weir__queue_count(struct weir__queue *queue);

/* Takes this very job out. False if somebody else has taken it before. */
bool weir__queue_remove(struct weir__queue *queue, struct weir__job *job);

/* How many can be taken. */
static inline unsigned weir__queue_length(const struct weir__queue *queue)
{
	return atomic_load_explicit(&queue->length, memory_order_acquire);
}

/* queue_view.c: as it is at this moment, for people. */
struct weir__queue_view {
	unsigned count;
	unsigned counts[WEIR__PRIORITIES];
	bool overloaded[WEIR__PRIORITIES];
	const struct weir__job *oldest; /* NULL: none. It is the queue's */
	weir_time age;                  /* of that one */
	weir_time drain_time;           /* how long as many as are in it take to be taken */
	uint64_t taken_per_second;      /* while there are any, rounded */
};
void weir__queue_look(struct weir__queue *queue, weir_time now, struct weir__queue_view *out);

struct weir__lane_view {
	unsigned count;
	weir_time age; /* of the oldest; 0: there is none */
	uint64_t refused[WEIR__REFUSAL_COUNT];
};
void weir__lane_look(struct weir__queue *queue, const struct weir__lane *lane, weir_time now,
		     struct weir__lane_view *out);

/* How long it will take, by the measured rate, until as many have been taken as are in the queue,
 * or in the lane, if that is what was full. */
weir_time weir__queue_drain_time(struct weir__queue *queue, const struct weir__lane *lane,
				 weir_time now);

/* By the queue's own time: what passes while it is not held. */
weir_time weir__queue_clock_locked(struct weir__queue *queue, weir_time now);

#endif
