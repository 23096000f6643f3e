/* stress/overload.c: under overload every job comes out exactly once: run, refused or taken out.
 *
 * In each round producers push jobs of all priorities and two lanes, faster than few workers run
 * them, into a short queue with CoDel and limits of age so small that all of them strike. Some
 * jobs are taken out again; one thread does what the acceptor does, nudges and expires; the queue
 * is held and let go now and then. At the end nothing may be left, and each job must have had one
 * end.
 */
#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "stress/stress.h"
#include "work/pool.h"

enum { PRODUCERS = 3, JOBS = 300, LIMIT = 24, WORKERS = 2 };

struct counted {
	struct weir__job job;
	struct round *round;
	_Atomic unsigned out; /* run, refused or taken out */
};

struct round {
	struct weir__queue queue;
	struct weir__pool pool;
	struct weir__lane lanes[2];
	struct counted jobs[PRODUCERS][JOBS];
	_Atomic unsigned pushed, out, producing;
};

static _Atomic unsigned long refused_by[WEIR__REFUSAL_COUNT];

static void leave(struct counted *counted)
{
	stress_check(atomic_fetch_add(&counted->out, 1) == 0, "a job came out twice");
	atomic_fetch_add(&counted->round->out, 1);
}

static void run_job(struct weir__job *job)
{
	unsigned worker = atomic_load_explicit(&job->worker, memory_order_relaxed);

	stress_check(worker > 0 && worker <= WORKERS, "worker %u", worker);
	stress_check(job->refusal == WEIR__REFUSAL_NONE, "refused, and run");
	(void)sched_yield();
	leave(weir__container(job, struct counted, job));
}

static void refuse_job(struct weir__job *job)
{
	stress_check(job->refusal != WEIR__REFUSAL_NONE, "refused for nothing");
	stress_check(job->priority != WEIR_PRIORITY_FIRST ||
			     (job->refusal != WEIR__REFUSAL_OVERLOADED &&
			      job->refusal != WEIR__REFUSAL_DISPLACED),
		     "one of the first was refused for %d", (int)job->refusal);
	atomic_fetch_add(&refused_by[job->refusal], 1);
	leave(weir__container(job, struct counted, job));
}

static const struct weir__job_ops ops = {.run = run_job, .refuse = refuse_job};

static void quiet(void *arg)
{
	struct round *round = arg;

	stress_check(atomic_load(&round->out) <= PRODUCERS * JOBS, "more than there are");
}

static void push(struct round *round, struct counted *counted, struct stress_random *random)
{
	counted->round = round;
	counted->job.ops = &ops;
	counted->job.brief = stress_random_below(random, 2);
	counted->job.priority = stress_random_below(random, WEIR__PRIORITY_PROMISED);
	counted->job.lane = &round->lanes[stress_random_below(random, 2)];
	atomic_fetch_add(&round->pushed, 1);
	if (weir__queue_push(&round->queue, &counted->job) != 0)
		refuse_job(&counted->job); /* it never was in there: the producer's own */
}

static void produce(struct round *round, unsigned number, struct stress_random *random)
{
	struct counted *jobs = round->jobs[number];
	unsigned i;

	for (i = 0; i < JOBS; i++) {
		struct counted *victim = &jobs[stress_random_below(random, i + 1)];

		push(round, &jobs[i], random);
		if (stress_random_below(random, 4) == 0)
			weir__pool_kick(&round->pool);
		if (stress_random_below(random, 8) == 0 &&
		    weir__queue_remove(&round->queue, &victim->job))
			leave(victim);
		if (stress_random_below(random, 16) == 0)
			(void)sched_yield();
	}
	atomic_fetch_sub(&round->producing, 1);
}

/* The acceptor's part, and somebody who looks on. */
static void manage(struct round *round, struct stress_random *random)
{
	weir_time until = weir_after(STRESS_PATIENCE);
	struct weir__queue_view view;

	while (atomic_load(&round->producing) > 0 ||
	       atomic_load(&round->out) < atomic_load(&round->pushed)) {
		bool held = stress_random_below(random, 64) == 0;

		stress_check(weir_now() < until, "stuck: %u of %u came out",
			     atomic_load(&round->out), atomic_load(&round->pushed));
		if (held) {
			weir__queue_hold(&round->queue, true);
			(void)sched_yield();
			weir__queue_hold(&round->queue, false);
			weir__pool_kick(&round->pool);
		}
		weir__queue_expire(&round->queue, weir_now());
		weir__pool_nudge(&round->pool);
		weir__queue_look(&round->queue, weir_now(), &view);
		stress_check(view.count <= LIMIT + WEIR__QUEUE_FIRST, "%u in the queue",
			     view.count);
		stress_check(view.age >= 0 && view.drain_time >= 0, "time goes back");
		(void)sched_yield();
	}
	weir__pool_stop(&round->pool);
}

static void run(void *arg, unsigned number)
{
	struct round *round = arg;
	struct stress_random random;

	stress_random_init(&random, number);
	if (number == PRODUCERS)
		manage(round, &random);
	else
		produce(round, number, &random);
}

static void play(struct round *round)
{
	const struct weir__queue_rules rules = {.max_age = 400 * WEIR_MICROSECOND,
						.target = WEIR_MICROSECOND,
						.interval = 20 * WEIR_MICROSECOND};
	unsigned alive;
	int error = weir__queue_init(&round->queue, LIMIT);

	stress_check(error == 0, "weir__queue_init: %d", error);
	weir__queue_set_rules(&round->queue, &rules);
	weir__lane_init(&round->lanes[0], "wide", 0, 0);
	weir__lane_init(&round->lanes[1], "narrow", 8, 100 * WEIR_MICROSECOND);
	atomic_store(&round->producing, PRODUCERS);
	error = weir__pool_start(&round->pool,
				 &(struct weir__pool_options){.queue = &round->queue,
							      .minimum = WORKERS,
							      .maximum = WORKERS,
							      .stack = (size_t)256 * 1024,
							      .quiet = quiet,
							      .arg = round});
	stress_check(error == 0, "weir__pool_start: %d", error);
	stress_threads(PRODUCERS + 1, run, round);
	alive = weir__pool_join(&round->pool, weir_after(STRESS_PATIENCE));
	stress_check(alive == 0, "%u workers did not end", alive);
	stress_check(weir__queue_count(&round->queue) == 0, "something was left behind");
	stress_check(round->lanes[0].count == 0 && round->lanes[1].count == 0, "lanes miscount");
	weir__pool_fini(&round->pool);
	weir__queue_fini(&round->queue);
}

int main(int argc, char **argv)
{
	unsigned long rounds = stress_iterations(argc, argv, 400), jobs = 0, i;

	for (i = 0; i < rounds; i++) {
		struct round *round = calloc(1, sizeof(*round));

		stress_check(round, "no memory");
		play(round);
		jobs += atomic_load(&round->out);
		free(round);
	}
	for (i = WEIR__REFUSAL_FULL; i < WEIR__REFUSAL_COUNT; i++)
		stress_check(atomic_load(&refused_by[i]) > 0, "nothing was refused for %lu", i);
	printf("overload: %lu rounds, %lu jobs, each came out once; refused: %lu full, %lu for "
	       "their lane, %lu displaced, %lu too old, %lu overloaded\n",
	       rounds, jobs, refused_by[1], refused_by[2], refused_by[3], refused_by[4],
	       refused_by[5]);
	return 0;
}
