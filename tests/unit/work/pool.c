/* work/pool.c: who runs a job, and what is said meanwhile. */
#include <criterion/criterion.h>

#include <pthread.h>
#include <signal.h>

#include "crew.h"
#include "support/must.h"

TestSuite(pool, .timeout = 60);

static void await_runs(struct duty *duty, unsigned runs)
{
	weir_time until = weir_after(MUST_PATIENCE);

	while (atomic_load(&duty->runs) < runs)
		cr_assert_lt(weir_now(), until, "the job does not run");
}

Test(pool, the_worker_that_went_idle_last_is_woken_first)
{
	struct crew crew;
	struct duty duty;

	crew_start(&crew, 4, 100);
	crew_park(&crew);
	for (unsigned i = 1; i <= 100; i++) {
		duty_init(&duty, &crew, false, NULL);
		duty_push(&duty);
		weir__pool_kick(&crew.pool);
		await_runs(&duty, 1);
		crew_await_asleep(&crew);
		cr_assert_eq(atomic_load(&crew.runs[3]), i, "job %u was run by worker %u", i,
			     duty_worker(&duty));
	}
	crew_end(&crew);
}

Test(pool, workers_are_woken_in_the_reverse_order_of_lying_down)
{
	static struct gate gate;
	struct duty duties[3];
	struct crew crew;

	gate_init(&gate);
	crew_start(&crew, 3, 100);
	crew_park(&crew);
	for (unsigned i = 0; i < 3; i++) {
		duty_init(&duties[i], &crew, false, &gate);
		duty_push(&duties[i]);
		weir__pool_kick(&crew.pool);
		gate_await(&gate, 1);
		cr_assert_eq(duty_worker(&duties[i]), 2 - i);
	}
	gate_open(&gate, 3);
	crew_end(&crew);
}

Test(pool, a_batch_of_brief_jobs_is_run_by_one_worker)
{
	enum { BATCH = 1000 };
	static struct duty duties[BATCH];
	struct crew crew;
	unsigned expected = 0;

	crew_start(&crew, 4, BATCH);
	crew_park(&crew);
	for (int round = 0; round < 10; round++) {
		for (unsigned i = 0; i < BATCH; i++) {
			duty_init(&duties[i], &crew, true, NULL);
			duty_push(&duties[i]);
		}
		weir__pool_kick(&crew.pool);
		await_runs(&duties[BATCH - 1], 1);
		crew_await_asleep(&crew);
		expected += BATCH;
		cr_assert_eq(atomic_load(&crew.runs[3]), expected);
	}
	crew_end(&crew);
}

Test(pool, long_jobs_spread_over_all_workers_after_one_kick)
{
	enum { WORKERS = 8 };
	static struct gate gate;
	struct duty duties[WORKERS];
	struct crew crew;

	gate_init(&gate);
	crew_start(&crew, WORKERS, 100);
	crew_park(&crew);
	for (unsigned i = 0; i < WORKERS; i++) {
		duty_init(&duties[i], &crew, false, &gate);
		duty_push(&duties[i]);
	}
	weir__pool_kick(&crew.pool);
	gate_await(&gate, WORKERS);
	cr_assert_eq(weir__pool_busy(&crew.pool), WORKERS);
	for (unsigned i = 0; i < WORKERS; i++)
		cr_assert_eq(atomic_load(&crew.runs[i]), 1);
	gate_open(&gate, WORKERS);
	crew_end(&crew);
}

/* Brief ones first: whoever comes to the long ones after them wakes the next. */
Test(pool, a_mixed_batch_gets_a_worker_for_each_long_job)
{
	static struct gate gate;
	struct duty duties[12];
	struct crew crew;

	gate_init(&gate);
	crew_start(&crew, 4, 100);
	crew_park(&crew);
	for (unsigned i = 0; i < 12; i++) {
		bool brief = i % 4 != 3;

		duty_init(&duties[i], &crew, brief, brief ? NULL : &gate);
		duty_push(&duties[i]);
	}
	weir__pool_kick(&crew.pool);
	gate_await(&gate, 3);
	gate_open(&gate, 3);
	crew_end(&crew);
	for (unsigned i = 0; i < 12; i++)
		cr_assert_eq(atomic_load(&duties[i].runs), 1);
}

Test(pool, a_kick_with_nothing_queued_wakes_nobody)
{
	struct crew crew;

	crew_start(&crew, 3, 100);
	crew_park(&crew);
	for (int i = 0; i < 100; i++)
		weir__pool_kick(&crew.pool);
	crew_await_asleep(&crew);
	cr_assert_eq(atomic_load(&crew.quiets), 0);
	crew_end(&crew);
}

Test(pool, quiet_is_said_before_a_long_job_and_before_parking_only)
{
	static struct gate gate;
	struct duty brief[20], slow;
	struct crew crew;

	gate_init(&gate);
	crew_start(&crew, 1, 100);
	crew_park(&crew);
	for (unsigned i = 0; i < 20; i++) {
		duty_init(&brief[i], &crew, true, i == 19 ? &gate : NULL);
		duty_push(&brief[i]);
	}
	duty_init(&slow, &crew, false, &gate);
	duty_push(&slow);
	weir__pool_kick(&crew.pool);
	gate_await(&gate, 1);
	cr_assert_eq(atomic_load(&crew.quiets), 0, "between brief jobs");
	gate_open(&gate, 1);
	gate_await(&gate, 1);
	cr_assert_eq(atomic_load(&crew.quiets), 1, "before the long one");
	gate_open(&gate, 1);
	crew_await_asleep(&crew);
	while (atomic_load(&crew.quiets) < 2)
		;
	crew_end(&crew);
}

Test(pool, busy_counts_workers_in_a_job)
{
	static struct gate gate;
	struct duty duties[2];
	struct crew crew;

	gate_init(&gate);
	crew_start(&crew, 4, 100);
	crew_park(&crew);
	cr_assert_eq(weir__pool_busy(&crew.pool), 0);
	for (unsigned i = 0; i < 2; i++) {
		duty_init(&duties[i], &crew, false, &gate);
		duty_push(&duties[i]);
		weir__pool_kick(&crew.pool);
		gate_await(&gate, 1);
		cr_assert_eq(weir__pool_busy(&crew.pool), i + 1);
	}
	gate_open(&gate, 2);
	crew_end(&crew);
}

struct portrait {
	struct weir__job job;
	struct gate gate;
	char name[16];
	sigset_t mask;
};

static void paint(struct weir__job *job)
{
	struct portrait *portrait = weir__container(job, struct portrait, job);

	(void)pthread_getname_np(pthread_self(), portrait->name, sizeof(portrait->name));
	(void)pthread_sigmask(SIG_SETMASK, NULL, &portrait->mask);
	gate_announce(&portrait->gate);
}

Test(pool, its_threads_have_names_and_take_no_signals)
{
	static const struct weir__job_ops ops = {.run = paint};
	static struct portrait portrait = {.job = {.ops = &ops}};
	struct crew crew;

	gate_init(&portrait.gate);
	crew_start(&crew, 1, 1);
	crew_park(&crew);
	cr_assert_eq(weir__queue_push(&crew.queue, &portrait.job), 0);
	weir__pool_kick(&crew.pool);
	gate_await(&portrait.gate, 1);
	cr_assert_str_eq(portrait.name, "weir-worker0");
	cr_assert_eq(sigismember(&portrait.mask, SIGTERM), 1);
	cr_assert_eq(sigismember(&portrait.mask, SIGSEGV), 0);
	crew_end(&crew);
}
