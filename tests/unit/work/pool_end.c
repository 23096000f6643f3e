/* work/pool_setup.c: how a pool ends, and how it fails to begin. */
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
	weir__pool_fini(&crew.pool);
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
	/* The other three are on their way out, and waited for even when it is too late. */
	cr_assert_eq(weir__pool_join(&crew.pool, 0), 2);
	thread_await_count(threads + 2);
	cr_assert_eq(weir__pool_join(&crew.pool, weir_after(WEIR_MILLISECOND)), 2);
	cr_assert_eq(weir__pool_busy(&crew.pool), 2);
	gate_open(&gate, 2);
	cr_assert_eq(weir__pool_join(&crew.pool, weir_after(MUST_PATIENCE)), 0);
	thread_await_count(threads);
	weir__pool_fini(&crew.pool);
	weir__queue_fini(&crew.queue);
}

/* A pool of one, whose worker can be stopped between taking a long job and running it. */
struct hesitant {
	struct weir__queue queue;
	struct weir__pool pool;
	struct weir__job job;
	struct gate before, within;
	unsigned alive;
};

static void hesitate(void *arg)
{
	struct hesitant *hesitant = arg;

	if (hesitant->job.ops && !hesitant->job.queued)
		must(gate_pass(&hesitant->before) == 0, "not let through");
}

static void stand(struct weir__job *job)
{
	struct hesitant *hesitant = weir__container(job, struct hesitant, job);

	must(gate_pass(&hesitant->within) == 0, "not let through");
	job->ops = NULL;
}

static void join_late(void *arg)
{
	struct hesitant *hesitant = arg;

	hesitant->alive = weir__pool_join(&hesitant->pool, 0);
}

/* It has no job yet when the wait for workers without a job begins, and never comes back. */
Test(end, a_worker_that_begins_a_stuck_job_meanwhile_is_not_waited_for)
{
	static const struct weir__job_ops ops = {.run = stand};
	static struct hesitant hesitant;
	struct thread joiner;

	gate_init(&hesitant.before);
	gate_init(&hesitant.within);
	cr_assert_eq(weir__queue_init(&hesitant.queue, 1), 0);
	hesitant.job.ops = &ops;
	cr_assert_eq(weir__queue_push(&hesitant.queue, &hesitant.job), 0);
	cr_assert_eq(weir__pool_start(&hesitant.pool,
				      &(struct weir__pool_options){.queue = &hesitant.queue,
								   .minimum = 1,
								   .maximum = 1,
								   .quiet = hesitate,
								   .arg = &hesitant}),
		     0);
	gate_await(&hesitant.before, 1);
	weir__pool_stop(&hesitant.pool);
	thread_start(&joiner, join_late, &hesitant);
	thread_await_waiting(&joiner);
	gate_open(&hesitant.before, 1);
	gate_await(&hesitant.within, 1);
	thread_join(&joiner);
	cr_assert_eq(hesitant.alive, 1);
	gate_open(&hesitant.within, 1);
	cr_assert_eq(weir__pool_join(&hesitant.pool, weir_after(MUST_PATIENCE)), 0);
	weir__pool_fini(&hesitant.pool);
	weir__queue_fini(&hesitant.queue);
}

Test(end, shrinking_lets_idle_workers_end_and_keeps_the_rest_at_work)
{
	unsigned threads = thread_count();
	struct duty duties[20];
	struct crew crew;

	crew_start(&crew, 8, 20);
	crew_park(&crew);
	weir__pool_shrink(&crew.pool, 3);
	thread_await_count(threads + 3);
	weir__pool_shrink(&crew.pool, 3);
	weir__pool_shrink(&crew.pool, 1);
	thread_await_count(threads + 1);
	for (unsigned i = 0; i < 20; i++) {
		duty_init(&duties[i], &crew, i % 2, NULL);
		duty_push(&duties[i]);
	}
	weir__pool_kick(&crew.pool);
	crew_end(&crew);
	for (unsigned i = 0; i < 20; i++)
		cr_assert_eq(atomic_load(&duties[i].runs), 1);
	thread_await_count(threads);
}

Test(end, shrinking_waits_for_no_one_who_works)
{
	static struct gate gate;
	unsigned threads = thread_count();
	struct duty duties[4];
	struct crew crew;

	gate_init(&gate);
	crew_start(&crew, 4, 4);
	for (unsigned i = 0; i < 4; i++) {
		duty_init(&duties[i], &crew, false, &gate);
		duty_push(&duties[i]);
	}
	weir__pool_kick(&crew.pool);
	gate_await(&gate, 4);
	weir__pool_shrink(&crew.pool, 1);
	cr_assert_eq(weir__pool_busy(&crew.pool), 4);
	gate_open(&gate, 4);
	thread_await_count(threads + 1);
	crew_end(&crew);
	thread_await_count(threads);
}

struct asking {
	struct weir__job job;
	struct weir__pool *own, *other;
	struct gate gate;
	bool in_own, in_other;
};

static void ask(struct weir__job *job)
{
	struct asking *asking = weir__container(job, struct asking, job);

	asking->in_own = weir__pool_has_self(asking->own);
	asking->in_other = weir__pool_has_self(asking->other);
	gate_announce(&asking->gate);
}

Test(end, a_thread_knows_whose_worker_it_is)
{
	static const struct weir__job_ops ops = {.run = ask};
	static struct asking asking = {.job = {.ops = &ops}};
	struct crew one, two;

	gate_init(&asking.gate);
	crew_start(&one, 1, 1);
	crew_start(&two, 1, 1);
	asking.own = &one.pool;
	asking.other = &two.pool;
	cr_assert_eq(weir__queue_push(&one.queue, &asking.job), 0);
	weir__pool_kick(&one.pool);
	gate_await(&asking.gate, 1);
	cr_assert(asking.in_own);
	cr_assert_not(asking.in_other);
	cr_assert_not(weir__pool_has_self(&one.pool));
	crew_end(&one);
	crew_end(&two);
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
	weir__pool_fini(&crew.pool);
	weir__queue_fini(&crew.queue);
}

static int start_eight(struct weir__pool *pool, struct weir__queue *queue, size_t stack)
{
	const struct weir__pool_options options = {
		.queue = queue, .minimum = 8, .maximum = 8, .stack = stack, .quiet = nothing};

	return weir__pool_start(pool, &options);
}

Test(end, a_pool_that_cannot_start_all_its_threads_starts_none)
{
	unsigned threads = thread_count();
	struct weir__queue queue;
	struct weir__pool pool;

	cr_assert_eq(weir__queue_init(&queue, 10), 0);
	for (unsigned made = 0; made < 8; made++) {
		fault_set(FAULT_THREAD, made);
		cr_assert_eq(start_eight(&pool, &queue, 0), -EAGAIN);
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
	cr_assert_eq(start_eight(&pool, &queue, 0), -ENOMEM);
	cr_assert_eq(start_eight(&pool, &queue, 1), -EINVAL);
	thread_await_count(threads);
	weir__queue_fini(&queue);
}
