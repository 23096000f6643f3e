/* pool.c: the life of a worker, and who wakes it; see pool.h. How a pool begins and ends as a whole
 * is in pool_setup.c.
 *
 * States of a worker, by the word it sleeps on:
 *
 *	vacant --a thread is started--> RUNNING
 *	RUNNING --nothing queued: pushed on the idle stack--> PARKED
 *	PARKED --popped by a waker--> RUNNING
 *	PARKED --idle for long, and one more than there must be--> ended
 *	RUNNING --stopping and nothing queued--> ended
 *	ended --joined by the next one that ends--> vacant
 *
 * Lost wakeups: a worker parks first and looks at the queue once more afterwards ("register,
 * then recheck"). A producer pushes first and looks for a parked worker afterwards. Both go
 * through pool->lock in between: if the worker was there first, the producer finds it
 * parked; if the producer was, the worker's second look comes after the push.
 *
 * Lock: pool->lock guards both stacks. The queue's lock is never taken under it.
 */
#include "work/pool_private.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>

#include "base/backtrace.h"
#include "base/futex.h"
#include "base/thread.h"

/* The pool this thread works for. Comparing thread ids would not do: they are used again. */
static _Thread_local const struct weir__pool *own_pool;

bool weir__worker_wake(struct weir__pool *pool)
{
	struct weir__worker *worker;

	(void)pthread_mutex_lock(&pool->lock);
	worker = pool->idle;
	if (worker)
		pool->idle = worker->below;
	(void)pthread_mutex_unlock(&pool->lock);
	if (!worker)
		return false;
	/* release: pairs with the acquire in park() */
	atomic_store_explicit(&worker->state, RUNNING, memory_order_release);
	weir__futex_wake(&worker->state, 1);
	return true;
}

/* Takes itself off the idle stack. False if a waker was faster. */
static bool unpark_self_locked(struct weir__pool *pool, struct weir__worker *self)
{
	struct weir__worker **at = &pool->idle;

	while (*at && *at != self)
		at = &(*at)->below;
	if (!*at)
		return false;
	*at = self->below;
	return true;
}

static void leave_locked(struct weir__pool *pool)
{
	pool->staying--;
	atomic_store_explicit(&pool->size, pool->staying, memory_order_relaxed);
}

/* Whether this worker should end: it is one too many, and nothing is queued. */
static bool decide_to_end_locked(struct weir__pool *pool)
{
	if (!pool->stopping && pool->staying <= pool->keep)
		return false;
	if (weir__queue_length(pool->queue) > 0)
		return false;
	leave_locked(pool);
	return true;
}

/* After a time without work. */
static bool decide_to_shrink_locked(struct weir__pool *pool, struct weir__worker *self)
{
	if (pool->stopping || pool->staying <= pool->options.minimum ||
	    weir__queue_length(pool->queue) > 0 || !unpark_self_locked(pool, self))
		return false;
	leave_locked(pool);
	(void)atomic_fetch_add_explicit(&pool->shrunk, 1, memory_order_relaxed);
	return true;
}

/* Sleeps while parked. False if it has decided to end. */
static bool sleep_parked(struct weir__pool *pool, struct weir__worker *self)
{
	bool elastic = pool->options.maximum > pool->options.minimum;

	while (atomic_load_explicit(&self->state, memory_order_acquire) == PARKED) {
		weir_time until = elastic ? weir_after(pool->options.idle) : WEIR_NEVER;
		bool ending;

		if (weir__futex_wait(&self->state, PARKED, until) != -ETIMEDOUT)
			continue;
		(void)pthread_mutex_lock(&pool->lock);
		ending = decide_to_shrink_locked(pool, self);
		(void)pthread_mutex_unlock(&pool->lock);
		if (ending)
			return false;
	}
	return true;
}

/* Sleeps until there may be work. Returns false when it is time to end. */
static bool park(struct weir__pool *pool, struct weir__worker *self)
{
	bool ending;

	atomic_store_explicit(&self->state, PARKED, memory_order_relaxed);
	(void)pthread_mutex_lock(&pool->lock);
	ending = decide_to_end_locked(pool);
	if (!ending) {
		self->below = pool->idle;
		pool->idle = self;
	}
	(void)pthread_mutex_unlock(&pool->lock);
	if (ending)
		return false;
	if (weir__queue_length(pool->queue) > 0) {
		bool mine;

		(void)pthread_mutex_lock(&pool->lock);
		mine = unpark_self_locked(pool, self);
		(void)pthread_mutex_unlock(&pool->lock);
		if (mine)
			return true;
	}
	return sleep_parked(pool, self);
}

/* Looks for work once more; see rule 3 in pool.h. A producer that skips waking
 * because of `searching` is seen in park(), which looks at the queue after that was undone:
 * all three are read-modify-writes, so a producer that found a searcher comes before its
 * end in the order of that word, and so does what it had pushed. */
static struct weir__job *search(struct weir__pool *pool)
{
	struct weir__job *job;

	if (atomic_load_explicit(&pool->winding_down, memory_order_relaxed))
		return NULL;
	(void)atomic_fetch_add_explicit(&pool->searching, 1, memory_order_relaxed);
	(void)sched_yield();
	job = weir__queue_take(pool->queue);
	(void)atomic_fetch_sub_explicit(&pool->searching, 1, memory_order_seq_cst);
	return job;
}

/* The last thing a worker does. Each joins the one that ended before it, so that whoever waits
 * for the pool has one thread to join, not hundreds, at the very end of a stop. */
static void end_worker(struct weir__pool *pool, struct weir__worker *self)
{
	struct weir__worker *before;

	weir__traced_leave(self->traced);
	(void)pthread_mutex_lock(&pool->lock);
	before = pool->last;
	pool->last = self;
	(void)pthread_mutex_unlock(&pool->lock);
	if (before) {
		(void)pthread_join(before->thread, NULL);
		(void)pthread_mutex_lock(&pool->lock);
		weir__worker_vacate_locked(pool, before);
		(void)pthread_mutex_unlock(&pool->lock);
	}
	(void)atomic_fetch_sub_explicit(&pool->alive, 1, memory_order_acq_rel);
	weir__event_signal(&pool->ended);
}

/* Whoever waits for the pool after its time waits for workers without a job only, and has to
 * hear that this one is none of them. seq_cst on both sides: either the pool is seen winding
 * down here, or the worker is seen busy in weir__pool_busy(). */
static void set_busy(struct weir__pool *pool, struct weir__worker *self, struct weir__job *job)
{
	atomic_store_explicit(&job->worker, self->number + 1, memory_order_relaxed);
	weir__traced_work_on(self->traced, job);
	atomic_store_explicit(&self->busy, true, memory_order_seq_cst);
	if (atomic_load_explicit(&pool->winding_down, memory_order_seq_cst))
		weir__event_signal(&pool->ended);
}

static void *worker_thread(void *arg)
{
	struct weir__worker *self = arg;
	struct weir__pool *pool = self->pool;
	char name[16];

	(void)snprintf(name, sizeof(name), "weir-worker%u", self->number % 10000);
	(void)pthread_setname_np(pthread_self(), name);
	own_pool = pool;
	weir__traced_enter(self->traced);
	for (;;) {
		struct weir__job *job = weir__queue_take(pool->queue);

		if (!job) {
			pool->options.quiet(pool->options.arg);
			job = search(pool);
		}
		if (!job) {
			/* The search may have found some that the queue has refused. */
			pool->options.quiet(pool->options.arg);
			if (!park(pool, self))
				break;
			continue;
		}
		if (!job->brief) {
			pool->options.quiet(pool->options.arg);
			if (weir__queue_length(pool->queue) > 0)
				(void)weir__worker_wake(pool);
		}
		set_busy(pool, self, job);
		job->ops->run(job);
		weir__traced_work_on(self->traced, NULL);
		atomic_store_explicit(&self->busy, false, memory_order_relaxed);
	}
	end_worker(pool, self);
	return NULL;
}

void weir__worker_vacate_locked(struct weir__pool *pool, struct weir__worker *worker)
{
	worker->below = pool->vacant;
	pool->vacant = worker;
}

int weir__worker_start(struct weir__pool *pool)
{
	struct weir__worker *worker;
	int error;

	(void)pthread_mutex_lock(&pool->lock);
	worker = pool->stopping || pool->staying >= pool->options.maximum ? NULL : pool->vacant;
	if (worker) {
		pool->vacant = worker->below;
		pool->staying++;
		atomic_store_explicit(&pool->size, pool->staying, memory_order_relaxed);
		/* Under the lock: a stop that comes now waits for it. */
		(void)atomic_fetch_add_explicit(&pool->alive, 1, memory_order_relaxed);
	}
	(void)pthread_mutex_unlock(&pool->lock);
	if (!worker)
		return -EBUSY;
	atomic_store_explicit(&worker->state, RUNNING, memory_order_relaxed);
	/* With its name it would be touched after the start, and it may be over by then. */
	error = weir__thread_start(&worker->thread, NULL, pool->options.stack, worker_thread,
				   worker);
	if (!error)
		return 0;
	(void)pthread_mutex_lock(&pool->lock);
	leave_locked(pool);
	weir__worker_vacate_locked(pool, worker);
	(void)pthread_mutex_unlock(&pool->lock);
	(void)atomic_fetch_sub_explicit(&pool->alive, 1, memory_order_acq_rel);
	weir__event_signal(&pool->ended);
	return error;
}

void weir__pool_kick(struct weir__pool *pool)
{
	if (weir__queue_length(pool->queue) > 0 &&
	    atomic_fetch_add_explicit(&pool->searching, 0, memory_order_seq_cst) == 0)
		(void)weir__worker_wake(pool);
}

void weir__pool_nudge(struct weir__pool *pool)
{
	unsigned taken = atomic_load_explicit(&pool->queue->taken, memory_order_relaxed);
	unsigned i;

	if (taken != pool->last_taken || weir__queue_length(pool->queue) == 0) {
		pool->last_taken = taken;
		pool->nudge = 1;
		return;
	}
	for (i = 0; i < pool->nudge; i++)
		if (!weir__worker_wake(pool))
			break;
	if (pool->nudge < pool->options.maximum)
		pool->nudge *= 2;
}

unsigned weir__pool_busy(const struct weir__pool *pool)
{
	unsigned busy = 0, i;

	for (i = 0; i < pool->slots; i++)
		busy += atomic_load_explicit(&pool->workers[i].busy, memory_order_seq_cst);
	return busy;
}

void weir__pool_shrink(struct weir__pool *pool, unsigned keep)
{
	unsigned surplus;

	atomic_store_explicit(&pool->winding_down, true, memory_order_relaxed);
	(void)pthread_mutex_lock(&pool->lock);
	pool->keep = keep;
	surplus = pool->staying > keep ? pool->staying - keep : 0;
	(void)pthread_mutex_unlock(&pool->lock);
	while (surplus > 0 && weir__worker_wake(pool))
		surplus--;
}

bool weir__pool_find(struct weir__pool *pool, const struct weir__job *job,
		     struct weir__backtrace *trace)
{
	unsigned number = atomic_load_explicit(&job->worker, memory_order_relaxed);

	trace->subject = job;
	trace->traced = number ? pool->workers[number - 1].traced : NULL;
	return trace->traced &&
	       atomic_load_explicit(&trace->traced->subject, memory_order_relaxed) == job;
}

bool weir__pool_has_self(const struct weir__pool *pool)
{
	return own_pool == pool;
}
