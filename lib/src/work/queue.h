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
};

struct weir__queue {
	unsigned limit; /* fixed after init */

	pthread_mutex_t lock;
	struct weir__list jobs; /* under the lock */

	/* Written under the lock, read by anyone. `length` is stored with release after the
	 * job has been linked or unlinked, so who reads 0 sees what the takers did before. */
	_Atomic unsigned length;
	_Atomic unsigned taken; /* jobs taken so far, modulo 2^32: has the queue moved? */
};

int weir__queue_init(struct weir__queue *queue, unsigned limit);
void weir__queue_fini(struct weir__queue *queue);

/* 0, or -ENOSPC when the queue is full (the job stays the caller's). Wakes nobody. */
int weir__queue_push(struct weir__queue *queue, struct weir__job *job);

/* The oldest job; NULL if there is none. Does not wait. */
struct weir__job *weir__queue_take(struct weir__queue *queue);

/* Takes this very job out. False if somebody else has taken it before. */
bool weir__queue_remove(struct weir__queue *queue, struct weir__job *job);

static inline unsigned weir__queue_length(const struct weir__queue *queue)
{
	return atomic_load_explicit(&queue->length, memory_order_acquire);
}

#endif
