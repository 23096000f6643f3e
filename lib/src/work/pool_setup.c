/* pool_setup.c: the workers' places, and how a pool begins and ends as a whole.
 *
 * The end: weir__pool_stop() says so under pool->lock and wakes all; each worker ends when it finds
 * nothing queued, and joins the one that ended before it (pool.c). weir__pool_join() waits on the
 * event `ended` and joins the last.
 */
#include "work/pool_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void free_workers(struct weir__pool *pool)
{
	while (pool->slots > 0)
		weir__traced_unref(pool->workers[--pool->slots].traced);
	free(pool->workers);
}

/* The places of all that there can be; the first is the first to be used. */
static int make_workers(struct weir__pool *pool)
{
	unsigned count = pool->options.maximum + 1, i;

	pool->workers = aligned_alloc(64, count * sizeof(*pool->workers));
	if (!pool->workers)
		return -ENOMEM;
	for (pool->slots = 0; pool->slots < count; pool->slots++) {
		struct weir__worker *worker = &pool->workers[pool->slots];

		atomic_init(&worker->state, RUNNING);
		atomic_init(&worker->busy, false);
		worker->number = pool->slots;
		worker->pool = pool;
		worker->traced = weir__traced_create();
		if (!worker->traced) {
			free_workers(pool);
			return -ENOMEM;
		}
	}
	for (i = count; i > 0; i--)
		weir__worker_vacate_locked(pool, &pool->workers[i - 1]);
	return 0;
}

int weir__pool_start(struct weir__pool *pool, const struct weir__pool_options *options)
{
	unsigned i;
	int error;

	memset(pool, 0, sizeof(*pool));
	pool->options = *options;
	pool->queue = options->queue;
	pool->nudge = pool->grow = 1;
	pool->keep = options->maximum;
	weir__event_init(&pool->ended);
	error = -pthread_mutex_init(&pool->lock, NULL);
	if (error)
		return error;
	error = make_workers(pool);
	if (error) {
		(void)pthread_mutex_destroy(&pool->lock);
		return error;
	}
	for (i = 0; i < options->minimum && !error; i++)
		error = weir__worker_start(pool);
	if (error) {
		weir__pool_stop(pool);
		(void)weir__pool_join(pool, WEIR_NEVER);
		weir__pool_fini(pool);
	}
	return error;
}

void weir__pool_stop(struct weir__pool *pool)
{
	atomic_store_explicit(&pool->winding_down, true, memory_order_seq_cst);
	(void)pthread_mutex_lock(&pool->lock);
	pool->stopping = true;
	(void)pthread_mutex_unlock(&pool->lock);
	while (weir__worker_wake(pool))
		;
}

static unsigned alive_now(const struct weir__pool *pool)
{
	return atomic_load_explicit(&pool->alive, memory_order_acquire);
}

unsigned weir__pool_join(struct weir__pool *pool, weir_time until)
{
	bool late = false;
	unsigned alive;

	for (;;) {
		uint32_t ticket = weir__event_ticket(&pool->ended);

		alive = alive_now(pool);
		if (alive == 0 || (late && alive <= weir__pool_busy(pool)))
			break;
		late = weir__event_wait(&pool->ended, ticket, NULL, late ? WEIR_NEVER : until) ||
		       late;
	}
	alive = alive_now(pool);
	if (alive > 0)
		return alive;
	if (pool->last)
		(void)pthread_join(pool->last->thread, NULL);
	pool->last = NULL;
	return 0;
}

void weir__pool_fini(struct weir__pool *pool)
{
	free_workers(pool);
	(void)pthread_mutex_destroy(&pool->lock);
}
