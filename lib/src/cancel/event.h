/* event.h: an event count: wait for "something has changed" or for a token.
 *
 *	for (;;) {
 *		uint32_t ticket = weir__event_ticket(&event);
 *		if (condition)
 *			break;
 *		error = weir__event_wait(&event, ticket, token, until);
 *		if (error)
 *			break;
 *	}
 *
 * Whoever makes the condition true calls weir__event_signal() afterwards. Any number of
 * threads on either side. See wait.c for why no wakeup is lost.
 */
#ifndef WEIR_CANCEL_EVENT_H
#define WEIR_CANCEL_EVENT_H

#include <stdatomic.h>
#include <stdint.h>

#include <weir/token.h>

#include "base/futex.h"

struct weir__event {
	_Atomic uint32_t ticket;
	_Atomic uint32_t waiters;
};

static inline void weir__event_init(struct weir__event *event)
{
	atomic_init(&event->ticket, 0);
	atomic_init(&event->waiters, 0);
}

static inline uint32_t weir__event_ticket(struct weir__event *event)
{
	return atomic_load_explicit(&event->ticket, memory_order_acquire);
}

/* seq_cst pairs with the waiter's increment: either the signaller sees the waiter, or the
 * waiter's futex call sees the new ticket. */
static inline void weir__event_signal(struct weir__event *event)
{
	(void)atomic_fetch_add_explicit(&event->ticket, 1, memory_order_seq_cst);
	if (atomic_load_explicit(&event->waiters, memory_order_seq_cst) > 0)
		weir__futex_wake_all(&event->ticket);
}

/* 0: look again. -ETIMEDOUT at `until`; -ECANCELED when the token is tripped. */
int weir__event_wait(struct weir__event *event, uint32_t ticket, weir_token *token,
		     weir_time until);

#endif
