/* cancel/event.h: waiting for a change or for a token. */
#include <criterion/criterion.h>

#include <errno.h>

#include "cancel/event.h"
#include "cancel/token.h"
#include "support/must.h"
#include "support/token.h"
#include "unit/threads.h"

TestSuite(event, .timeout = 60);

struct waiting {
	struct weir__event event;
	weir_token *token;
	int result;
};

static void wait_for_event(void *arg)
{
	struct waiting *waiting = arg;

	waiting->result = weir__event_wait(&waiting->event, weir__event_ticket(&waiting->event),
					   waiting->token, weir_after(MUST_PATIENCE));
}

static bool has_callbacks(const weir_token *token)
{
	return token->callbacks.weir__next != &token->callbacks;
}

Test(event, a_signal_before_the_wait_is_not_lost)
{
	struct weir__event event;
	uint32_t ticket;

	weir__event_init(&event);
	ticket = weir__event_ticket(&event);
	weir__event_signal(&event);
	cr_assert_neq(weir__event_ticket(&event), ticket);
	cr_assert_eq(weir__event_wait(&event, ticket, NULL, weir_after(MUST_PATIENCE)), 0);
}

Test(event, a_signal_wakes_the_waiter)
{
	struct waiting waiting = {.token = token_make(NULL)};
	struct thread thread;

	weir__event_init(&waiting.event);
	thread_start(&thread, wait_for_event, &waiting);
	thread_await_waiting(&thread);
	weir__event_signal(&waiting.event);
	thread_join(&thread);
	cr_assert_eq(waiting.result, 0);
	cr_assert_not(has_callbacks(waiting.token));
	weir_token_unref(waiting.token);
}

Test(event, a_trip_wakes_the_waiter)
{
	struct waiting waiting = {.token = token_make(NULL)};
	struct thread thread;

	weir__event_init(&waiting.event);
	thread_start(&thread, wait_for_event, &waiting);
	thread_await_waiting(&thread);
	cr_assert(has_callbacks(waiting.token));
	cr_assert(weir_token_cancel(waiting.token, WEIR_REASON_REQUESTED, NULL));
	thread_join(&thread);
	cr_assert_eq(waiting.result, -ECANCELED);
	weir_token_unref(waiting.token);
}

Test(event, a_tripped_token_ends_the_wait_at_once)
{
	struct waiting waiting = {.token = token_make(NULL)};

	weir__event_init(&waiting.event);
	cr_assert(weir_token_cancel(waiting.token, WEIR_REASON_REQUESTED, NULL));
	wait_for_event(&waiting);
	cr_assert_eq(waiting.result, -ECANCELED);
	weir_token_unref(waiting.token);
}

Test(event, a_wait_ends_at_its_time_and_leaves_nothing_behind)
{
	struct weir__event event;
	weir_token *token = token_make(NULL);
	weir_time until = weir_after(5 * WEIR_MILLISECOND);

	weir__event_init(&event);
	cr_assert_eq(weir__event_wait(&event, weir__event_ticket(&event), token, until),
		     -ETIMEDOUT);
	cr_assert_geq(weir_now(), until);
	cr_assert_eq(weir__event_wait(&event, weir__event_ticket(&event), NULL, 0), -ETIMEDOUT);
	cr_assert_not(has_callbacks(token));
	cr_assert_eq(atomic_load(&event.waiters), 0);
	weir_token_unref(token);
}
