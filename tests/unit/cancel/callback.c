/* cancel/callback.c: when a callback runs, where, and how often. */
#include <criterion/criterion.h>

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include <weir/token.h>

#include "support/must.h"
#include "unit/threads.h"

TestSuite(callback, .timeout = 60);

struct seen {
	unsigned times;
	pthread_t thread;
	char thread_name[16];
};

static void see(void *arg)
{
	struct seen *seen = arg;

	seen->times++;
	seen->thread = pthread_self();
	(void)pthread_getname_np(pthread_self(), seen->thread_name, sizeof(seen->thread_name));
}

static weir_token *make(weir_token *parent, weir_time deadline)
{
	weir_token *token = NULL;

	cr_assert_eq(weir_token_create(parent, deadline, &token), 0);
	return token;
}

Test(callback, is_run_once_by_the_thread_that_trips)
{
	weir_token *token = make(NULL, WEIR_NEVER);
	weir_token_callback callback;
	struct seen seen = {.times = 0};

	weir_token_callback_add(token, &callback, see, &seen);
	cr_assert_eq(seen.times, 0);
	cr_assert(weir_token_cancel(token, WEIR_REASON_REQUESTED, NULL));
	cr_assert_eq(seen.times, 1);
	cr_assert(pthread_equal(seen.thread, pthread_self()));
	cr_assert_not(weir_token_cancel(token, WEIR_REASON_REQUESTED, NULL));
	cr_assert_eq(seen.times, 1);
	weir_token_unref(token);
}

Test(callback, of_a_tripped_token_is_run_at_once)
{
	weir_token *token = make(NULL, WEIR_NEVER);
	weir_token_callback callback;
	struct seen seen = {.times = 0};

	cr_assert(weir_token_cancel(token, WEIR_REASON_REQUESTED, NULL));
	weir_token_callback_add(token, &callback, see, &seen);
	cr_assert_eq(seen.times, 1);
	cr_assert(pthread_equal(seen.thread, pthread_self()));
	cr_assert_not(weir_token_callback_try_remove(&callback));
	cr_assert_eq(weir_token_callback_remove(&callback), 0);
	weir_token_unref(token);
}

Test(callback, of_every_descendant_is_run)
{
	enum { LEVELS = 20, EACH = 3 };
	weir_token *tokens[LEVELS];
	weir_token_callback callbacks[LEVELS][EACH];
	struct seen seen[LEVELS][EACH];

	memset(seen, 0, sizeof(seen));
	for (int i = 0; i < LEVELS; i++) {
		tokens[i] = make(i ? tokens[i - 1] : NULL, WEIR_NEVER);
		for (int k = 0; k < EACH; k++)
			weir_token_callback_add(tokens[i], &callbacks[i][k], see, &seen[i][k]);
	}
	cr_assert(weir_token_cancel(tokens[LEVELS / 2], WEIR_REASON_REQUESTED, NULL));
	for (int i = 0; i < LEVELS; i++)
		for (int k = 0; k < EACH; k++)
			cr_assert_eq(seen[i][k].times, i >= LEVELS / 2, "level %d: %u", i,
				     seen[i][k].times);
	cr_assert(weir_token_cancel(tokens[0], WEIR_REASON_REQUESTED, NULL));
	for (int i = 0; i < LEVELS; i++) {
		for (int k = 0; k < EACH; k++)
			cr_assert_eq(seen[i][k].times, 1);
		weir_token_unref(tokens[i]);
	}
}

Test(callback, of_a_deadline_is_run_by_the_timer_thread)
{
	weir_token *token = make(NULL, WEIR_NEVER);
	weir_token_callback callback;
	struct seen seen = {.times = 0};

	weir_token_callback_add(token, &callback, see, &seen);
	cr_assert_eq(weir_token_set_deadline(token, weir_after(WEIR_MILLISECOND)), 0);
	cr_assert_eq(weir_token_wait(token, weir_after(MUST_PATIENCE)), -ECANCELED);
	/* The token is tripped before its callbacks run: wait for this one. */
	cr_assert_eq(weir_token_callback_remove(&callback), 0);
	if (seen.times) {
		cr_assert_eq(seen.times, 1);
		cr_assert_str_eq(seen.thread_name, "weir-timer");
	}
	weir_token_unref(token);
}

Test(callback, of_a_deadline_that_has_passed_is_run_within_the_call)
{
	weir_token *token = make(NULL, WEIR_NEVER);
	weir_token_callback callback;
	struct seen seen = {.times = 0};

	weir_token_callback_add(token, &callback, see, &seen);
	cr_assert_eq(weir_token_set_deadline(token, 1), 0);
	cr_assert_eq(seen.times, 1);
	cr_assert(pthread_equal(seen.thread, pthread_self()));
	weir_token_unref(token);
}

Test(callback, its_memory_can_be_registered_again)
{
	weir_token *first = make(NULL, WEIR_NEVER), *second = make(NULL, WEIR_NEVER);
	weir_token_callback callback;
	struct seen seen = {.times = 0};

	weir_token_callback_add(first, &callback, see, &seen);
	cr_assert(weir_token_callback_try_remove(&callback));
	weir_token_callback_add(second, &callback, see, &seen);
	cr_assert(weir_token_cancel(first, WEIR_REASON_REQUESTED, NULL));
	cr_assert_eq(seen.times, 0);
	cr_assert(weir_token_cancel(second, WEIR_REASON_REQUESTED, NULL));
	cr_assert_eq(seen.times, 1);
	weir_token_callback_add(first, &callback, see, &seen);
	cr_assert_eq(seen.times, 2);
	weir_token_unref(first);
	weir_token_unref(second);
}

struct looked {
	weir_token *token, *child;
	int token_check, child_check, reason;
};

static void look(void *arg)
{
	struct looked *looked = arg;

	looked->token_check = weir_token_check(looked->token);
	looked->child_check = weir_token_check(looked->child);
	looked->reason = weir_token_reason(looked->token);
}

Test(callback, finds_the_whole_tree_tripped)
{
	struct looked looked = {.token = make(NULL, WEIR_NEVER)};
	weir_token_callback callback;

	looked.child = make(looked.token, WEIR_NEVER);
	weir_token_callback_add(looked.token, &callback, look, &looked);
	cr_assert(weir_token_cancel(looked.token, WEIR_REASON_SHUTDOWN, NULL));
	cr_assert_eq(looked.token_check, -ECANCELED);
	cr_assert_eq(looked.child_check, -ECANCELED);
	cr_assert_eq(looked.reason, WEIR_REASON_SHUTDOWN);
	weir_token_unref(looked.child);
	weir_token_unref(looked.token);
}
