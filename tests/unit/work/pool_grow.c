/* work/pool_grow.c: when workers are started, when not, and when they end. */
#include <criterion/criterion.h>

#include <sched.h>
#include <time.h>

#include "crew.h"
#include "support/gate.h"
#include "unit/faults.h"
#include "unit/threads.h"

TestSuite(grow, .timeout = 60);

enum { MOST = 8, JOBS = 12 };

struct scene {
	struct crew crew;
	struct gate gate;
	struct duty duties[JOBS];
	weir_time now;
	unsigned arrived; /* at the gate, and waited for */
};

static unsigned size(struct scene *scene)
{
	return weir__pool_now(&scene->crew.pool);
}

/* `minimum` workers that are blocked, and more jobs that wait. */
static void set_up(struct scene *scene, unsigned minimum, weir_time idle)
{
	gate_init(&scene->gate);
	crew_start_elastic(&scene->crew, minimum, MOST, idle, JOBS);
	for (int i = 0; i < JOBS; i++) {
		duty_init(&scene->duties[i], &scene->crew, false, &scene->gate);
		duty_push(&scene->duties[i]);
		if (i < (int)minimum) {
			weir__pool_kick(&scene->crew.pool);
			gate_await(&scene->gate, 1);
		}
	}
	scene->arrived = minimum;
	scene->now = weir_now();
}

/* A look so much later. */
static void look(struct scene *scene, weir_time later)
{
	scene->now += later;
	weir__pool_grow(&scene->crew.pool, scene->now);
}

static void tear_down(struct scene *scene)
{
	gate_open(&scene->gate, JOBS);
	weir__pool_stop(&scene->crew.pool);
	cr_assert_eq(weir__pool_join(&scene->crew.pool, WEIR_NEVER), 0);
	for (int i = 0; i < JOBS; i++)
		cr_assert_eq(atomic_load(&scene->duties[i].runs), 1, "job %d", i);
	weir__pool_fini(&scene->crew.pool);
	weir__queue_fini(&scene->crew.queue);
	gate_destroy(&scene->gate);
}

/* Blocked, all that there are: so many. */
static void expect(struct scene *scene, unsigned workers)
{
	cr_assert_eq(size(scene), workers, "%u workers", size(scene));
	gate_await(&scene->gate, workers - scene->arrived);
	scene->arrived = workers;
}

Test(grow, one_then_two_then_four_up_to_the_maximum)
{
	static struct scene scene;
	struct weir__pool_size counts;

	set_up(&scene, 2, WEIR_SECOND);
	look(&scene, 100 * WEIR_MILLISECOND);
	expect(&scene, 2); /* there is nothing to compare with yet */
	look(&scene, 100 * WEIR_MILLISECOND);
	expect(&scene, 3);
	look(&scene, 100 * WEIR_MILLISECOND);
	expect(&scene, 5);
	look(&scene, 100 * WEIR_MILLISECOND);
	expect(&scene, MOST);
	look(&scene, 100 * WEIR_MILLISECOND);
	expect(&scene, MOST);
	weir__pool_size(&scene.crew.pool, &counts);
	cr_assert_eq(counts.grown, MOST - 2);
	cr_assert_eq(counts.failed, 0);
	tear_down(&scene);
}

static void burn(weir_time time)
{
	struct timespec used;
	weir_time until = 0;

	do {
		cr_assert_eq(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used), 0);
		if (until == 0)
			until = used.tv_sec * WEIR_SECOND + used.tv_nsec + time;
	} while (used.tv_sec * WEIR_SECOND + used.tv_nsec < until);
}

/* What the process has used since the last look is held against the time that has passed. */
Test(grow, not_while_the_processors_are_in_use)
{
	static struct scene scene;
	cpu_set_t cpus;

	cr_assert_eq(sched_getaffinity(0, sizeof(cpus), &cpus), 0);
	set_up(&scene, 2, WEIR_SECOND);
	look(&scene, 100 * WEIR_MILLISECOND);
	for (int i = 0; i < 3; i++) {
		burn(CPU_COUNT(&cpus) * 10 * WEIR_MILLISECOND);
		look(&scene, 10 * WEIR_MILLISECOND);
		expect(&scene, 2);
	}
	look(&scene, 100 * WEIR_MILLISECOND);
	expect(&scene, 3);
	tear_down(&scene);
}

Test(grow, not_while_nothing_waits_or_somebody_is_free)
{
	struct crew crew;
	struct duty duty;

	crew_start_elastic(&crew, 2, MOST, WEIR_SECOND, JOBS);
	crew.size = 2;
	crew_park(&crew);
	for (int i = 0; i < 3; i++)
		weir__pool_grow(&crew.pool, weir_now() + i * WEIR_SECOND);
	cr_assert_eq(weir__pool_now(&crew.pool), 2);
	duty_init(&duty, &crew, false, NULL);
	duty_push(&duty); /* and nobody is woken */
	for (int i = 3; i < 6; i++)
		weir__pool_grow(&crew.pool, weir_now() + i * WEIR_SECOND);
	cr_assert_eq(weir__pool_now(&crew.pool), 2);
	crew_end(&crew);
}

Test(grow, a_start_that_fails_is_counted_and_tried_again_later)
{
	static struct scene scene;
	struct weir__pool_size counts;

	set_up(&scene, 2, WEIR_SECOND);
	look(&scene, 100 * WEIR_MILLISECOND);
	fault_set(FAULT_THREAD, 0);
	look(&scene, 100 * WEIR_MILLISECOND);
	cr_assert(fault_struck(FAULT_THREAD));
	expect(&scene, 2);
	weir__pool_size(&scene.crew.pool, &counts);
	cr_assert_eq(counts.failed, 1);
	look(&scene, 90 * WEIR_MILLISECOND);
	look(&scene, 9 * WEIR_MILLISECOND);
	expect(&scene, 2);
	look(&scene, WEIR_MILLISECOND);
	look(&scene, 100 * WEIR_MILLISECOND);
	expect(&scene, 3);
	tear_down(&scene);
}

/* Their places are used again. */
Test(grow, who_is_idle_for_long_ends_down_to_the_minimum)
{
	static struct scene scene;
	struct weir__pool_size counts;
	unsigned before = thread_count();

	set_up(&scene, 2, WEIR_MILLISECOND);
	for (unsigned round = 0; round < 20; round++) {
		while (size(&scene) < MOST)
			look(&scene, 100 * WEIR_MILLISECOND);
		gate_open(&scene.gate, JOBS);
		gate_await(&scene.gate, JOBS - scene.arrived);
		thread_await_count(before + 2);
		cr_assert_eq(size(&scene), 2);
		weir__pool_size(&scene.crew.pool, &counts);
		cr_assert_eq(counts.shrunk, (round + 1) * (MOST - 2));
		cr_assert_eq(counts.grown, counts.shrunk);
		for (int i = 0; i < JOBS; i++) {
			cr_assert_eq(atomic_load(&scene.duties[i].runs), 1);
			duty_init(&scene.duties[i], &scene.crew, false, &scene.gate);
			duty_push(&scene.duties[i]);
		}
		weir__pool_kick(&scene.crew.pool);
		gate_await(&scene.gate, 2); /* one wakes the other */
		scene.arrived = 2;
		scene.now = weir_now();
	}
	tear_down(&scene);
}
