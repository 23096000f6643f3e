/* cancel/shield.c: a token for cleanup outlives its parent's trip by its budget, and no longer. */
#include <criterion/criterion.h>

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include <weir/io.h>
#include <weir/token.h>

#include "support/must.h"
#include "support/token.h"
#include "unit/faults.h"

TestSuite(shield, .timeout = 60);

#define SOON (5 * WEIR_MILLISECOND)
#define LATER (3600 * WEIR_SECOND)

static weir_token *make_shield(weir_token *parent, weir_time budget)
{
	weir_token *token = NULL;

	cr_assert_eq(weir_token_create_shield(parent, budget, &token), 0);
	return token;
}

static void cancel(weir_token *token, const char *detail)
{
	cr_assert(weir_token_cancel(token, WEIR_REASON_CLIENT_GONE, detail));
}

Test(shield, wrong_arguments_are_refused)
{
	weir_token *parent = token_make(NULL), *token = NULL;

	cr_assert_eq(weir_token_create_shield(parent, WEIR_SECOND, NULL), -EINVAL);
	cr_assert_eq(weir_token_create_shield(parent, 0, &token), -EINVAL);
	cr_assert_eq(weir_token_create_shield(parent, -1, &token), -EINVAL);
	cr_assert_eq(weir_token_create_shield(parent, WEIR_NEVER, &token), -EINVAL);
	cr_assert_null(token);
	weir_token_unref(parent);
}

Test(shield, without_memory_or_timer_thread_is_refused)
{
	weir_token *parent = token_make(NULL), *token = NULL;

	fault_set(FAULT_MALLOC, 0);
	cr_assert_eq(weir_token_create_shield(parent, WEIR_SECOND, &token), -ENOMEM);
	fault_set(FAULT_THREAD, 0);
	cr_assert_eq(weir_token_create_shield(parent, WEIR_SECOND, &token), -EAGAIN);
	fault_set(FAULT_REALLOC, 0);
	cr_assert_eq(weir_token_create_shield(parent, WEIR_SECOND, &token), -ENOMEM);
	cr_assert_null(token);
	cancel(parent, NULL);
	weir_token_unref(parent);
}

Test(shield, lives_on_with_its_children_when_the_parent_is_tripped)
{
	weir_token *parent = token_make(NULL), *shield = make_shield(parent, LATER);
	weir_token *child = token_make(shield), *sibling = token_make(parent);
	weir_time before, deadline;

	cr_assert_eq(weir_token_deadline(child), WEIR_NEVER);
	before = weir_now();
	cancel(parent, NULL);
	cr_assert_eq(weir_token_check(parent), -ECANCELED);
	cr_assert_eq(weir_token_check(sibling), -ECANCELED);
	cr_assert_eq(weir_token_check(shield), 0);
	cr_assert_eq(weir_token_check(child), 0);
	cr_assert_eq(weir_sleep(child, weir_after(WEIR_MICROSECOND)), 0);
	deadline = weir_token_deadline(child);
	cr_assert_geq(deadline, before + LATER);
	cr_assert_leq(deadline, weir_now() + LATER);
	weir_token_unref(child);
	weir_token_unref(sibling);
	weir_token_unref(shield);
	weir_token_unref(parent);
}

static void check_budget_over(weir_token *shield, weir_time from, const char *detail)
{
	struct weir_cause cause;

	cr_assert_eq(weir_token_wait(shield, weir_after(MUST_PATIENCE)), -ECANCELED);
	cr_assert_eq(weir_token_cause(shield, &cause), 0);
	cr_assert_eq(cause.reason, WEIR_REASON_CLIENT_GONE);
	cr_assert_str_eq(cause.detail, detail);
	cr_assert_not_null(strstr(cause.file, "shield.c"));
	cr_assert_gt(cause.line, 0);
	cr_assert_geq(cause.when, from + SOON);
}

Test(shield, is_tripped_with_the_parents_cause_when_its_budget_is_over)
{
	weir_token *parent = token_make(NULL), *shield = make_shield(parent, SOON);
	weir_token *child = token_make(shield);
	weir_time from = weir_now();
	int fd = weir_token_fd(child);

	cancel(parent, "gone");
	check_budget_over(shield, from, "cleanup budget over: gone");
	check_budget_over(child, from, "cleanup budget over: gone");
	/* Those who wait are woken before it is written. */
	cr_assert(must_poll(fd, POLLIN, weir_after(MUST_PATIENCE)));
	weir_token_unref(child);
	weir_token_unref(shield);
	weir_token_unref(parent);
}

Test(shield, a_long_detail_is_cut)
{
	weir_token *parent = token_make(NULL), *shield = make_shield(parent, SOON);
	char longest[WEIR_DETAIL_SIZE] = "", expected[WEIR_DETAIL_SIZE] = "cleanup budget over: ";
	weir_time from = weir_now();

	memset(longest, 'x', sizeof(longest) - 1);
	memset(expected + strlen(expected), 'x', sizeof(expected) - 1 - strlen(expected));
	cancel(parent, longest);
	check_budget_over(shield, from, expected);
	weir_token_unref(shield);
	weir_token_unref(parent);
}

Test(shield, of_a_tripped_parent_has_its_budget_from_birth)
{
	weir_token *parent = token_make(NULL), *shield;
	weir_time from;

	cancel(parent, NULL);
	from = weir_now();
	shield = make_shield(parent, SOON);
	check_budget_over(shield, from, "cleanup budget over");
	weir_token_unref(shield);
	shield = make_shield(parent, LATER);
	cr_assert_eq(weir_token_check(shield), 0);
	weir_token_unref(shield);
	weir_token_unref(parent);
}

Test(shield, a_trip_from_further_up_starts_the_budget_too)
{
	weir_token *root = token_make(NULL), *middle = token_make(root),
		   *shield = make_shield(middle, SOON);
	weir_time from = weir_now();

	cancel(root, NULL);
	check_budget_over(shield, from, "cleanup budget over");
	weir_token_unref(shield);
	weir_token_unref(middle);
	weir_token_unref(root);
}

Test(shield, a_second_trip_above_changes_nothing)
{
	weir_token *root = token_make(NULL), *middle = token_make(root),
		   *shield = make_shield(middle, LATER);
	weir_time deadline;

	cancel(middle, NULL);
	deadline = weir_token_deadline(shield);
	cancel(root, NULL);
	cr_assert_not(weir_token_cancel(middle, WEIR_REASON_USER, NULL));
	cr_assert_eq(weir_token_check(shield), 0);
	cr_assert_eq(weir_token_deadline(shield), deadline);
	weir_token_unref(shield);
	weir_token_unref(middle);
	weir_token_unref(root);
}

Test(shield, cancelling_it_needs_no_budget)
{
	weir_token *parent = token_make(NULL), *shield = make_shield(parent, LATER);
	struct weir_cause cause;

	cr_assert(weir_token_cancel(shield, WEIR_REASON_REQUESTED, "mine"));
	cancel(parent, NULL);
	cr_assert_eq(weir_token_cause(shield, &cause), 0);
	cr_assert_eq(cause.reason, WEIR_REASON_REQUESTED);
	cr_assert_str_eq(cause.detail, "mine");
	cr_assert_eq(weir_token_check(parent), -ECANCELED);
	weir_token_unref(shield);
	weir_token_unref(parent);
}

Test(shield, its_own_deadline_trips_it_with_that_reason)
{
	for (int parent_first = 0; parent_first < 2; parent_first++) {
		weir_token *parent = token_make(NULL), *shield = make_shield(parent, LATER);

		if (parent_first)
			cancel(parent, NULL);
		cr_assert_eq(weir_token_set_deadline(shield, weir_after(SOON)), 0);
		cr_assert_eq(weir_token_wait(shield, weir_after(MUST_PATIENCE)), -ECANCELED);
		cr_assert_eq(weir_token_reason(shield), WEIR_REASON_DEADLINE);
		cr_assert_eq(weir_token_check(parent), parent_first ? -ECANCELED : 0);
		weir_token_unref(shield);
		weir_token_unref(parent);
	}
}

Test(shield, no_deadline_extends_the_budget)
{
	const weir_time later[] = {weir_after(2 * LATER), WEIR_NEVER};

	for (size_t i = 0; i < 4; i++) {
		weir_token *parent = token_make(NULL), *shield = make_shield(parent, SOON);
		weir_time from = weir_now();

		if (i & 1)
			cancel(parent, NULL);
		cr_assert_eq(weir_token_set_deadline(shield, later[i / 2]), 0);
		if (!(i & 1))
			cancel(parent, NULL);
		check_budget_over(shield, from, "cleanup budget over");
		weir_token_unref(shield);
		weir_token_unref(parent);
	}
}

Test(shield, a_deadline_above_counts_with_the_budget_added)
{
	weir_time when = weir_after(LATER);
	weir_token *parent = token_make(NULL), *shield = make_shield(parent, WEIR_SECOND);
	weir_token *inner = make_shield(shield, 2 * WEIR_SECOND), *leaf = token_make(inner);

	cr_assert_eq(weir_token_set_deadline(parent, when), 0);
	cr_assert_eq(weir_token_deadline(shield), when + WEIR_SECOND);
	cr_assert_eq(weir_token_deadline(leaf), when + 3 * WEIR_SECOND);
	cr_assert_eq(weir_token_set_deadline(shield, when), 0);
	cr_assert_eq(weir_token_deadline(leaf), when + 2 * WEIR_SECOND);
	cr_assert_eq(weir_token_set_deadline(leaf, when), 0);
	cr_assert_eq(weir_token_deadline(leaf), when);
	cr_assert_eq(weir_token_set_deadline(parent, WEIR_NEVER - 1), 0);
	cr_assert_eq(weir_token_set_deadline(shield, WEIR_NEVER), 0);
	cr_assert_eq(weir_token_deadline(shield), WEIR_NEVER);
	weir_token_unref(leaf);
	weir_token_unref(inner);
	weir_token_unref(shield);
	weir_token_unref(parent);
}

Test(shield, shields_in_shields_add_up)
{
	weir_token *parent = token_make(NULL), *outer = make_shield(parent, SOON);
	weir_token *inner = make_shield(outer, SOON);
	struct weir_cause cause;
	weir_time from = weir_now();

	cancel(parent, NULL);
	check_budget_over(outer, from, "cleanup budget over");
	cr_assert_eq(weir_token_wait(inner, weir_after(MUST_PATIENCE)), -ECANCELED);
	cr_assert_eq(weir_token_cause(inner, &cause), 0);
	cr_assert_geq(cause.when, from + 2 * SOON);
	weir_token_unref(inner);
	weir_token_unref(outer);
	weir_token_unref(parent);
}

/* Whatever memory there is by then: a stop must not depend on it. */
Test(shield, a_trip_needs_no_memory_for_it)
{
	enum { COUNT = 200 };
	static weir_token *shields[COUNT];
	weir_token *parent = token_make(NULL);

	for (size_t i = 0; i < COUNT; i++)
		shields[i] = make_shield(parent, SOON);
	fault_set(FAULT_MALLOC, 0);
	fault_set(FAULT_REALLOC, 0);
	cancel(parent, NULL);
	for (size_t i = 0; i < COUNT; i++)
		cr_assert_eq(weir_token_wait(shields[i], weir_after(MUST_PATIENCE)), -ECANCELED);
	cr_assert_not(fault_struck(FAULT_MALLOC));
	cr_assert_not(fault_struck(FAULT_REALLOC));
	for (size_t i = 0; i < COUNT; i++)
		weir_token_unref(shields[i]);
	weir_token_unref(parent);
}

Test(shield, keeps_its_parent_and_is_plain_without_one)
{
	weir_token *parent = token_make(NULL), *shield = make_shield(parent, LATER), *plain, *child;

	weir_token_unref(parent);
	cancel(parent, NULL); /* the shield's reference */
	cr_assert_eq(weir_token_check(shield), 0);
	weir_token_unref(shield);

	plain = make_shield(NULL, LATER);
	child = token_make(plain);
	cr_assert_eq(weir_token_deadline(child), WEIR_NEVER);
	cancel(plain, NULL);
	cr_assert_eq(weir_token_check(child), -ECANCELED);
	weir_token_unref(child);
	weir_token_unref(plain);
}
