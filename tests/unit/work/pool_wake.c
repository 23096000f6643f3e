/* work/pool.c: nudges: a queue that does not move wakes one worker, then two, then four.
 *
 * What is queued here says that it is brief and is not, so a worker that takes one wakes
 * nobody, and the number of jobs that have begun is the number of workers that were woken.
 * To nudge more than once without the queue moving, the test holds the queue's lock: woken
 * workers wait for it, and take their jobs when the test lets it go.
 */
#include <criterion/criterion.h>

#include "crew.h"
#include "support/must.h"

TestSuite(wake, .timeout = 60);

enum { WORKERS = 12 };

struct jam {
	struct crew crew;
	struct duty duties[WORKERS];
};

static struct gate gate; /* a worker may still be leaving it when a test has gone on */

static void jam_make(struct jam *jam)
{
	gate_init(&gate);
	crew_start(&jam->crew, WORKERS, WORKERS);
	crew_park(&jam->crew);
	weir__pool_nudge(&jam->crew.pool); /* sees where the queue stands */
	for (unsigned i = 0; i < WORKERS; i++) {
		duty_init(&jam->duties[i], &jam->crew, true, &gate);
		duty_push(&jam->duties[i]);
	}
}

static void nudge_while_jammed(struct jam *jam, unsigned nudges)
{
	must(pthread_mutex_lock(&jam->crew.queue.lock) == 0, "cannot lock");
	while (nudges-- > 0)
		weir__pool_nudge(&jam->crew.pool);
	must(pthread_mutex_unlock(&jam->crew.queue.lock) == 0, "cannot unlock");
}

/* Exactly so many have begun, and everyone else sleeps on. */
static void check_woken(struct jam *jam, unsigned expected)
{
	gate_await(&gate, expected);
	crew_await_asleep(&jam->crew);
	cr_assert_eq(gate_arrivals(&gate), expected, "%u woken", gate_arrivals(&gate));
}

static void jam_end(struct jam *jam)
{
	gate_open(&gate, WORKERS);
	crew_end(&jam->crew);
	for (unsigned i = 0; i < WORKERS; i++)
		cr_assert_eq(atomic_load(&jam->duties[i].runs), 1);
}

static void check_nudges(unsigned nudges, unsigned expected)
{
	struct jam jam;

	jam_make(&jam);
	nudge_while_jammed(&jam, nudges);
	check_woken(&jam, expected);
	jam_end(&jam);
}

Test(wake, a_first_nudge_wakes_one)
{
	check_nudges(1, 1);
}

Test(wake, a_second_wakes_two_more)
{
	check_nudges(2, 1 + 2);
}

Test(wake, a_third_wakes_four_more)
{
	check_nudges(3, 1 + 2 + 4);
}

Test(wake, a_fourth_wakes_the_rest)
{
	check_nudges(4, WORKERS);
}

Test(wake, nudges_without_end_wake_no_more_than_there_are)
{
	check_nudges(1000, WORKERS);
}

Test(wake, a_queue_that_moved_wakes_nobody_and_begins_anew)
{
	struct jam jam;

	jam_make(&jam);
	nudge_while_jammed(&jam, 2);
	check_woken(&jam, 3);
	/* three were taken since the last look */
	weir__pool_nudge(&jam.crew.pool);
	crew_await_asleep(&jam.crew);
	cr_assert_eq(gate_arrivals(&gate), 3);
	nudge_while_jammed(&jam, 1);
	gate_await(&gate, 1);
	crew_await_asleep(&jam.crew);
	cr_assert_eq(gate_arrivals(&gate), 4);
	jam_end(&jam);
}

Test(wake, an_empty_queue_wakes_nobody)
{
	struct crew crew;

	crew_start(&crew, 3, 3);
	crew_park(&crew);
	for (int i = 0; i < 100; i++)
		weir__pool_nudge(&crew.pool);
	crew_await_asleep(&crew);
	cr_assert_eq(atomic_load(&crew.quiets), 0);
	crew_end(&crew);
}

/* Nothing was ever taken from this queue, and nobody kicks: the first nudge must do. */
Test(wake, a_nudge_is_enough_for_a_pool_that_has_never_run_anything)
{
	struct crew crew;
	struct duty duty;

	gate_init(&gate);
	crew_start(&crew, 2, 2);
	while (atomic_load(&crew.quiets) < 2)
		;
	duty_init(&duty, &crew, false, &gate);
	duty_push(&duty);
	for (int i = 0; i < 3; i++)
		weir__pool_nudge(&crew.pool);
	gate_await(&gate, 1);
	gate_open(&gate, 1);
	crew_end(&crew);
}
