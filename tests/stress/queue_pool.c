/* stress/queue_pool.c: every job runs or is taken out, exactly once.
 *
 * In each round a pool of random size is fed by producers with bursts of brief and of
 * longer jobs; each burst is followed by one kick, some jobs are taken out again, and in
 * half of the rounds somebody nudges. Then either the round waits until the queue has run
 * dry by itself (a wakeup that was lost would leave it standing), or it stops the pool at a
 * random moment and takes what is left.
 */
#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "stress/stress.h"
#include "work/pool.h"

enum { PRODUCERS = 2, JOBS = 400, LIMIT = 64, MAX_WORKERS = 8 };

struct counted {
	struct weir__job job;
	struct round *round;
	_Atomic unsigned out; /* run or taken */
};

struct round {
	struct weir__queue queue;
	struct weir__pool pool;
	struct counted jobs[PRODUCERS][JOBS];
	bool nudged, stopped_early;
	_Atomic unsigned pushed, out, producing;
	_Atomic bool stop; /* the producers should give up */
	unsigned stop_after;
};

static void leave(struct counted *counted)
{
	stress_check(atomic_fetch_add(&counted->out, 1) == 0, "a job came out twice");
	atomic_fetch_add(&counted->round->out, 1);
}

static void run_job(struct weir__job *job)
{
	struct counted *counted = weir__container(job, struct counted, job);
	unsigned worker = atomic_load_explicit(&job->worker, memory_order_relaxed);

	stress_check(worker > 0 && worker <= counted->round->pool.slots, "worker %u", worker);
	if (!job->brief)
		(void)sched_yield();
	leave(counted);
}

static void quiet(void *arg)
{
	struct round *round = arg;

	stress_check(atomic_load(&round->out) <= PRODUCERS * JOBS, "more than there are");
}

static const struct weir__job_ops ops = {.run = run_job};

static bool push(struct round *round, struct counted *counted)
{
	while (weir__queue_push(&round->queue, &counted->job) != 0) {
		if (atomic_load(&round->stop))
			return false;
		(void)sched_yield();
	}
	atomic_fetch_add(&round->pushed, 1);
	return true;
}

static void produce(struct round *round, unsigned number, struct stress_random *random)
{
	struct counted *jobs = round->jobs[number];
	unsigned next = 0;

	while (next < JOBS && !atomic_load(&round->stop)) {
		unsigned burst = 1 + stress_random_below(random, 20);
		unsigned mix = stress_random_below(random, 4);

		for (; burst > 0 && next < JOBS; burst--, next++) {
			jobs[next].round = round;
			jobs[next].job.ops = &ops;
			jobs[next].job.brief = stress_random_below(random, 4) < mix;
			if (!push(round, &jobs[next]))
				break;
		}
		weir__pool_kick(&round->pool);
		if (next > 0 && stress_random_below(random, 4) == 0) {
			struct counted *victim = &jobs[stress_random_below(random, next)];

			if (weir__queue_remove(&round->queue, &victim->job))
				leave(victim);
		}
	}
	atomic_fetch_sub(&round->producing, 1);
}

/* The part of the acceptor that nudges, and of the one that stops. */
static void manage(struct round *round)
{
	weir_time until = weir_after(STRESS_PATIENCE);

	for (;;) {
		bool over = atomic_load(&round->producing) == 0;
		unsigned out = atomic_load(&round->out);

		if (round->stopped_early && (over || out >= round->stop_after))
			break;
		if (over && out == atomic_load(&round->pushed))
			break;
		stress_check(weir_now() < until, "stuck: %u of %u came out, %u queued", out,
			     atomic_load(&round->pushed), weir__queue_length(&round->queue));
		if (round->nudged)
			weir__pool_nudge(&round->pool);
		weir__pool_grow(&round->pool, weir_now());
		(void)sched_yield();
	}
	weir__pool_stop(&round->pool);
	atomic_store(&round->stop, true);
}

static void run(void *arg, unsigned number)
{
	struct round *round = arg;
	struct stress_random random;

	if (number == PRODUCERS) {
		manage(round);
		return;
	}
	stress_random_init(&random, number + atomic_load(&round->pushed));
	produce(round, number, &random);
}

static void play(struct round *round, struct stress_random *random)
{
	unsigned workers = 1 + stress_random_below(random, MAX_WORKERS);
	struct weir__pool_options options = {.queue = &round->queue,
					     .idle = 100 * WEIR_MICROSECOND,
					     .stack = (size_t)256 * 1024,
					     .quiet = quiet,
					     .arg = round};
	struct weir__job *left;
	unsigned alive;
	int error;

	round->nudged = stress_random_below(random, 2);
	round->stopped_early = stress_random_below(random, 2);
	round->stop_after = stress_random_below(random, PRODUCERS * JOBS);
	atomic_store(&round->producing, PRODUCERS);
	error = weir__queue_init(&round->queue, LIMIT);
	stress_check(error == 0, "weir__queue_init: %d", error);
	options.maximum = workers;
	options.minimum = 1 + stress_random_below(random, workers);
	error = weir__pool_start(&round->pool, &options);
	stress_check(error == 0, "weir__pool_start: %d", error);
	stress_threads(PRODUCERS + 1, run, round);
	alive = weir__pool_join(&round->pool, weir_after(STRESS_PATIENCE));
	stress_check(alive == 0, "%u workers did not end", alive);
	while ((left = weir__queue_take(&round->queue))) {
		stress_check(round->stopped_early, "a job was left behind");
		leave(weir__container(left, struct counted, job));
	}
	stress_check(atomic_load(&round->out) == atomic_load(&round->pushed), "%u of %u came out",
		     atomic_load(&round->out), atomic_load(&round->pushed));
	weir__pool_fini(&round->pool);
	weir__queue_fini(&round->queue);
}

int main(int argc, char **argv)
{
	struct stress_random random;
	weir_time until = stress_until(argc);
	unsigned long rounds = stress_iterations(argc, argv, 1000), jobs = 0, i;

	stress_random_init(&random, MAX_WORKERS);
	for (i = 0; i < rounds && weir_now() < until; i++) {
		struct round *round = calloc(1, sizeof(*round));

		stress_check(round, "no memory");
		play(round, &random);
		jobs += atomic_load(&round->out);
		free(round);
	}
	printf("queue_pool: %lu rounds, %lu jobs, each came out once\n", i, jobs);
	return 0;
}
