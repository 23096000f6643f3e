/* pool_grow.c: more workers, while jobs wait and those that are there are blocked.
 *
 *	STEADY --the oldest job has waited for WAITED, every worker has a job, and the process has
 *	         left a part of its processors unused since the last look--> one more is started
 *	still so at the next look--> two more, four, ... up to STEP at a time, and the maximum
 *	anything else--> STEADY
 *
 * Processors that are all in use mean that workers compute: more of them would only take turns.
 * That is told from the process's CPU time, one clock for all threads (clock_getres(2)), against
 * the processors that it may use (sched_getaffinity(2)).
 *
 * On the producer's thread, about every millisecond while something is queued. Starting a thread
 * takes some ten microseconds; STEP bounds what that adds up to.
 */
#include <errno.h>
#include <sched.h>
#include <time.h>

#include "work/pool_private.h"

#define WAITED (2 * WEIR_MILLISECOND)
#define WINDOW WEIR_MILLISECOND /* a look back over less says nothing */
#define STEP 8
#define RETRY (100 * WEIR_MILLISECOND) /* after a start that failed */
/* Processors are not idle if less than this part of their time was left. */
#define UNUSED 4

static weir_time cpu_time(void)
{
	struct timespec used;

	if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used))
		return 0;
	return (weir_time)used.tv_sec * WEIR_SECOND + used.tv_nsec;
}

static unsigned processors(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) ? 1 : (unsigned)CPU_COUNT(&set);
}

/* Whether the process could have used more than it has since the last look. */
static bool has_time_left(struct weir__pool *pool, weir_time now)
{
	weir_time used = cpu_time(), window = now - pool->looked_at, could;
	bool left;

	if (pool->looked_at && window < WINDOW)
		return false;
	could = window * processors();
	left = pool->looked_at && used - pool->cpu < could - could / UNUSED;
	pool->looked_at = now;
	pool->cpu = used;
	return left;
}

static bool has_waited(struct weir__pool *pool, weir_time now)
{
	struct weir__queue_view view;

	if (weir__queue_length(pool->queue) == 0)
		return false;
	weir__queue_look(pool->queue, now, &view);
	return view.count > 0 && view.age >= WAITED;
}

static bool are_all_busy(const struct weir__pool *pool)
{
	return weir__pool_busy(pool) >= weir__pool_now(pool);
}

static void start_some(struct weir__pool *pool, weir_time now)
{
	unsigned i;

	for (i = 0; i < pool->grow; i++) {
		int error = weir__worker_start(pool);

		if (error == -EBUSY)
			return;
		if (error) {
			(void)atomic_fetch_add_explicit(&pool->failed, 1, memory_order_relaxed);
			pool->grow_at = now + RETRY;
			return;
		}
		(void)atomic_fetch_add_explicit(&pool->grown, 1, memory_order_relaxed);
	}
	if (pool->grow < STEP)
		pool->grow *= 2;
}

void weir__pool_grow(struct weir__pool *pool, weir_time now)
{
	if (weir__pool_now(pool) >= pool->options.maximum ||
	    atomic_load_explicit(&pool->winding_down, memory_order_relaxed))
		return;
	if (now < pool->grow_at || !has_waited(pool, now) || !are_all_busy(pool)) {
		pool->grow = 1;
		pool->looked_at = 0;
		return;
	}
	if (has_time_left(pool, now))
		start_some(pool, now);
}

void weir__pool_size(const struct weir__pool *pool, struct weir__pool_size *out)
{
	out->now = weir__pool_now(pool);
	out->grown = atomic_load_explicit(&pool->grown, memory_order_relaxed);
	out->shrunk = atomic_load_explicit(&pool->shrunk, memory_order_relaxed);
	out->failed = atomic_load_explicit(&pool->failed, memory_order_relaxed);
}
