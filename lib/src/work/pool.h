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

struct weir__pool {
	/* fixed after start */
	struct weir__queue *queue; /* borrowed */
	unsigned count;
	void (*quiet)(void *arg);
	void *arg;
	struct weir__worker *workers;

	pthread_mutex_t lock;
	struct weir__worker *idle; /* under the lock: stack of parked workers */
	bool stopping;             /* under the lock */
	unsigned staying;          /* under the lock: workers that have not decided to end */
	unsigned keep;             /* under the lock: how many of them there should be */
	struct weir__worker *last; /* under the lock: the one that ended last, not yet joined */

	_Atomic unsigned searching; /* workers that look for work before they park */
	_Atomic bool winding_down;  /* from the first shrink on: nobody searches */
	_Atomic unsigned alive;     /* threads that have not ended */
	struct weir__event ended;   /* signalled when one has, or began a job while winding down */

	/* the producer's thread only */
	unsigned last_taken; /* queue->taken at the last nudge */
	unsigned nudge;      /* how many to wake if it has not moved */
};

/* Starts `count` threads. 0 or -ENOMEM, -EAGAIN, with everything undone. */
int weir__pool_start(struct weir__pool *pool, struct weir__queue *queue, unsigned count,
		     size_t stack, void (*quiet)(void *arg), void *arg);

/* See above. Any thread; nudge: one thread. */
void weir__pool_kick(struct weir__pool *pool);
void weir__pool_nudge(struct weir__pool *pool);

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
