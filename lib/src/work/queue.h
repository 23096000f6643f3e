/* queue.h: the bounded work queue: first in, first out, never longer than its limit.
 *
 * A job is a node inside something of the producer's. Every job that was pushed leaves
 * the queue exactly once, and whoever takes it out owns it: by weir__queue_take(), to run
 * it; by weir__queue_remove(), to discard it.
 * Any thread may call anything.
 */
#ifndef WEIR_WORK_QUEUE_H
#define WEIR_WORK_QUEUE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/list.h"

struct weir__job;

struct weir__job_ops {
	/* Runs the job; owns it. `worker` numbers the thread, from 0. */
	void (*run)(struct weir__job *job, unsigned worker);
};

struct weir__job {
	const struct weir__job_ops *ops; /* fixed while queued */
	bool brief;                      /* fixed while queued: known to end within microseconds */
	bool queued;                     /* under the queue's lock; false before the first push */
	struct weir__list node;          /* likewise */
	_Atomic unsigned worker; /* whose it was last, from 1; 0: nobody's. Written by that one */
};

struct weir__queue {
	unsigned limit; /* fixed after init */

	pthread_mutex_t lock;
	struct weir__list jobs; /* under the lock */

	unsigned count;    /* under the lock: jobs in the list */
	unsigned reserved; /* likewise: places for jobs that are still to come */
	bool held;         /* under the lock: nobody gets one */

	/* Written under the lock, read by anyone. `length` is what can be had: the count, or 0
	 * while the queue is held. It is stored with release after the
	 * job has been linked or unlinked, so who reads 0 sees what the takers did before. */
	_Atomic unsigned length;
	_Atomic unsigned taken; /* jobs taken so far, modulo 2^32: has the queue moved? */
};

int weir__queue_init(struct weir__queue *queue, unsigned limit);
void weir__queue_fini(struct weir__queue *queue);

/* 0, or -ENOSPC when the queue is full (the job stays the caller's). Wakes nobody. */
int weir__queue_push(struct weir__queue *queue, struct weir__job *job);

/* Keeps a place for a job that must not be refused later: 0 or -ENOSPC. It is used by
 * weir__queue_push_reserved(), or given back. */
int weir__queue_reserve(struct weir__queue *queue);
void weir__queue_give_back(struct weir__queue *queue);
void weir__queue_push_reserved(struct weir__queue *queue, struct weir__job *job);

/* The oldest job; NULL if there is none. Does not wait. */
struct weir__job *weir__queue_take(struct weir__queue *queue);

/* Holds the queue: jobs are still put in and removed, but none is taken until it is let go. Who
 * lets go wakes somebody. */
void weir__queue_hold(struct weir__queue *queue, bool held);

/* How many jobs are in it, held or not. */
unsigned weir__queue_count(struct weir__queue *queue);

/* Takes this very job out. False if somebody else has taken it before. */
bool weir__queue_remove(struct weir__queue *queue, struct weir__job *job);

/* How many can be taken. */
static inline unsigned weir__queue_length(const struct weir__queue *queue)
{
	return atomic_load_explicit(&queue->length, memory_order_acquire);
}

#endif
