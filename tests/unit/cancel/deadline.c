/* cancel/token.c: deadlines. Order is told by later deadlines, not by waiting a while: the
 * timer thread fires in order, so when a later one has fired, an earlier one would have. */
#include <criterion/criterion.h>

#include <errno.h>
#include <sched.h>

#include "cancel/token.h"
#include "support/must.h"
#include "unit/faults.h"

TestSuite(deadline, .timeout = 60);

#define SOON (5 * WEIR_MILLISECOND)
#define LATER (3600 * WEIR_SECOND)

static weir_token *make(weir_token *parent, weir_time deadline)
{
	weir_token *token = NULL;

	cr_assert_eq(weir_token_create(parent, deadline, &token), 0);
	return token;
}

/* Returns when every deadline up to now + SOON has been dealt with. */
static void pass_time(void)
{
	weir_token *clock = make(NULL, weir_after(SOON));

	cr_assert_eq(weir_token_wait(clock, weir_after(MUST_PATIENCE)), -ECANCELED);
	weir_token_unref(clock);
}

Test(deadline, the_earliest_on_the_way_up_counts)
{
	weir_time base = weir_after(LATER);
	weir_token *root = make(NULL, base + 20);
	weir_token *middle = make(root, base + 10);
	weir_token *leaf = make(middle, base + 30);
	weir_token *open = make(root, WEIR_NEVER);

	cr_assert_eq(weir_token_deadline(root), base + 20);
	cr_assert_eq(weir_token_deadline(middle), base + 10);
	cr_assert_eq(weir_token_deadline(leaf), base + 10);
	cr_assert_eq(weir_token_deadline(open), base + 20);
	cr_assert_eq(weir_token_set_deadline(leaf, base + 5), 0);
	cr_assert_eq(weir_token_deadline(leaf), base + 5);
	cr_assert_eq(weir_token_deadline(middle), base + 10);
	cr_assert_eq(weir_token_set_deadline(middle, WEIR_NEVER), 0);
	cr_assert_eq(weir_token_deadline(middle), base + 20);
	weir_token_unref(root);
	weir_token_unref(middle);
	weir_token_unref(leaf);
	weir_token_unref(open);
}

Test(deadline, trips_when_its_time_has_come)
{
	weir_time deadline = weir_after(SOON);
	weir_token *token = make(NULL, deadline);
	struct weir_cause cause;

	cr_assert_eq(weir_token_wait(token, weir_after(MUST_PATIENCE)), -ECANCELED);
	cr_assert_geq(weir_now(), deadline);
	cr_assert_eq(weir_token_cause(token, &cause), 0);
	cr_assert_eq(cause.reason, WEIR_REASON_DEADLINE);
	cr_assert_geq(cause.when, deadline);
	cr_assert_str_eq(cause.file, "");
	cr_assert_str_eq(cause.detail, "");
	weir_token_unref(token);
}

Test(deadline, of_a_parent_trips_the_child)
{
	weir_token *parent = make(NULL, weir_after(SOON));
	weir_token *child = make(parent, weir_after(LATER));

	cr_assert_eq(weir_token_wait(child, weir_after(MUST_PATIENCE)), -ECANCELED);
	cr_assert_eq(weir_token_reason(child), WEIR_REASON_DEADLINE);
	weir_token_unref(parent);
	weir_token_unref(child);
}

Test(deadline, of_a_child_leaves_the_parent_alone)
{
	weir_token *parent = make(NULL, WEIR_NEVER);
	weir_token *child = make(parent, weir_after(SOON));

	cr_assert_eq(weir_token_wait(child, weir_after(MUST_PATIENCE)), -ECANCELED);
	cr_assert_eq(weir_token_check(parent), 0);
	weir_token_unref(parent);
	weir_token_unref(child);
}

Test(deadline, that_has_passed_trips_at_once)
{
	static const weir_time past[] = {0, -1, INT64_MIN, 1};

	for (size_t i = 0; i < sizeof(past) / sizeof(past[0]); i++) {
		weir_token *born = make(NULL, past[i]);
		weir_token *set = make(NULL, WEIR_NEVER);

		cr_assert_eq(weir_token_reason(born), WEIR_REASON_DEADLINE);
		cr_assert_eq(weir_token_set_deadline(set, past[i]), 0);
		cr_assert_eq(weir_token_reason(set), WEIR_REASON_DEADLINE);
		cr_assert_eq(weir_token_deadline(set), past[i]);
		weir_token_unref(born);
		weir_token_unref(set);
	}
}

Test(deadline, moved_later_does_not_trip_at_the_old_time)
{
	weir_token *token = make(NULL, weir_after(SOON));

	cr_assert_eq(weir_token_set_deadline(token, weir_after(LATER)), 0);
	pass_time();
	cr_assert_eq(weir_token_check(token), 0);
	weir_token_unref(token);
}

/* The timer thread has taken the deadline out of the heap, and waits for the tree's lock,
 * which whoever moves the deadline holds. */
Test(deadline, moved_later_while_it_is_being_dealt_with_does_not_trip)
{
	weir_token *token = make(NULL, WEIR_NEVER);
	weir_time patience = weir_after(MUST_PATIENCE);

	cr_assert_eq(weir_token_set_deadline(token, weir_after(WEIR_MILLISECOND)), 0);
	cr_assert_eq(pthread_mutex_lock(&token->lock), 0);
	while (__atomic_load_n(&token->timer.slot, __ATOMIC_RELAXED) != 0) {
		cr_assert_lt(weir_now(), patience);
		(void)sched_yield();
	}
	token->deadline = weir_after(LATER);
	cr_assert_eq(pthread_mutex_unlock(&token->lock), 0);
	pass_time();
	cr_assert_eq(weir_token_check(token), 0);
	weir_token_unref(token);
}

Test(deadline, moved_earlier_trips_at_the_new_time)
{
	weir_time earlier;
	weir_token *token = make(NULL, weir_after(LATER));

	earlier = weir_after(SOON);
	cr_assert_eq(weir_token_set_deadline(token, earlier), 0);
	cr_assert_eq(weir_token_wait(token, weir_after(MUST_PATIENCE)), -ECANCELED);
	cr_assert_geq(weir_now(), earlier);
	weir_token_unref(token);
}

Test(deadline, taken_away_does_not_trip)
{
	weir_token *token = make(NULL, weir_after(SOON));

	cr_assert_eq(weir_token_set_deadline(token, WEIR_NEVER), 0);
	cr_assert_eq(weir_token_deadline(token), WEIR_NEVER);
	pass_time();
	cr_assert_eq(weir_token_check(token), 0);
	weir_token_unref(token);
}

Test(deadline, of_a_freed_token_is_forgotten)
{
	for (int i = 0; i < 100; i++)
		weir_token_unref(make(NULL, weir_after(SOON)));
	pass_time();
}

Test(deadline, does_not_change_the_cause_of_what_is_tripped)
{
	weir_token *token = make(NULL, WEIR_NEVER);

	cr_assert(weir_token_cancel(token, WEIR_REASON_CLIENT_GONE, NULL));
	cr_assert_eq(weir_token_set_deadline(token, 1), 0);
	cr_assert_eq(weir_token_set_deadline(token, weir_after(LATER)), 0);
	cr_assert_eq(weir_token_reason(token), WEIR_REASON_CLIENT_GONE);
	weir_token_unref(token);
}

Test(deadline, of_a_child_of_a_tripped_parent_changes_nothing)
{
	weir_token *parent = make(NULL, WEIR_NEVER), *child;

	cr_assert(weir_token_cancel(parent, WEIR_REASON_DRAINING, NULL));
	child = make(parent, 1);
	cr_assert_eq(weir_token_reason(child), WEIR_REASON_DRAINING);
	weir_token_unref(parent);
	weir_token_unref(child);
}

Test(deadline, without_the_timer_thread_is_refused_and_the_token_goes_on)
{
	weir_token *token = make(NULL, WEIR_NEVER);

	fault_set(FAULT_THREAD, 0);
	cr_assert_eq(weir_token_set_deadline(token, weir_after(LATER)), -EAGAIN);
	cr_assert_eq(weir_token_deadline(token), WEIR_NEVER);
	cr_assert_eq(weir_token_check(token), 0);
	cr_assert_eq(weir_token_set_deadline(token, weir_after(SOON)), 0);
	cr_assert_eq(weir_token_wait(token, weir_after(MUST_PATIENCE)), -ECANCELED);
	weir_token_unref(token);
}

Test(deadline, without_memory_is_refused_and_an_earlier_one_stays)
{
	weir_time first = weir_after(LATER);
	weir_token *armed = make(NULL, first);
	weir_token *tokens[100];
	size_t made = 0;
	int error = 0;

	fault_set(FAULT_REALLOC, 0);
	while (made < 100 && !error) {
		tokens[made] = make(NULL, WEIR_NEVER);
		error = weir_token_set_deadline(tokens[made++], weir_after(LATER));
	}
	cr_assert_eq(error, -ENOMEM);
	cr_assert_eq(weir_token_deadline(tokens[made - 1]), WEIR_NEVER);
	cr_assert_eq(weir_token_deadline(armed), first);
	/* What is armed can be moved without memory, and still works. */
	cr_assert_eq(weir_token_set_deadline(armed, weir_after(SOON)), 0);
	cr_assert_eq(weir_token_wait(armed, weir_after(MUST_PATIENCE)), -ECANCELED);
	while (made > 0)
		weir_token_unref(tokens[--made]);
	weir_token_unref(armed);
}
