/* wait.c: sleeping on a token, and on a token beside something else.
 *
 * weir_token_wait() sleeps on the token's state word itself: it marks the word as waited
 * for, and the trip, which exchanges the word, sees the mark and wakes. There is nothing
 * to register and nothing to lose: the kernel compares the word once more before it
 * puts the thread to sleep.
 *
 * An event (event.h) is "register, then recheck": the waiter takes a ticket, checks its
 * condition and its token, and sleeps only while the ticket is the latest. A signal and
 * a trip both draw a new ticket, so neither can fall between check and sleep.
 */
#include <errno.h>

#include <weir/io.h>

#include "base/futex.h"
#include "cancel/event.h"
#include "cancel/token.h"

/* Sleeps without a token: a word that never changes. */
static int wait_for_nothing(weir_time until)
{
	_Atomic uint32_t never = 0;

	while (weir__futex_wait(&never, 0, until) != -ETIMEDOUT)
		;
	return -ETIMEDOUT;
}

static int wait_for_trip(weir_token *token, weir_time until)
{
	uint32_t state = atomic_load_explicit(&token->state, memory_order_acquire);

	/* Failure acquires, as every look at a trip does; success carries no data. */
	while (!(state & (WEIR__TOKEN_REASON | WEIR__TOKEN_WAITED)) &&
	       !atomic_compare_exchange_weak_explicit(&token->state, &state,
						      state | WEIR__TOKEN_WAITED,
						      memory_order_acquire, memory_order_acquire))
		;
	state |= WEIR__TOKEN_WAITED;
	while (!weir__token_tripped(token))
		if (weir__futex_wait(&token->state, state, until) == -ETIMEDOUT)
			return weir__token_tripped(token) ? -ECANCELED : -ETIMEDOUT;
	return -ECANCELED;
}

static int wait_in(weir_token *token, weir_time until, const char *where)
{
	int result;

	if (!token)
		return wait_for_nothing(until);
	weir__token_wait_begin(token, where);
	result = wait_for_trip(token, until);
	weir__token_wait_end(token);
	return result;
}

int weir_token_wait(weir_token *token, weir_time until)
{
	return wait_in(token, until, "weir_token_wait()");
}

int weir_sleep(weir_token *token, weir_time until)
{
	return wait_in(token, until, "weir_sleep()") == -ETIMEDOUT ? 0 : -ECANCELED;
}

static void signal_event(void *event)
{
	weir__event_signal(event);
}

int weir__event_wait(struct weir__event *event, uint32_t ticket, weir_token *token, weir_time until)
{
	weir_token_callback callback;
	int result;

	weir__token_wait_begin(token, NULL);
	/* Registered before the last look at the ticket: a trip from here on draws a new one. */
	weir__token_callback_add(token, &callback, signal_event, event);
	(void)atomic_fetch_add_explicit(&event->waiters, 1, memory_order_seq_cst);
	result = weir__futex_wait(&event->ticket, ticket, until);
	(void)atomic_fetch_sub_explicit(&event->waiters, 1, memory_order_relaxed);
	/* -EDEADLK is not possible: signal_event() waits for nobody. */
	(void)weir_token_callback_remove(&callback);
	weir__token_wait_end(token);
	return token && weir__token_tripped(token) ? -ECANCELED : result;
}
