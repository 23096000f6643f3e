/* work/queue.c: what is refused and who is next in an overloaded queue, by a clock of the test's.
 */
#include <criterion/criterion.h>

#include "letters.h"

TestSuite(queue_overload, .timeout = 60);

static const struct weir__queue_rules codel = {.target = 5 * MS, .interval = 100 * MS};

Test(queue_overload, an_overloaded_queue_refuses_the_late_and_serves_the_newest)
{
	begin(&codel);
	overload(WEIR_SECOND);
	push_all("ab", WEIR_SECOND - 50 * MS);
	push_all("cd", WEIR_SECOND - 10 * MS);
	push_all("efg", WEIR_SECOND - 2 * MS);
	cr_assert(weir__queue_remove(&queue, job_of('y')));

	/* The first of its interval refuses nothing. */
	expect_taken("g", WEIR_SECOND);
	cr_assert_str_empty(refused);
	/* Twice the target is not over it. */
	expect_taken("f", WEIR_SECOND);
	cr_assert_str_eq(refused, "ab");
	cr_assert_eq(job_of('a')->refusal, WEIR__REFUSAL_OVERLOADED);
	expect_taken("e", WEIR_SECOND + MS);
	cr_assert_str_eq(refused, "abcd");
	weir__queue_fini(&queue);
}

Test(queue_overload, a_calm_queue_serves_the_oldest_however_late)
{
	begin(&codel);
	push_all("ab", 0);
	push_all("c", 60 * MS);
	expect_taken("abc", 61 * MS);
	cr_assert_str_empty(refused);
	weir__queue_fini(&queue);
}

Test(queue_overload, a_queue_that_got_empty_is_calm_again)
{
	begin(&codel);
	overload(WEIR_SECOND);
	push_all("a", WEIR_SECOND);
	expect_taken("a", WEIR_SECOND);
	cr_assert(queue.ranks[WEIR_PRIORITY_NORMAL].codel.overloaded);
	cr_assert_eq(take(WEIR_SECOND), 0);
	cr_assert_str_eq(refused, "y");
	push_all("bcd", 2 * WEIR_SECOND);
	expect_taken("bcd", 2 * WEIR_SECOND + 20 * MS);
	cr_assert_str_eq(refused, "y");
	weir__queue_fini(&queue);
}

Test(queue_overload, who_stands_behind_does_not_make_those_before_overloaded)
{
	unsigned late = 0;

	begin(&codel);
	for (weir_time at = 0; at < WEIR_SECOND; at += MS) {
		if (!job_of('a')->queued)
			cr_assert_eq(push('a', WEIR_PRIORITY_LOW, at), 0);
		if (!job_of('b')->queued)
			cr_assert_eq(push('b', WEIR_PRIORITY_LOW, at), 0);
		cr_assert_eq(push('h', WEIR_PRIORITY_HIGH, at), 0);
		cr_assert_eq(push('i', WEIR_PRIORITY_HIGH, at), 0);
		expect_taken("hi", at); /* the oldest first, always */
		late += (unsigned)refused_count;
		refused_count = 0;
	}
	cr_assert_gt(late, 0);
	cr_assert_not(queue.ranks[WEIR_PRIORITY_HIGH].codel.overloaded);
	weir__queue_fini(&queue);
}

Test(queue_overload, the_first_are_never_refused_for_overload)
{
	begin(&codel);
	for (weir_time at = 0; at < WEIR_SECOND; at += 50 * MS) {
		cr_assert_eq(push('a', WEIR_PRIORITY_FIRST, at), 0);
		cr_assert_eq(push('b', WEIR_PRIORITY_FIRST, at), 0);
		cr_assert_eq(push('c', WEIR_PRIORITY_FIRST, at), 0);
		expect_taken("abc", at + 49 * MS);
	}
	cr_assert_str_empty(refused);
	weir__queue_fini(&queue);
}

Test(queue_overload, a_stop_serves_what_is_queued_as_it_came)
{
	begin(&codel);
	overload(WEIR_SECOND);
	push_all("abc", WEIR_SECOND);
	expect_taken("c", WEIR_SECOND);
	weir__queue_settle(&queue);
	expect_taken("yab", WEIR_SECOND + 50 * MS);
	cr_assert_str_empty(refused);
	weir__queue_fini(&queue);
}
