/* forecast.c: see forecast.h. Two walks over what is in flight: those that handlers have, which
 * tell how long the workers are taken; then those that wait for a worker. */
#include "http/forecast.h"

#include <stdio.h>
#include <string.h>

#include "http/acceptor.h"

/* Summaries are sums over many numbers, and most requests are of few routes. */
#define MEMO 16

struct walk {
	struct weir__acceptor *acceptor;
	const struct weir__stop_times *times;
	struct weir_forecast *out;
	struct {
		const struct weir__route *route;
		struct weir__route_summary summary;
	} memo[MEMO];
	const struct weir__route *last; /* of the request that ends last so far; NULL: none */
	unsigned running, stuck;        /* workers that are taken; beyond the end of the grace */
	weir_time work;                 /* what the others have to do, and what is queued so far */
};

static weir_time add(weir_time a, weir_time b)
{
	weir_time sum;

	return __builtin_add_overflow(a, b, &sum) ? WEIR_NEVER : sum;
}

static weir_time least(weir_time a, weir_time b)
{
	return a < b ? a : b;
}

static weir_time most(weir_time a, weir_time b)
{
	return a > b ? a : b;
}

struct weir__ending weir__forecast_one(const struct weir__outlook *outlook,
				       const struct weir__stop_times *times)
{
	weir_time trip = outlook->drained ? times->drain : times->cancel;
	weir_time reaction = outlook->looks ? outlook->gap : WEIR_NEVER;
	weir_time end = add(outlook->wait, outlook->rest);

	if (outlook->watches_drain && outlook->looks)
		end = least(end, add(most(times->drain, outlook->wait), outlook->gap));
	if (end <= trip)
		return (struct weir__ending){end, WEIR__ENDS};
	if (outlook->wait >= trip && outlook->wait > 0)
		end = trip; /* no handler has it then: answered at once */
	else
		end = least(end, add(trip, reaction));
	if (end >= times->cut)
		return (struct weir__ending){times->cut, WEIR__ENDS_CUT};
	return (struct weir__ending){end, WEIR__ENDS_CANCELLED};
}

weir_time weir__forecast_rest(const struct weir__route_summary *summary, weir_time age)
{
	weir_time bound = age < summary->p99 ? summary->p99 : summary->longest;

	if (summary->timed == 0 || bound == WEIR_NEVER || age >= bound)
		return WEIR_NEVER;
	return bound - age;
}

static const struct weir__route_summary *summary_of(struct walk *walk,
						    const struct weir__route *route)
{
	size_t at = ((uintptr_t)route / sizeof(*route)) % MEMO;

	if (walk->memo[at].route != route) {
		walk->memo[at].route = route;
		weir__stats_summarize(&route->stats, &walk->memo[at].summary);
	}
	return &walk->memo[at].summary;
}

/* Looked at once for both walks: a worker may take it in between. */
static bool is_running(const weir_request *request)
{
	return request->with_worker &&
	       atomic_load_explicit(&request->running, memory_order_relaxed);
}

/* The rest of a body whose length is known, at the rate so far. */
static weir_time rest_of_body(const weir_request *request, weir_time now)
{
	double age = (double)(now - request->accepted_at), rest;

	if (request->framing.chunked || request->received == 0 || age < 0)
		return request->framing.length == 0 && !request->framing.chunked ? 0 : WEIR_NEVER;
	rest = age * ((double)request->framing.length / (double)request->received - 1);
	return rest < 0 ? 0 : rest < (double)WEIR_NEVER / 2 ? (weir_time)rest : WEIR_NEVER;
}

static void count(struct walk *walk, const weir_request *request,
		  const struct weir__outlook *outlook)
{
	struct weir__ending ending = weir__forecast_one(outlook, walk->times);

	walk->out->in_flight++;
	walk->out->cancelled += ending.how == WEIR__ENDS_CANCELLED;
	walk->out->cut += ending.how == WEIR__ENDS_CUT;
	if (walk->last && ending.time <= walk->out->time)
		return;
	walk->out->time = ending.time;
	walk->out->gap = outlook->looks ? outlook->gap : 0;
	walk->last = request->route;
}

static void look_ahead(struct walk *walk, const weir_request *request, weir_time now,
		       struct weir__outlook *out)
{
	const struct weir__route_summary *summary = summary_of(walk, request->route);
	weir_time begun = atomic_load_explicit(&request->begun_at, memory_order_relaxed);

	*out = (struct weir__outlook){
		.rest = weir__forecast_rest(summary, begun ? now - begun : 0),
		.gap = summary->gap,
		.looks = summary->looks,
		.drained = request->route->options.cancel_at == WEIR_CANCEL_AT_DRAIN,
		.watches_drain =
			atomic_load_explicit(&request->watches_drain, memory_order_relaxed),
	};
	if (!begun)
		return;
	out->gap = most(out->gap, weir__gap_at(&request->gap, now));
	out->looks = out->looks || weir__gap_looked(&request->gap);
}

static void count_running(struct walk *walk, const weir_request *request, weir_time now)
{
	struct weir__outlook outlook;

	look_ahead(walk, request, now, &outlook);
	walk->running++;
	if (outlook.rest > walk->times->cancel)
		walk->stuck++;
	else
		walk->work = add(walk->work, outlook.rest);
	count(walk, request, &outlook);
}

/* Until a worker has it: all that is before it, shared by the workers that come free. */
static weir_time wait_in_queue(const struct walk *walk)
{
	unsigned workers = weir__pool_now(walk->acceptor->options.pool);

	if (walk->running < workers && walk->work == 0)
		return 0;
	if (walk->stuck >= workers)
		return WEIR_NEVER;
	return walk->work / (weir_time)(workers - walk->stuck);
}

static void count_waiting(struct walk *walk, const weir_request *request, weir_time now)
{
	struct weir__outlook outlook;

	if (request->stage == WEIR__REPLYING) { /* the rest of an answer is not foreseen */
		count(walk, request, &(struct weir__outlook){0});
		return;
	}
	look_ahead(walk, request, now, &outlook);
	outlook.watches_drain = false;
	if (request->with_worker)
		outlook.wait = wait_in_queue(walk);
	else if (request->stage == WEIR__RECEIVING)
		outlook.wait = rest_of_body(request, now);
	else
		outlook.wait = WEIR_NEVER; /* whoever is to answer it has not said when */
	if (request->with_worker)
		walk->work = add(walk->work, summary_of(walk, request->route)->p50);
	count(walk, request, &outlook);
}

static void walk_over(struct walk *walk, weir_time now, bool first)
{
	struct weir__list *node;

	weir__list_each (node, &walk->acceptor->requests) {
		weir_request *request = weir__container(node, weir_request, in_flight);

		if (request->scope != WEIR_SCOPE_PUBLIC || !request->route)
			continue;
		if (first)
			request->foreseen = is_running(request);
		if (first && request->foreseen)
			count_running(walk, request, now);
		else if (!first && !request->foreseen)
			count_waiting(walk, request, now);
	}
}

void weir__forecast(struct weir__acceptor *acceptor, const struct weir__stop_times *times,
		    struct weir_forecast *out)
{
	struct walk walk = {.acceptor = acceptor, .times = times, .out = out};
	weir_time now = weir_now();

	memset(out, 0, sizeof(*out));
	/* Counted, but nobody knows when their peers will have said goodbye. */
	out->in_flight = weir__counter_get(&acceptor->upgraded);
	walk_over(&walk, now, true);
	walk_over(&walk, now, false);
	(void)snprintf(out->route, sizeof(out->route), "%s", walk.last ? walk.last->pattern : "-");
}
