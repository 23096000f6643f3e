/* work/queue.c: order, limit, and that each job leaves once, whoever takes it. */
#include <criterion/criterion.h>

#include <errno.h>
#include <sched.h>
#include <stdlib.h>

#include "support/must.h"
#include "unit/threads.h"
#include "work/queue.h"

TestSuite(queue, .timeout = 60);

struct counted {
	struct weir__job job;
	_Atomic unsigned left; /* times it came out */
};

Test(queue, first_in_first_out)
{
	struct weir__queue queue;
	struct weir__job jobs[10];

	cr_assert_eq(weir__queue_init(&queue, 10), 0);
	cr_assert_null(weir__queue_take(&queue));
	for (unsigned i = 0; i < 10; i++) {
		jobs[i] = (struct weir__job){.ops = NULL};
		cr_assert_eq(weir__queue_length(&queue), i);
		cr_assert_eq(weir__queue_push(&queue, &jobs[i]), 0);
	}
	for (unsigned i = 0; i < 10; i++) {
		cr_assert_eq(weir__queue_length(&queue), 10 - i);
		cr_assert_eq(weir__queue_take(&queue), &jobs[i]);
		cr_assert_eq(atomic_load(&queue.taken), i + 1);
	}
	cr_assert_null(weir__queue_take(&queue));
	weir__queue_fini(&queue);
}

Test(queue, keeps_a_place_that_was_reserved)
{
	struct weir__queue queue;
	struct weir__job jobs[3] = {{.ops = NULL}};

	cr_assert_eq(weir__queue_init(&queue, 2), 0);
	cr_assert_eq(weir__queue_reserve(&queue), 0);
	cr_assert_eq(weir__queue_length(&queue), 0);
	cr_assert_eq(weir__queue_push(&queue, &jobs[0]), 0);
	cr_assert_eq(weir__queue_push(&queue, &jobs[1]), -ENOSPC);
	cr_assert_eq(weir__queue_reserve(&queue), -ENOSPC);
	weir__queue_push_reserved(&queue, &jobs[1]);
	cr_assert_eq(weir__queue_push(&queue, &jobs[2]), -ENOSPC);
	cr_assert_eq(weir__queue_take(&queue), &jobs[0]);
	cr_assert_eq(weir__queue_take(&queue), &jobs[1]);
	cr_assert_eq(weir__queue_reserve(&queue), 0);
	cr_assert_eq(weir__queue_reserve(&queue), 0);
	cr_assert_eq(weir__queue_push(&queue, &jobs[0]), -ENOSPC);
	weir__queue_give_back(&queue);
	cr_assert_eq(weir__queue_push(&queue, &jobs[0]), 0);
	cr_assert_eq(weir__queue_take(&queue), &jobs[0]);
	weir__queue_give_back(&queue);
	weir__queue_fini(&queue);
}

Test(queue, that_is_held_gives_none_and_loses_none)
{
	struct weir__queue queue;
	struct weir__job jobs[3] = {{.ops = NULL}};

	cr_assert_eq(weir__queue_init(&queue, 3), 0);
	cr_assert_eq(weir__queue_push(&queue, &jobs[0]), 0);
	weir__queue_hold(&queue, true);
	cr_assert_eq(weir__queue_push(&queue, &jobs[1]), 0);
	cr_assert_eq(weir__queue_length(&queue), 0);
	cr_assert_eq(weir__queue_count(&queue), 2);
	cr_assert_null(weir__queue_take(&queue));
	cr_assert(weir__queue_remove(&queue, &jobs[0]));
	cr_assert_eq(weir__queue_push(&queue, &jobs[2]), 0);
	cr_assert_eq(weir__queue_push(&queue, &jobs[0]), 0);
	cr_assert_eq(weir__queue_push(&queue, &(struct weir__job){.ops = NULL}), -ENOSPC);
	weir__queue_hold(&queue, false);
	cr_assert_eq(weir__queue_length(&queue), 3);
	cr_assert_eq(weir__queue_take(&queue), &jobs[1]);
	cr_assert_eq(weir__queue_take(&queue), &jobs[2]);
	cr_assert_eq(weir__queue_take(&queue), &jobs[0]);
	weir__queue_fini(&queue);
}

Test(queue, is_never_longer_than_its_limit)
{
	struct weir__queue queue;
	struct weir__job jobs[4] = {{0}};

	cr_assert_eq(weir__queue_init(&queue, 3), 0);
	for (int i = 0; i < 3; i++)
		cr_assert_eq(weir__queue_push(&queue, &jobs[i]), 0);
	cr_assert_eq(weir__queue_push(&queue, &jobs[3]), -ENOSPC);
	cr_assert_eq(weir__queue_length(&queue), 3);
	cr_assert_not(weir__queue_remove(&queue, &jobs[3]), "what was refused is not in");
	cr_assert_eq(weir__queue_take(&queue), &jobs[0]);
	cr_assert_eq(weir__queue_push(&queue, &jobs[3]), 0);
	cr_assert_eq(weir__queue_push(&queue, &jobs[0]), -ENOSPC);
	cr_assert(weir__queue_remove(&queue, &jobs[2]));
	cr_assert_eq(weir__queue_push(&queue, &jobs[0]), 0);
	cr_assert_eq(weir__queue_take(&queue), &jobs[1]);
	cr_assert_eq(weir__queue_take(&queue), &jobs[3]);
	cr_assert_eq(weir__queue_take(&queue), &jobs[0]);
	weir__queue_fini(&queue);
}

Test(queue, remove_takes_this_very_job_once)
{
	struct weir__queue queue;
	struct weir__job jobs[5] = {{0}};

	cr_assert_eq(weir__queue_init(&queue, 5), 0);
	cr_assert_not(weir__queue_remove(&queue, &jobs[0]), "never pushed");
	for (int i = 0; i < 5; i++)
		cr_assert_eq(weir__queue_push(&queue, &jobs[i]), 0);
	cr_assert(weir__queue_remove(&queue, &jobs[2]));
	cr_assert_not(weir__queue_remove(&queue, &jobs[2]), "twice");
	cr_assert_eq(weir__queue_take(&queue), &jobs[0]);
	cr_assert_not(weir__queue_remove(&queue, &jobs[0]), "after it was taken");
	cr_assert(weir__queue_remove(&queue, &jobs[4]));
	cr_assert_eq(weir__queue_length(&queue), 2);
	cr_assert_eq(weir__queue_take(&queue), &jobs[1]);
	cr_assert_eq(weir__queue_take(&queue), &jobs[3]);
	cr_assert_null(weir__queue_take(&queue));
	/* a removal is not a movement of the queue */
	cr_assert_eq(atomic_load(&queue.taken), 3);
	weir__queue_fini(&queue);
}

enum { JOBS = 20000, TAKERS = 3, REMOVERS = 2 };

struct struggle {
	struct weir__queue queue;
	struct counted *jobs;
	_Atomic int all_pushed;
	_Atomic unsigned out;
};

static void count_out(struct struggle *struggle, struct weir__job *job)
{
	atomic_fetch_add(&weir__container(job, struct counted, job)->left, 1);
	atomic_fetch_add(&struggle->out, 1);
}

static void take(void *arg)
{
	struct struggle *struggle = arg;

	for (;;) {
		int last_look = atomic_load(&struggle->all_pushed);
		struct weir__job *job = weir__queue_take(&struggle->queue);

		if (job)
			count_out(struggle, job);
		else if (last_look)
			break;
		else
			(void)sched_yield();
	}
}

static void remove_some(void *arg)
{
	struct struggle *struggle = arg;
	unsigned at = 17;

	while (!atomic_load(&struggle->all_pushed)) {
		struct counted *victim = &struggle->jobs[at];

		at = (at * 5 + 1) % JOBS;
		if (weir__queue_remove(&struggle->queue, &victim->job))
			count_out(struggle, &victim->job);
	}
}

Test(queue, each_job_leaves_once_whoever_takes_it)
{
	struct struggle struggle = {.jobs = calloc(JOBS, sizeof(struct counted))};
	struct thread threads[TAKERS + REMOVERS];

	cr_assert_not_null(struggle.jobs);
	cr_assert_eq(weir__queue_init(&struggle.queue, 100), 0);
	for (int i = 0; i < TAKERS + REMOVERS; i++)
		thread_start(&threads[i], i < TAKERS ? take : remove_some, &struggle);
	for (unsigned i = 0; i < JOBS; i++)
		while (weir__queue_push(&struggle.queue, &struggle.jobs[i].job) != 0)
			(void)sched_yield();
	atomic_store(&struggle.all_pushed, 1);
	for (int i = 0; i < TAKERS + REMOVERS; i++)
		thread_join(&threads[i]);
	cr_assert_eq(atomic_load(&struggle.out), JOBS);
	for (unsigned i = 0; i < JOBS; i++)
		cr_assert_eq(atomic_load(&struggle.jobs[i].left), 1, "job %u left %u times", i,
			     atomic_load(&struggle.jobs[i].left));
	cr_assert_eq(weir__queue_length(&struggle.queue), 0);
	weir__queue_fini(&struggle.queue);
	free(struggle.jobs);
}
