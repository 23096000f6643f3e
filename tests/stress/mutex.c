/* stress/mutex.c: weir_mutex, by threads whose waits a token or a time ends at random.
 *
 * Now and then one waits for a mutex that nobody gives back, until its token is tripped.
 * Invariants: one thread at a time is inside, and sees what the one before it wrote (plain
 * memory: ThreadSanitizer looks, too); every outcome has its reason; no thread waits for ever;
 * in the end the mutex is as if it had never been used.
 */
#include <sched.h>
#include <stdio.h>

#include <weir/sync.h>

#include "stress/bounds.h"

enum { THREADS = 4 };

static struct {
	unsigned long each;
	struct tripper tripper;
	atomic_uint working;
	weir_mutex mutex;

	/* under the mutex */
	unsigned long entered;
	unsigned inside; /* the thread that is, or 0 */
} world;

static void stay_inside(unsigned number, struct stress_random *random)
{
	stress_check(world.inside == 0, "thread %u is inside", world.inside);
	world.inside = number + 1;
	world.entered++;
	switch (stress_random_below(random, 32)) {
	case 0: /* long enough for others to queue up, and to be given the mutex */
		for (weir_time until = weir_after(50 * WEIR_MICROSECOND); weir_now() < until;)
			(void)sched_yield();
		break;
	case 1:
		(void)sched_yield();
		break;
	default:
		break;
	}
	stress_check(world.inside == number + 1, "thread %u has come in", world.inside);
	world.inside = 0;
}

/* Nobody gives this one back: only a trip ends the wait. */
static void wait_in_vain(struct bounds *bounds, struct stress_random *random)
{
	static weir_mutex held = WEIR_MUTEX_INITIALIZER;

	(void)weir_mutex_trylock(&held);
	bounds_draw_trip(bounds, random);
	stress_check(!bounds_judge(bounds, weir_mutex_lock(&held, bounds->token, bounds->until)),
		     "two hold it");
}

static void work(unsigned number, struct stress_random *random)
{
	struct bounds *bounds = &world.tripper.of[number];

	for (unsigned long i = 0; i < world.each; i++) {
		bool locked;

		if (stress_random_below(random, 32) == 0)
			wait_in_vain(bounds, random);
		if (stress_random_below(random, 8) == 0) {
			locked = weir_mutex_trylock(&world.mutex);
			bounds->done += locked;
		} else {
			bounds_draw(bounds, random);
			locked = bounds_judge(bounds, weir_mutex_lock(&world.mutex, bounds->token,
								      bounds->until));
		}
		if (!locked)
			continue;
		stay_inside(number, random);
		weir_mutex_unlock(&world.mutex);
	}
	if (atomic_fetch_sub(&world.working, 1) == 1)
		atomic_store(&world.tripper.over, true);
}

static void run(void *arg, unsigned number)
{
	struct stress_random random;

	(void)arg;
	stress_random_init(&random, number);
	if (number < THREADS)
		work(number, &random);
	else
		tripper_run(&world.tripper, &random);
}

int main(int argc, char **argv)
{
	const struct bounds *sum = &world.tripper.of[0];

	world.each = (stress_iterations(argc, argv, 400000) + THREADS - 1) / THREADS;
	tripper_init(&world.tripper, THREADS);
	atomic_store(&world.working, THREADS);
	stress_threads(THREADS + 1, run, NULL);
	tripper_end(&world.tripper);
	stress_check(world.entered == sum->done, "entered %lu times, not %lu", world.entered,
		     sum->done);
	stress_check(world.mutex.weir__state == 0, "left in state %u", world.mutex.weir__state);
	printf("mutex: %lu times locked, %lu timed out, %lu cancelled, no wakeup lost\n", sum->done,
	       sum->timed_out, sum->canceled);
	return 0;
}
