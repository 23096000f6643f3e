/* work/codel.c: when a queue counts as overloaded, by a clock of the test's. */
#include <criterion/criterion.h>

#include "work/codel.h"

#define MS WEIR_MILLISECOND
#define LATE (10 * MS) /* twice the target */

TestSuite(codel, .timeout = 60);

static void begin(struct weir__codel *codel)
{
	weir__codel_init(codel, 5 * MS, 100 * MS);
}

/* Dequeues from one point in time up to another, not included, each millisecond. */
static void dequeue(struct weir__codel *codel, weir_time from, weir_time until, weir_time wait)
{
	for (; from < until; from += MS)
		(void)weir__codel_dequeue(codel, from, wait);
}

Test(codel, a_burst_is_no_overload)
{
	struct weir__codel codel;

	begin(&codel);
	for (weir_time now = MS; now < 100 * MS; now += MS)
		cr_assert_eq(weir__codel_dequeue(&codel, now, 99 * MS - now), WEIR_NEVER);
	cr_assert_not(codel.overloaded);
	cr_assert_eq(weir__codel_dequeue(&codel, 101 * MS, 0), WEIR_NEVER);
	cr_assert_not(codel.overloaded);
}

Test(codel, a_queue_that_stands_for_an_interval_is)
{
	struct weir__codel codel;

	begin(&codel);
	dequeue(&codel, MS, 101 * MS, 6 * MS);
	cr_assert_not(codel.overloaded);
	cr_assert_eq(weir__codel_dequeue(&codel, 101 * MS, 6 * MS), WEIR_NEVER);
	cr_assert(codel.overloaded);
	cr_assert_eq(weir__codel_dequeue(&codel, 102 * MS, 6 * MS), LATE);
}

Test(codel, a_wait_of_just_the_target_is_good)
{
	struct weir__codel codel;

	begin(&codel);
	dequeue(&codel, MS, 101 * MS, 5 * MS);
	(void)weir__codel_dequeue(&codel, 101 * MS, 5 * MS);
	cr_assert_not(codel.overloaded);
}

Test(codel, the_first_of_each_interval_refuses_nothing)
{
	struct weir__codel codel;
	unsigned spared = 0;

	begin(&codel);
	dequeue(&codel, MS, 101 * MS, 50 * MS);
	for (weir_time now = 101 * MS; now < 1101 * MS; now += MS)
		spared += weir__codel_dequeue(&codel, now, 50 * MS) == WEIR_NEVER;
	cr_assert_eq(spared, 10);
	cr_assert(codel.overloaded);
}

Test(codel, where_each_dequeue_is_an_interval_s_first_nothing_is_refused)
{
	struct weir__codel codel;

	begin(&codel);
	for (weir_time now = MS; now < 100 * WEIR_SECOND; now += 200 * MS)
		cr_assert_eq(weir__codel_dequeue(&codel, now, WEIR_SECOND), WEIR_NEVER);
	cr_assert(codel.overloaded);
}

Test(codel, one_good_wait_in_an_interval_ends_it)
{
	struct weir__codel codel;

	begin(&codel);
	dequeue(&codel, MS, 101 * MS, 50 * MS);
	dequeue(&codel, 101 * MS, 150 * MS, 50 * MS);
	cr_assert_eq(weir__codel_dequeue(&codel, 150 * MS, MS), LATE);
	dequeue(&codel, 151 * MS, 201 * MS, 50 * MS);
	cr_assert(codel.overloaded);
	cr_assert_eq(weir__codel_dequeue(&codel, 201 * MS, 50 * MS), WEIR_NEVER);
	cr_assert_not(codel.overloaded);
	cr_assert_eq(weir__codel_dequeue(&codel, 202 * MS, 50 * MS), WEIR_NEVER);
}

/* Serves and refuses for an interval from `from` on, with a short wait once. */
static void pass(struct weir__codel *codel, weir_time from, unsigned served, unsigned refused)
{
	(void)weir__codel_dequeue(codel, from, MS);
	while (served-- > 0)
		weir__codel_serve(codel);
	while (refused-- > 0)
		weir__codel_refuse(codel);
}

Test(codel, refusing_does_not_make_it_calm)
{
	struct weir__codel codel;

	begin(&codel);
	dequeue(&codel, MS, 101 * MS, 50 * MS);
	pass(&codel, 101 * MS, 80, 11);
	pass(&codel, 201 * MS, 0, 1);
	cr_assert(codel.overloaded);
	pass(&codel, 301 * MS, 80, 10);
	cr_assert(codel.overloaded);
	pass(&codel, 401 * MS, 80, 10);
	cr_assert_not(codel.overloaded);
}

Test(codel, what_was_empty_for_an_interval_is_calm)
{
	struct weir__codel codel;

	begin(&codel);
	dequeue(&codel, MS, 102 * MS, 50 * MS);
	weir__codel_refill(&codel, 250 * MS, 151 * MS);
	cr_assert(codel.overloaded);
	weir__codel_refill(&codel, 250 * MS, 150 * MS);
	cr_assert_not(codel.overloaded);
	cr_assert_eq(weir__codel_dequeue(&codel, 250 * MS, 50 * MS), WEIR_NEVER);
	cr_assert_eq(weir__codel_dequeue(&codel, 251 * MS, 50 * MS), WEIR_NEVER);
	cr_assert_not(codel.overloaded);
}

Test(codel, target_and_interval_are_what_was_set)
{
	struct weir__codel codel;

	weir__codel_init(&codel, 40 * MS, WEIR_SECOND);
	dequeue(&codel, MS, 1001 * MS, 41 * MS);
	cr_assert_not(codel.overloaded);
	(void)weir__codel_dequeue(&codel, 1001 * MS, 41 * MS);
	cr_assert(codel.overloaded);
	cr_assert_eq(weir__codel_dequeue(&codel, 1002 * MS, 41 * MS), 80 * MS);
}

Test(codel, without_a_target_there_is_no_overload)
{
	struct weir__codel codel;

	weir__codel_init(&codel, 0, 0);
	for (weir_time now = MS; now < WEIR_SECOND; now += MS)
		cr_assert_eq(weir__codel_dequeue(&codel, now, WEIR_SECOND), WEIR_NEVER);
	cr_assert_not(codel.overloaded);
}
