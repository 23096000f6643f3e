/* cancel/wait.c: sleeping on a token. */
#include <criterion/criterion.h>

#include <errno.h>

#include <weir/io.h>
#include <weir/token.h>

#include "support/must.h"
#include "support/token.h"
#include "unit/threads.h"

TestSuite(wait, .timeout = 60);

static void wait_for_trip(void *token)
{
	int result = weir_token_wait(token, weir_after(MUST_PATIENCE));

	must(result == -ECANCELED, "weir_token_wait: %d", result);
}

static void sleep_until_trip(void *token)
{
	int result = weir_sleep(token, WEIR_NEVER);

	must(result == -ECANCELED, "weir_sleep: %d", result);
}

Test(wait, a_trip_wakes_every_waiter)
{
	weir_token *token = token_make(NULL);
	struct thread threads[8];

	for (size_t i = 0; i < 8; i++)
		thread_start(&threads[i], i % 2 ? sleep_until_trip : wait_for_trip, token);
	for (size_t i = 0; i < 8; i++)
		thread_await_waiting(&threads[i]);
	cr_assert(weir_token_cancel(token, WEIR_REASON_REQUESTED, NULL));
	for (size_t i = 0; i < 8; i++)
		thread_join(&threads[i]);
	weir_token_unref(token);
}

Test(wait, a_trip_of_the_root_wakes_who_waits_for_a_descendant)
{
	weir_token *root = token_make(NULL), *child = NULL;
	struct thread thread;

	cr_assert_eq(weir_token_create(root, WEIR_NEVER, &child), 0);
	thread_start(&thread, wait_for_trip, child);
	thread_await_waiting(&thread);
	cr_assert(weir_token_cancel(root, WEIR_REASON_REQUESTED, NULL));
	thread_join(&thread);
	weir_token_unref(root);
	weir_token_unref(child);
}

Test(wait, ends_at_its_time)
{
	weir_token *token = token_make(NULL);
	weir_time until = weir_after(5 * WEIR_MILLISECOND);

	cr_assert_eq(weir_token_wait(token, until), -ETIMEDOUT);
	cr_assert_geq(weir_now(), until);
	cr_assert_eq(weir_token_wait(token, 0), -ETIMEDOUT);
	cr_assert_eq(weir_token_wait(token, -1), -ETIMEDOUT);
	cr_assert_eq(weir_token_check(token), 0);
	/* having been waited for does not change what the token is */
	cr_assert_eq(weir_token_reason(token), WEIR_REASON_NONE);
	cr_assert(weir_token_cancel(token, WEIR_REASON_REQUESTED, NULL));
	cr_assert_eq(weir_token_reason(token), WEIR_REASON_REQUESTED);
	weir_token_unref(token);
}

Test(wait, of_a_tripped_token_says_so_even_after_its_time)
{
	weir_token *token = token_make(NULL);

	cr_assert(weir_token_cancel(token, WEIR_REASON_REQUESTED, NULL));
	cr_assert_eq(weir_token_wait(token, WEIR_NEVER), -ECANCELED);
	cr_assert_eq(weir_token_wait(token, 0), -ECANCELED);
	cr_assert_eq(weir_sleep(token, 0), -ECANCELED);
	weir_token_unref(token);
}

Test(wait, a_sleep_lasts_until_its_time)
{
	weir_token *token = token_make(NULL);
	weir_time until = weir_after(5 * WEIR_MILLISECOND);

	cr_assert_eq(weir_sleep(token, until), 0);
	cr_assert_geq(weir_now(), until);
	until = weir_after(5 * WEIR_MILLISECOND);
	cr_assert_eq(weir_sleep(NULL, until), 0);
	cr_assert_geq(weir_now(), until);
	weir_token_unref(token);
}
