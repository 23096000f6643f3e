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

int weir_token_wait(weir_token *token, weir_time until)
{
	uint32_t state = 0;

	if (!token)
		return wait_for_nothing(until);
	/* Failure acquires, as every look at a trip does; success carries no data. */
	if (!atomic_compare_exchange_strong_explicit(&token->state, &state, WEIR__TOKEN_WAITED,
						     memory_order_acquire, memory_order_acquire) &&
	    state != WEIR__TOKEN_WAITED)
		return -ECANCELED;
	while (weir_token_check(token) == 0)
		if (weir__futex_wait(&token->state, WEIR__TOKEN_WAITED, until) == -ETIMEDOUT)
			return weir_token_check(token) ? -ECANCELED : -ETIMEDOUT;
	return -ECANCELED;
}

int weir_sleep(weir_token *token, weir_time until)
{
	return weir_token_wait(token, until) == -ETIMEDOUT ? 0 : -ECANCELED;
}

static void signal_event(void *event)
{
	weir__event_signal(event);
}

int weir__event_wait(struct weir__event *event, uint32_t ticket, weir_token *token, weir_time until)
{
	weir_token_callback callback;
	int result;

	/* Registered before the last look at the ticket: a trip from here on draws a new one. */
	weir_token_callback_add(token, &callback, signal_event, event);
	(void)atomic_fetch_add_explicit(&event->waiters, 1, memory_order_seq_cst);
	result = weir__futex_wait(&event->ticket, ticket, until);
	(void)atomic_fetch_sub_explicit(&event->waiters, 1, memory_order_relaxed);
	/* -EDEADLK is not possible: signal_event() waits for nobody. */
	(void)weir_token_callback_remove(&callback);
	return weir_token_check(token) ? -ECANCELED : result;
}
