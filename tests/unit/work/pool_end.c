/* work/pool.c: how a pool ends, and how it fails to begin. */
#include <criterion/criterion.h>

#include <errno.h>

#include "crew.h"
#include "support/must.h"
#include "unit/faults.h"
#include "unit/threads.h"

TestSuite(end, .timeout = 60);

static void nothing(void *arg)
{
	(void)arg;
}

Test(end, an_idle_pool_ends_at_once)
{
	unsigned threads = thread_count();

	for (unsigned size = 1; size <= CREW_MAX; size++) {
		struct crew crew;

		crew_start(&crew, size, 1);
		crew_end(&crew); /* some have not even begun */
		crew_start(&crew, size, CREW_MAX);
		crew_park(&crew);
		crew_end(&crew); /* all sleep */
	}
	thread_await_count(threads);
}

Test(end, what_is_queued_is_run_first)
{
	static struct gate gate;
	struct duty duties[50], first;
	struct crew crew;

	gate_init(&gate);
	crew_start(&crew, 1, 100);
	duty_init(&first, &crew, false, &gate);
	duty_push(&first);
	weir__pool_kick(&crew.pool);
	gate_await(&gate, 1);
	for (unsigned i = 0; i < 50; i++) {
		duty_init(&duties[i], &crew, i % 2, NULL);
		duty_push(&duties[i]);
	}
	weir__pool_stop(&crew.pool);
	weir__pool_stop(&crew.pool);
	gate_open(&gate, 1);
	cr_assert_eq(weir__pool_join(&crew.pool, weir_after(MUST_PATIENCE)), 0);
	for (unsigned i = 0; i < 50; i++)
		cr_assert_eq(atomic_load(&duties[i].runs), 1);
	cr_assert_eq(weir__queue_length(&crew.queue), 0);
	weir__queue_fini(&crew.queue);
}

Test(end, workers_that_do_not_come_back_are_counted_and_nothing_is_freed)
{
	static struct gate gate;
	unsigned threads = thread_count();
	struct duty duties[2];
	struct crew crew;

	gate_init(&gate);
	crew_start(&crew, 5, 10);
	for (unsigned i = 0; i < 2; i++) {
		duty_init(&duties[i], &crew, false, &gate);
		duty_push(&duties[i]);
		weir__pool_kick(&crew.pool);
	}
	gate_await(&gate, 2);
	weir__pool_stop(&crew.pool);
	/* The other three end in a moment, these two do not. */
	while (weir__pool_join(&crew.pool, 0) > 2)
		;
	cr_assert_eq(weir__pool_join(&crew.pool, weir_after(WEIR_MILLISECOND)), 2);
	cr_assert_eq(weir__pool_busy(&crew.pool), 2);
	gate_open(&gate, 2);
	cr_assert_eq(weir__pool_join(&crew.pool, weir_after(MUST_PATIENCE)), 0);
	thread_await_count(threads);
	weir__queue_fini(&crew.queue);
}

Test(end, a_join_returns_when_the_last_worker_does)
{
	static struct gate gate;
	struct crew crew;
	struct duty duty;

	gate_init(&gate);
	crew_start(&crew, 3, 10);
	duty_init(&duty, &crew, false, &gate);
	duty_push(&duty);
	weir__pool_kick(&crew.pool);
	gate_await(&gate, 1);
	weir__pool_stop(&crew.pool);
	gate_open(&gate, 1);
	cr_assert_eq(weir__pool_join(&crew.pool, WEIR_NEVER), 0);
	weir__queue_fini(&crew.queue);
}

Test(end, a_pool_that_cannot_start_all_its_threads_starts_none)
{
	unsigned threads = thread_count();
	struct weir__queue queue;
	struct weir__pool pool;

	cr_assert_eq(weir__queue_init(&queue, 10), 0);
	for (unsigned made = 0; made < 8; made++) {
		fault_set(FAULT_THREAD, made);
		cr_assert_eq(weir__pool_start(&pool, &queue, 8, 0, nothing, NULL), -EAGAIN);
		thread_await_count(threads);
	}
	weir__queue_fini(&queue);
}

Test(end, a_pool_without_memory_does_not_start)
{
	unsigned threads = thread_count();
	struct weir__queue queue;
	struct weir__pool pool;

	cr_assert_eq(weir__queue_init(&queue, 10), 0);
	fault_set(FAULT_ALIGNED_ALLOC, 0);
	cr_assert_eq(weir__pool_start(&pool, &queue, 8, 0, nothing, NULL), -ENOMEM);
	cr_assert_eq(weir__pool_start(&pool, &queue, 8, 1, nothing, NULL), -EINVAL);
	thread_await_count(threads);
	weir__queue_fini(&queue);
}
