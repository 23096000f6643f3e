/* cancel/gap.h and look.c: the longest time between two looks, with a tick that the test drives. */
#include <criterion/criterion.h>

#include <weir/io.h>

#include "base/tick.h"
#include "cancel/token.h"
#include "support/must.h"

TestSuite(gap, .timeout = 60);

static weir_token *make(weir_token *parent, struct weir__gap *gap)
{
	weir_token *token = NULL;

	cr_assert_eq(weir_token_create(parent, WEIR_NEVER, &token), 0);
	if (gap) {
		weir__token_set_gap(token, gap);
		if (weir__tick_now() == 0)
			weir__tick_update(weir_now());
		weir__gap_reset(gap, weir__tick_now());
	}
	return token;
}

/* The clock of those who look: far ahead of the real one, which does not move it then. */
static void pass(weir_time duration)
{
	weir__tick_update(weir__tick_now() + duration);
}

static void look_after(const weir_token *token, weir_time duration)
{
	pass(duration);
	cr_assert_eq(weir_token_check(token), 0);
}

static weir_time longest(const struct weir__gap *gap)
{
	return weir__gap_at(gap, weir__tick_now());
}

Test(gap, is_the_longest_between_two_looks)
{
	struct weir__gap gap;
	weir_token *token = make(NULL, &gap);

	cr_assert_eq(longest(&gap), 0);
	cr_assert_not(weir__gap_looked(&gap));
	look_after(token, 3 * WEIR_SECOND);
	cr_assert_eq(longest(&gap), 3 * WEIR_SECOND, "from the reset to the first look");
	cr_assert(weir__gap_looked(&gap));
	look_after(token, 1 * WEIR_SECOND);
	cr_assert_eq(longest(&gap), 3 * WEIR_SECOND);
	look_after(token, 5 * WEIR_SECOND);
	cr_assert_eq(longest(&gap), 5 * WEIR_SECOND);
	pass(2 * WEIR_SECOND);
	cr_assert_eq(longest(&gap), 5 * WEIR_SECOND);
	pass(4 * WEIR_SECOND);
	cr_assert_eq(longest(&gap), 6 * WEIR_SECOND, "from the last look to the end");
	weir_token_unref(token);
}

Test(gap, of_a_token_that_nobody_looks_at_is_open)
{
	struct weir__gap gap;
	weir_token *token = make(NULL, &gap);

	pass(7 * WEIR_SECOND);
	cr_assert_eq(longest(&gap), 7 * WEIR_SECOND);
	cr_assert_not(weir__gap_looked(&gap));
	weir_token_unref(token);
}

Test(gap, ends_with_a_look_at_what_is_beneath_or_linked)
{
	struct weir__gap gap;
	weir_token *token = make(NULL, &gap), *child = make(token, NULL), *other = make(NULL, NULL);
	weir_token *linked, *grandchild = make(child, NULL);

	cr_assert_eq(weir_token_create_linked((weir_token *[]){other, token}, 2, &linked), 0);
	look_after(child, 2 * WEIR_SECOND);
	look_after(grandchild, 2 * WEIR_SECOND);
	look_after(linked, 2 * WEIR_SECOND);
	look_after(token, 2 * WEIR_SECOND);
	cr_assert_eq(longest(&gap), 2 * WEIR_SECOND);
	look_after(other, 2 * WEIR_SECOND);
	look_after(token, 2 * WEIR_SECOND);
	cr_assert_eq(longest(&gap), 4 * WEIR_SECOND, "a look elsewhere is none");
	weir_token_unref(grandchild);
	weir_token_unref(linked);
	weir_token_unref(other);
	weir_token_unref(child);
	weir_token_unref(token);
}

Test(gap, does_not_end_with_a_look_at_a_shield)
{
	struct weir__gap gap;
	weir_token *token = make(NULL, &gap), *shield, *child;

	cr_assert_eq(weir_token_create_shield(token, WEIR_SECOND, &shield), 0);
	child = make(shield, NULL);
	look_after(shield, 2 * WEIR_SECOND);
	look_after(child, 2 * WEIR_SECOND);
	look_after(token, 2 * WEIR_SECOND);
	cr_assert_eq(longest(&gap), 6 * WEIR_SECOND);
	weir_token_unref(child);
	weir_token_unref(shield);
	weir_token_unref(token);
}

/* Waits are on the real clock: what the test lets pass is seen as gaps or not. */
static void sleep_through(weir_token *token, const struct weir__gap *gap)
{
	weir_time before = weir_now(), around;

	cr_assert_eq(weir_sleep(token, weir_after(50 * WEIR_MILLISECOND)), 0);
	around = weir_now() - before;
	cr_assert_geq(around, 50 * WEIR_MILLISECOND);
	cr_assert_lt(weir__gap_at(gap, weir_now()), around - 40 * WEIR_MILLISECOND, "%lld of %lld",
		     (long long)weir__gap_at(gap, weir_now()), (long long)around);
	cr_assert(weir__gap_looked(gap));
}

Test(gap, is_not_what_a_blocking_call_takes)
{
	struct weir__gap gap;
	weir_token *token = make(NULL, &gap);

	weir__gap_reset(&gap, weir_now());
	sleep_through(token, &gap);
	weir_token_unref(token);
}

Test(gap, is_not_open_while_a_call_waits)
{
	struct weir__gap gap;
	weir_token *token = make(NULL, &gap);
	weir_time now = weir_now();

	weir__gap_reset(&gap, now);
	weir__token_wait_begin(token, "outer");
	weir__token_wait_begin(token, "inner");
	weir__token_wait_end(token);
	cr_assert(weir__gap_waits(&gap));
	cr_assert_lt(weir__gap_at(&gap, now + 3600 * WEIR_SECOND), MUST_PATIENCE);
	weir__token_wait_end(token);
	cr_assert_not(weir__gap_waits(&gap));
	cr_assert_geq(weir__gap_at(&gap, now + 3600 * WEIR_SECOND),
		      3600 * WEIR_SECOND - MUST_PATIENCE);
	weir_token_unref(token);
}

Test(gap, of_a_thread_ends_with_a_wait_for_a_shared_token)
{
	struct weir__gap gap;
	weir_token *shared = make(NULL, NULL);

	weir__token_set_gap(shared, &weir__gap_shared);
	weir__gap_reset(&gap, weir_now());
	weir__gap_of_thread(&gap);
	sleep_through(shared, &gap);
	weir__gap_of_thread(NULL);
	weir__gap_reset(&gap, weir_now());
	cr_assert_eq(weir_sleep(shared, weir_after(WEIR_MILLISECOND)), 0);
	cr_assert_not(weir__gap_looked(&gap), "nobody's thread");
	weir_token_unref(shared);
}
