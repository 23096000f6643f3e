/* work/queue.c: priorities, shares and ages, by a clock of the test's. */
#include <criterion/criterion.h>

#include <errno.h>

#include "letters.h"

TestSuite(queue_rules, .timeout = 60);

Test(queue_rules, the_highest_priority_is_first_and_within_it_the_oldest)
{
	begin(NULL);
	cr_assert_eq(push('a', WEIR_PRIORITY_LOW, 0), 0);
	cr_assert_eq(push('b', WEIR_PRIORITY_NORMAL, 1), 0);
	cr_assert_eq(push('c', WEIR_PRIORITY_LOW, 2), 0);
	cr_assert_eq(push('d', WEIR_PRIORITY_HIGH, 3), 0);
	cr_assert_eq(push('e', WEIR_PRIORITY_FIRST, 4), 0);
	cr_assert_eq(push('f', WEIR_PRIORITY_NORMAL, 5), 0);
	cr_assert_eq(push('g', WEIR_PRIORITY_HIGH, 6), 0);
	cr_assert_eq(push('h', WEIR_PRIORITY_FIRST, 7), 0);
	cr_assert_eq(weir__queue_reserve(&queue), 0);
	job_of('i')->priority = WEIR__PRIORITY_PROMISED;
	weir__queue_push_reserved(&queue, job_of('i'));
	expect_taken("ehidgbfac", WEIR_SECOND);
	cr_assert_eq(take(WEIR_SECOND), 0);
	weir__queue_fini(&queue);
}

Test(queue_rules, a_full_queue_makes_room_for_what_is_more_important)
{
	begin(NULL);
	cr_assert_eq(push('a', WEIR_PRIORITY_LOW, 0), 0);
	cr_assert_eq(push('b', WEIR_PRIORITY_LOW, 1), 0);
	push_all("cdefghij", 2);
	cr_assert_eq(push('k', WEIR_PRIORITY_LOW, 3), -ENOSPC);
	cr_assert_eq(job_of('k')->refusal, WEIR__REFUSAL_FULL);
	cr_assert_str_empty(refused);

	/* What would have been taken last. */
	cr_assert_eq(push('l', WEIR_PRIORITY_NORMAL, 3), 0);
	cr_assert_str_eq(refused, "b");
	cr_assert_eq(job_of('b')->refusal, WEIR__REFUSAL_DISPLACED);
	cr_assert_eq(push('m', WEIR_PRIORITY_HIGH, 3), 0);
	cr_assert_str_eq(refused, "ba");
	cr_assert_eq(push('n', WEIR_PRIORITY_NORMAL, 3), -ENOSPC);
	cr_assert_eq(push('o', WEIR_PRIORITY_HIGH, 3), 0);
	cr_assert_str_eq(refused, "bal");
	cr_assert_eq(weir__queue_count(&queue), 10);
	expect_taken("mocdefghij", 4);
	weir__queue_fini(&queue);
}

Test(queue_rules, the_first_have_places_of_their_own_and_not_without_end)
{
	static struct letter many[WEIR__QUEUE_FIRST];

	begin(NULL);
	push_all("abcdefghij", 0);
	for (unsigned i = 0; i < WEIR__QUEUE_FIRST; i++) {
		many[i] = (struct letter){.job = {.ops = &letter_ops,
						  .lane = &lane,
						  .priority = WEIR_PRIORITY_FIRST}};
		cr_assert_eq(weir__queue_push_at(&queue, &many[i].job, START), 0);
	}
	cr_assert_eq(push('k', WEIR_PRIORITY_FIRST, 0), 0); /* by the rule for all: it displaces */
	cr_assert_str_eq(refused, "j");
	cr_assert_eq(weir__queue_length(&queue), 10 + WEIR__QUEUE_FIRST);
	for (char name = 'l'; name < 'l' + 9; name++)
		cr_assert_eq(push(name, WEIR_PRIORITY_FIRST, 0), 0);
	cr_assert_eq(push('v', WEIR_PRIORITY_FIRST, 0), -ENOSPC); /* nobody is less important */
	cr_assert_eq(weir__queue_length(&queue), 10 + WEIR__QUEUE_FIRST);
	weir__queue_fini(&queue);
}

Test(queue_rules, a_lane_has_its_share)
{
	begin(NULL);
	weir__lane_init(&lane, "GET /", 2, 0);
	push_all("ab", 0);
	cr_assert_eq(push('c', WEIR_PRIORITY_HIGH, 0), -EDQUOT);
	cr_assert_eq(job_of('c')->refusal, WEIR__REFUSAL_ROUTE_FULL);
	job_of('d')->lane = NULL;
	push_all("d", 0);
	expect_taken("a", 0);
	push_all("c", 0);
	cr_assert_eq(push('e', WEIR_PRIORITY_NORMAL, 0), -EDQUOT);
	cr_assert(weir__queue_remove(&queue, job_of('b')));
	push_all("e", 0);
	cr_assert_eq(lane.refused[WEIR__REFUSAL_ROUTE_FULL], 2);
	expect_taken("dce", 0);
	weir__queue_fini(&queue);
}

Test(queue_rules, what_is_too_old_is_refused_when_nobody_takes_anything)
{
	static const struct weir__queue_rules rules = {.max_age = 100 * MS};
	static struct weir__lane strict;

	begin(&rules);
	weir__lane_init(&strict, "GET /strict", 0, 20 * MS);
	push_all("ab", 0);
	job_of('c')->lane = &strict;
	job_of('d')->lane = &strict;
	push_all("c", 0);
	push_all("d", 10 * MS);
	weir__queue_expire(&queue, START + 20 * MS);
	cr_assert_str_empty(refused);
	weir__queue_expire(&queue, START + 21 * MS);
	cr_assert_str_eq(refused, "c");
	weir__queue_expire(&queue, START + 31 * MS);
	cr_assert_str_eq(refused, "cd");
	push_all("e", 50 * MS);
	weir__queue_expire(&queue, START + 100 * MS);
	cr_assert_str_eq(refused, "cd");
	weir__queue_expire(&queue, START + 101 * MS);
	cr_assert_str_eq(refused, "cdab");
	cr_assert_eq(job_of('a')->refusal, WEIR__REFUSAL_TOO_OLD);
	cr_assert_eq(weir__queue_length(&queue), 1);
	expect_taken("e", 150 * MS);
	weir__queue_fini(&queue);
}

Test(queue_rules, what_is_too_old_is_not_taken)
{
	static const struct weir__queue_rules rules = {.max_age = 100 * MS};

	begin(&rules);
	push_all("ab", 0);
	push_all("c", 50 * MS);
	expect_taken("c", 120 * MS);
	cr_assert_str_eq(refused, "ab");
	cr_assert_eq(take(120 * MS), 0);
	weir__queue_fini(&queue);
}

Test(queue_rules, a_lane_cannot_have_its_jobs_wait_for_longer_than_the_queue)
{
	static const struct weir__queue_rules rules = {.max_age = 100 * MS};

	begin(&rules);
	weir__lane_init(&lane, "GET /patient", 0, WEIR_SECOND);
	push_all("a", 0);
	weir__queue_expire(&queue, START + 101 * MS);
	cr_assert_str_eq(refused, "a");
	weir__queue_fini(&queue);
}

static unsigned forgotten;

static void forget(struct weir__job *job)
{
	cr_assert_eq(job->refusal, WEIR__REFUSAL_TOO_OLD);
	forgotten++;
}

static const struct weir__job_ops ops_forget = {.refuse = forget};

Test(queue_rules, more_than_one_batch_is_refused_at_once)
{
	enum { many = 500 };
	static const struct weir__queue_rules rules = {.max_age = MS};
	static struct weir__job jobs[many];

	begin(&rules);
	queue.limit = many;
	for (weir_time at = 0; at < 2 * WEIR_SECOND; at += WEIR_SECOND) {
		forgotten = 0;
		for (int i = 0; i < many; i++) {
			jobs[i] = (struct weir__job){.ops = &ops_forget, .lane = &lane};
			cr_assert_eq(weir__queue_push_at(&queue, &jobs[i], START + at), 0);
		}
		if (at == 0)
			weir__queue_expire(&queue, START + 2 * MS);
		else
			cr_assert_eq(take(at + 2 * MS), 0);
		cr_assert_eq(forgotten, many);
		cr_assert_eq(weir__queue_count(&queue), 0);
	}
	weir__queue_fini(&queue);
}

Test(queue_rules, what_nobody_could_take_has_not_waited)
{
	static const struct weir__queue_rules rules = {.max_age = WEIR_SECOND};
	struct weir__queue_view view;

	begin(&rules);
	cr_assert_eq(weir__queue_push(&queue, job_of('a')), 0);
	weir__queue_hold(&queue, true);
	weir__queue_expire(&queue, weir_now() + 3600 * WEIR_SECOND);
	weir__queue_look(&queue, weir_now() + 3600 * WEIR_SECOND, &view);
	cr_assert_lt(view.age, WEIR_SECOND);
	weir__queue_hold(&queue, false);
	cr_assert_str_empty(refused);
	cr_assert_eq(weir__queue_take(&queue), job_of('a'));
	weir__queue_fini(&queue);
}

Test(queue_rules, time_does_not_go_back)
{
	begin(NULL);
	push_all("a", WEIR_SECOND);
	push_all("b", 0);
	cr_assert_eq(job_of('b')->entered, job_of('a')->entered);
	expect_taken("ab", 0);
	cr_assert_eq(job_of('b')->waited, 0);
	weir__queue_fini(&queue);
}

Test(queue_rules, tells_what_is_in_it)
{
	struct weir__queue_view view;
	struct weir__lane_view share;

	begin(NULL);
	weir__queue_look(&queue, START, &view);
	cr_assert_null(view.oldest);
	cr_assert_eq(view.drain_time, 0);
	cr_assert_eq(push('a', WEIR_PRIORITY_LOW, 0), 0);
	push_all("bc", 10 * MS);
	expect_taken("b", 20 * MS);
	weir__queue_look(&queue, START + 40 * MS, &view);
	cr_assert_eq(view.count, 2);
	cr_assert_eq(view.counts[WEIR_PRIORITY_LOW], 1);
	cr_assert_eq(view.counts[WEIR_PRIORITY_NORMAL], 1);
	cr_assert_eq(view.oldest, job_of('a'));
	cr_assert_eq(view.age, 40 * MS);
	cr_assert_eq(view.taken_per_second, 50);
	cr_assert_eq(view.drain_time, 2 * 40 * MS);
	cr_assert_eq(weir__queue_drain_time(&queue, NULL, START + 40 * MS), 80 * MS);
	cr_assert_eq(weir__queue_drain_time(&queue, &lane, START + 40 * MS), 80 * MS);
	weir__lane_look(&queue, &lane, START + 40 * MS, &share);
	cr_assert_eq(share.count, 2);
	cr_assert_eq(share.age, 40 * MS);
	weir__queue_fini(&queue);
}
