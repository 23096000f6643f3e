/* rehearsal.c: see rehearsal.h.
 *
 * Which requests are tripped: every so many-th, in the order of their arrival, the oldest always.
 * So each age and each route has its share, the worst is among them, and the same state gives
 * the same choice. A request whose answer is complete and only being sent is left out: a stop's
 * trip does nothing to it either.
 */
#include "http/rehearsal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "http/exchange.h"

static void hold_intake(struct weir__acceptor *acceptor, bool held)
{
	weir__accept_hold(acceptor, held);
	weir__queue_hold(acceptor->options.queue, held);
	if (!held)
		weir__pool_kick(acceptor->options.pool);
}

/* Whether a trip would do anything to it. */
static bool is_eligible(const weir_request *request)
{
	return request->scope == WEIR_SCOPE_PUBLIC &&
	       (request->stage != WEIR__REPLYING || request->with_worker) &&
	       !weir__token_tripped(&request->token);
}

static uint64_t count_eligible(const struct weir__acceptor *acceptor)
{
	const struct weir__list *node;
	uint64_t count = 0;

	weir__list_each (node, &acceptor->requests)
		count += is_eligible(weir__container(node, weir_request, in_flight));
	return count;
}

static uint64_t share_of(double fraction, uint64_t count)
{
	uint64_t share = (uint64_t)(fraction * (double)count);

	if ((double)share < fraction * (double)count)
		share++; /* rounded up */
	return share < count ? share : count;
}

/* Marks `share` of `count` before any is tripped: a trip may finish requests. */
static void choose(struct weir__acceptor *acceptor, uint64_t number, uint64_t share, uint64_t count)
{
	struct weir__list *node;
	uint64_t at = 0; /* of those so far, times share, modulo count */

	weir__list_each (node, &acceptor->requests) {
		weir_request *request = weir__container(node, weir_request, in_flight);

		if (!is_eligible(request))
			continue;
		if (at < share)
			request->rehearsal = number;
		at += share;
		if (at >= count)
			at -= count;
	}
}

static void trip(struct weir__acceptor *acceptor, struct weir__rehearsal *rehearsal)
{
	struct weir__list *node, *after;

	rehearsal->tripping = true;
	rehearsal->tripped_at = weir_now();
	weir__list_each_safe (node, after, &acceptor->requests) {
		weir_request *request = weir__container(node, weir_request, in_flight);

		if (request->rehearsal == rehearsal->number)
			weir__request_cancel(request, WEIR_REASON_SHUTDOWN, "rehearsal");
	}
	rehearsal->tripping = false;
}

static void end_if_all_over(struct weir__acceptor *acceptor)
{
	const struct weir__rehearsal *rehearsal = acceptor->rehearsal;

	if (!rehearsal->tripping && rehearsal->result.over == rehearsal->result.tripped)
		weir__rehearsal_end(acceptor, 0);
}

static void refuse(struct weir__rehearsal *rehearsal, int error)
{
	rehearsal->error = error;
	atomic_store_explicit(&rehearsal->ended, true, memory_order_release);
}

void weir__rehearsal_begin(struct weir__acceptor *acceptor, void *arg)
{
	struct weir__rehearsal *rehearsal = arg;
	uint64_t count, share;

	/* Once it has stopped, this runs somewhere else, and must not look any further. */
	if (atomic_load_explicit(acceptor->options.stopping, memory_order_acquire)) {
		refuse(rehearsal, -ECANCELED);
		return;
	}
	count = count_eligible(acceptor);
	share = share_of(rehearsal->fraction, count);
	rehearsal->durations = calloc(share ? share : 1, sizeof(*rehearsal->durations));
	if (!rehearsal->durations) {
		refuse(rehearsal, -ENOMEM);
		return;
	}
	rehearsal->number = ++acceptor->rehearsals;
	rehearsal->begun = weir_now();
	if (__builtin_add_overflow(rehearsal->begun, rehearsal->timeout, &rehearsal->until))
		rehearsal->until = WEIR_NEVER;
	acceptor->rehearsal = rehearsal;
	hold_intake(acceptor, true);
	weir__forecast(acceptor, &rehearsal->times, &rehearsal->result.forecast);
	rehearsal->result.in_flight = weir__counter_get(&acceptor->in_flight);
	rehearsal->result.tripped = share;
	choose(acceptor, rehearsal->number, share, count);
	trip(acceptor, rehearsal);
	end_if_all_over(acceptor);
}

void weir__rehearsal_over(struct weir__acceptor *acceptor, uint64_t number, const char *route)
{
	struct weir__rehearsal *rehearsal = acceptor->rehearsal;
	struct weir_rehearsal *result;

	if (!rehearsal || rehearsal->number != number)
		return; /* it has outlasted its rehearsal */
	result = &rehearsal->result;
	result->last = weir_now() - rehearsal->tripped_at;
	rehearsal->durations[result->over++] = result->last;
	(void)snprintf(result->slowest, sizeof(result->slowest), "%s", route);
	end_if_all_over(acceptor);
}

/* Of those that were not over the oldest; else the last that was, which is there already. */
static void name_slowest(const struct weir__acceptor *acceptor, struct weir__rehearsal *rehearsal)
{
	struct weir_rehearsal *result = &rehearsal->result;
	const struct weir__list *node;

	weir__list_each (node, &acceptor->requests) {
		const weir_request *request = weir__container(node, weir_request, in_flight);

		if (request->rehearsal != rehearsal->number)
			continue;
		(void)snprintf(result->slowest, sizeof(result->slowest), "%s",
			       request->route ? request->route->pattern : "-");
		return;
	}
	if (result->over == 0)
		(void)snprintf(result->slowest, sizeof(result->slowest), "-");
}

void weir__rehearsal_end(struct weir__acceptor *acceptor, int error)
{
	struct weir__rehearsal *rehearsal = acceptor->rehearsal;
	struct weir__event *changed;

	if (!rehearsal)
		return;
	acceptor->rehearsal = NULL;
	hold_intake(acceptor, false);
	rehearsal->result.paused = weir_now() - rehearsal->begun;
	rehearsal->error = error;
	name_slowest(acceptor, rehearsal);
	changed = rehearsal->changed;
	/* From here on it is the other thread's again. */
	atomic_store_explicit(&rehearsal->ended, true, memory_order_release);
	weir__event_signal(changed);
}

void weir__rehearsal_cancel(struct weir__acceptor *acceptor, void *arg)
{
	if (acceptor->rehearsal == arg)
		weir__rehearsal_end(acceptor, -ECANCELED);
}

weir_time weir__rehearsal_until(const struct weir__acceptor *acceptor)
{
	return acceptor->rehearsal ? acceptor->rehearsal->until : WEIR_NEVER;
}
