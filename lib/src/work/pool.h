/* pool.h: worker threads that run what is in a queue.
 *
 * The pool knows jobs and nothing else. Idle workers park on a stack, so that the one
 * that went idle last, whose caches are warm, is woken first.
 *
 * Waking is the dear part of handing work over, so few workers are woken:
 *  1. a producer pushes a batch and then calls weir__pool_kick() once: one worker wakes;
 *  2. a worker that takes a job wakes the next one only if more is queued and the job
 *     is not brief; a batch of brief jobs is cheaper run by one thread;
 *  3. a worker that has run out of work yields the processor once and looks again
 *     before it parks, and nobody is woken while one does: under load the next batch is
 *     often there by then, and two system calls and a wakeup are saved;
 *  4. being wrong costs bounded time: while the queue is not empty the producer calls
 *     weir__pool_nudge() about every millisecond, and if nothing was taken since the last
 *     time, workers are woken: one, then two, four, ...
 *
 * There are `minimum` workers at least, and up to `maximum`: pool_grow.c starts more while jobs
 * wait and those that are there are blocked; one that has had nothing to do for a while ends.
 *
 * `quiet` is called by a worker before it parks and before it runs a job that is not
 * brief: the moment to tell others what was put off while brief jobs were run.
 */
#ifndef WEIR_WORK_POOL_H
#define WEIR_WORK_POOL_H

#include <pthread.h>
#include <stddef.h>

#include <weir/time.h>

#include "base/backtrace.h"
#include "cancel/event.h"
#include "work/queue.h"

struct weir__worker;

/* How many there are; how that came about. */
struct weir__pool_size {
	unsigned now;
	uint64_t grown, shrunk,
		failed; /* started later; ended for want of work; could not be started */
};

struct weir__pool_options {
	struct weir__queue *queue; /* borrowed */
	unsigned minimum, maximum; /* workers; 0 < minimum <= maximum */
	weir_time idle;            /* after which one of more than the minimum ends */
	size_t stack;              /* bytes; 0: the system's usual */
	void (*quiet)(void *arg);
	void *arg;
};

struct weir__pool {
	struct weir__pool_options options; /* fixed */
	struct weir__queue *queue;         /* fixed: the options' */
	unsigned slots; /* of `workers`, fixed: one more than there can be, so that none has to be
			   joined in haste to be used again */
	struct weir__worker *workers;

	pthread_mutex_t lock;
	struct weir__worker *idle;   /* under the lock: stack of parked workers */
	struct weir__worker *vacant; /* under the lock: stack of those that have no thread */
	bool stopping;               /* under the lock */
	unsigned staying;            /* under the lock: workers that have not decided to end */
	unsigned keep;               /* under the lock: how many of them there should be */
	struct weir__worker *last;   /* under the lock: the one that ended last, not yet joined */

	_Atomic unsigned searching; /* workers that look for work before they park */
	_Atomic bool winding_down;  /* from the first shrink on: nobody searches */
	_Atomic unsigned alive;     /* threads that have not ended */
	_Atomic unsigned size;      /* `staying`; written under the lock, read by anyone */
	_Atomic uint64_t grown, shrunk, failed; /* likewise */
	struct weir__event ended; /* signalled when one has, or began a job while winding down */

	/* the producer's thread only */
	unsigned last_taken; /* queue->taken at the last nudge */
	unsigned nudge;      /* how many to wake if it has not moved */
	unsigned grow;       /* how many to start if jobs still wait */
	weir_time grow_at;   /* not before: a start has failed */
	weir_time looked_at; /* 0: nobody waited */
	weir_time cpu;       /* the process had used by then */
};

/* Starts `minimum` threads. 0 or -ENOMEM, -EAGAIN, with everything undone. */
int weir__pool_start(struct weir__pool *pool, const struct weir__pool_options *options);

/* See above. Any thread; nudge: one thread. */
void weir__pool_kick(struct weir__pool *pool);
void weir__pool_nudge(struct weir__pool *pool);

/* pool_grow.c: starts more workers, if it is time to. Where nudge is called, as often. */
void weir__pool_grow(struct weir__pool *pool, weir_time now);

/* How many there are. Any thread. */
static inline unsigned weir__pool_now(const struct weir__pool *pool)
{
	return atomic_load_explicit(&pool->size, memory_order_relaxed);
}
void weir__pool_size(const struct weir__pool *pool, struct weir__pool_size *out);

/* Workers running a job now. */
unsigned weir__pool_busy(const struct weir__pool *pool);

/* Lets workers end, as they become idle, until `keep` are left: for a stop, which needs fewer
 * and fewer, and would otherwise join them all at its very end. */
void weir__pool_shrink(struct weir__pool *pool, unsigned keep);

/* Lets workers end as soon as the queue is empty. */
void weir__pool_stop(struct weir__pool *pool);

/* Waits until all have ended or `until`. Returns how many are still running a job. Workers
 * without a job are waited for in any case: they are on their way out. After
 * weir__pool_stop(). Others may go on calling: there is just nobody to wake. */
unsigned weir__pool_join(struct weir__pool *pool, weir_time until);

/* After a join that returned 0, and when nobody else can call any more. */
void weir__pool_fini(struct weir__pool *pool);

/* Prepares to ask the thread that runs this job where it is. False if none does at this moment.
 * `trace` is good until weir__pool_fini(). Any thread that knows the job to be there. */
bool weir__pool_find(struct weir__pool *pool, const struct weir__job *job,
		     struct weir__backtrace *trace);

/* Whether the calling thread is one of the workers. */
bool weir__pool_has_self(const struct weir__pool *pool);

#endif
