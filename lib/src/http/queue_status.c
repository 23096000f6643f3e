/* queue_status.c: see queue_status.h.
 *
 * A queue is full because workers are busy. So beside what waits stands who holds the workers, by
 * route: the first of them is what to look at.
 */
#include "http/queue_status.h"

#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "http/acceptor.h"
#include "http/upgrade.h"

/* Routes that are told apart. */
#define MOST_HOLDERS 32u
#define MOST_ROUTES 1000u

static const char *const priority_keys[WEIR__PRIORITIES] = {
	[WEIR_PRIORITY_FIRST] = "first", [WEIR__PRIORITY_PROMISED] = "upgraded",
	[WEIR_PRIORITY_HIGH] = "high",   [WEIR_PRIORITY_NORMAL] = "normal",
	[WEIR_PRIORITY_LOW] = "low",
};

static const char *const refusal_keys[WEIR__REFUSAL_COUNT] = {"",
#define KEY(name, key, reason, help) key,
							      WEIR__REFUSALS(KEY)
#undef KEY
};

/* Who holds workers. */
struct holder {
	const char *route;
	unsigned workers;
	weir_time longest;
};

struct holders {
	struct holder list[MOST_HOLDERS]; /* those with the most workers first, once sorted */
	unsigned count, workers, others;  /* `others`: workers of routes beyond the list */
};

static void hold(struct holders *holders, const char *route, weir_time for_so_long)
{
	struct holder *holder = holders->list;

	holders->workers++;
	while (holder < holders->list + holders->count && strcmp(holder->route, route) != 0)
		holder++;
	if (holder == holders->list + MOST_HOLDERS) {
		holders->others++;
		return;
	}
	if (holder == holders->list + holders->count) {
		holders->count++;
		*holder = (struct holder){.route = route};
	}
	holder->workers++;
	if (for_so_long > holder->longest)
		holder->longest = for_so_long;
}

static void hold_requests(struct weir__acceptor *acceptor, weir_time now, struct holders *holders)
{
	struct weir__list *node;

	weir__list_each (node, &acceptor->requests) {
		const weir_request *request = weir__container(node, weir_request, in_flight);
		weir_time begun;

		if (!request->with_worker ||
		    !atomic_load_explicit(&request->running, memory_order_relaxed))
			continue;
		begun = atomic_load_explicit(&request->begun_at, memory_order_relaxed);
		hold(holders, request->route->pattern, begun && begun < now ? now - begun : 0);
	}
}

/* Most connections that have left HTTP are nobody's at the moment, or not a worker's. */
static void hold_upgraded(struct weir__acceptor *acceptor, weir_time now, struct holders *holders)
{
	struct weir__list *node;
	struct weir__backtrace trace;

	if (atomic_load_explicit(&acceptor->upgrades->running, memory_order_relaxed) == 0)
		return;
	weir__list_each (node, &acceptor->upgrades->open) {
		const weir_upgraded *upgraded = weir__container(node, weir_upgraded, open);

		if (weir__pool_find(acceptor->options.pool, &upgraded->job, &trace))
			hold(holders, upgraded->route->pattern, now - upgraded->opened_at);
	}
}

static void sort(struct holders *holders)
{
	unsigned i, j;

	for (i = 1; i < holders->count; i++) {
		struct holder holder = holders->list[i];

		for (j = i; j > 0 && holders->list[j - 1].workers < holder.workers; j--)
			holders->list[j] = holders->list[j - 1];
		holders->list[j] = holder;
	}
}

static void find_holders(struct weir__acceptor *acceptor, weir_time now, struct holders *holders)
{
	memset(holders, 0, sizeof(*holders));
	hold_requests(acceptor, now, holders);
	/* Once workers are being joined, the pool is not touched from here. */
	if (!acceptor->refusing)
		hold_upgraded(acceptor, now, holders);
	sort(holders);
}

/* A sentence. */
static void say_why(const struct weir__acceptor *acceptor, const struct weir__queue_view *view,
		    const struct holders *holders, struct weir__text *out)
{
	unsigned i, workers = weir__pool_now(acceptor->options.pool);

	if (view->count == 0) {
		weir__text_printf(out, "nothing waits");
		return;
	}
	if (acceptor->held) {
		weir__text_printf(out, "a stop is being rehearsed");
		return;
	}
	if (holders->workers < workers) {
		weir__text_printf(out, "%u of %u workers are busy", holders->workers, workers);
		return;
	}
	weir__text_printf(out, "all workers are busy:");
	for (i = 0; i < holders->count && i < 3; i++) {
		const struct holder *holder = &holders->list[i];

		weir__text_printf(out, "%s %u in %s, the longest for ", i > 0 ? ";" : "",
				  holder->workers, holder->route);
		weir__text_duration(out, holder->longest);
	}
	if (holders->count > 3)
		weir__text_printf(out, "; and others");
}

static void write_why(const struct weir__acceptor *acceptor, const struct weir__queue_view *view,
		      const struct holders *holders, struct weir__text *text)
{
	struct weir__text why = WEIR__TEXT_EMPTY;

	say_why(acceptor, view, holders, &why);
	weir__text_printf(text, ",\"why\":");
	weir__text_json(text, why.error || !why.data ? "" : why.data);
	weir__text_free(&why);
}

/* Of the oldest only what is fixed is read: a worker may have taken it by now. */
static void write_oldest(const struct weir__queue_view *view, struct weir__text *text)
{
	const struct weir__job *job = view->oldest;
	const weir_request *request;

	weir__text_printf(text, ",\"oldest\":");
	if (!job || !job->lane) {
		weir__text_printf(text, "null");
		return;
	}
	request = weir__container(job, weir_request, job);
	weir__text_printf(text, "{\"route\":");
	weir__text_json(text, job->lane->name);
	weir__text_printf(text, ",\"path\":");
	weir__text_json(text, request->path ? request->path : "-");
	weir__text_printf(text,
			  ",\"priority\":\"%s\",\"age_seconds\":", priority_keys[job->priority]);
	weir__text_seconds(text, view->age);
	weir__text_printf(text, "}");
}

static void write_priorities(const struct weir__queue_view *view, struct weir__text *text)
{
	unsigned i;

	weir__text_printf(text, ",\"priorities\":{");
	for (i = 0; i < WEIR__PRIORITIES; i++)
		weir__text_printf(text, "%s\"%s\":{\"queued\":%u,\"overloaded\":%s}",
				  i > 0 ? "," : "", priority_keys[i], view->counts[i],
				  view->overloaded[i] ? "true" : "false");
	weir__text_printf(text, "}");
}

struct routes_page {
	struct weir__acceptor *acceptor;
	struct weir__text *text;
	weir_time now;
	unsigned count;
};

/* Only routes with something to tell. */
static void write_route(void *arg, const struct weir__route *route)
{
	struct routes_page *page = arg;
	struct weir__lane_view view;
	uint64_t refused = 0;
	int i;

	weir__lane_look(page->acceptor->options.queue, &route->lane, page->now, &view);
	for (i = 0; i < WEIR__REFUSAL_COUNT; i++)
		refused += view.refused[i];
	if ((view.count == 0 && refused == 0) || page->count == MOST_ROUTES)
		return;
	weir__text_printf(page->text, "%s{\"route\":", page->count++ > 0 ? "," : "");
	weir__text_json(page->text, route->pattern);
	weir__text_printf(page->text, ",\"queued\":%u,\"limit\":", view.count);
	if (route->lane.limit)
		weir__text_printf(page->text, "%u", route->lane.limit);
	else
		weir__text_printf(page->text, "null");
	weir__text_printf(page->text, ",\"oldest_seconds\":");
	weir__text_seconds(page->text, view.age);
	for (i = WEIR__REFUSAL_NONE + 1; i < WEIR__REFUSAL_COUNT; i++)
		weir__text_printf(page->text, "%s\"%s\":%" PRIu64,
				  i == WEIR__REFUSAL_NONE + 1 ? ",\"refused\":{" : ",",
				  refusal_keys[i], view.refused[i]);
	weir__text_printf(page->text, "}}");
}

static void write_refused(const struct weir__acceptor *acceptor, struct weir__text *text)
{
	int i;

	for (i = WEIR__REFUSAL_NONE + 1; i < WEIR__REFUSAL_COUNT; i++)
		weir__text_printf(
			text, "%s\"%s\":%" PRIu64,
			i == WEIR__REFUSAL_NONE + 1 ? ",\"refused\":{" : ",", refusal_keys[i],
			weir__counter_get(
				&acceptor->counters[WEIR_SCOPE_PUBLIC].queue_refusals[i]));
	weir__text_printf(text, "}");
}

static void write_holders(const struct holders *holders, struct weir__text *text)
{
	unsigned i;

	weir__text_printf(text, "\"held_by\":[");
	for (i = 0; i < holders->count; i++) {
		weir__text_printf(text, "%s{\"route\":", i > 0 ? "," : "");
		weir__text_json(text, holders->list[i].route);
		weir__text_printf(text,
				  ",\"workers\":%u,\"longest_seconds\":", holders->list[i].workers);
		weir__text_seconds(text, holders->list[i].longest);
		weir__text_printf(text, "}");
	}
	weir__text_printf(text, "],\"held_by_others\":%u", holders->others);
}

static bool is_overloaded(const struct weir__queue_view *view)
{
	unsigned i;

	for (i = 0; i < WEIR__PRIORITIES; i++)
		if (view->overloaded[i])
			return true;
	return false;
}

void weir__queue_describe(struct weir__acceptor *acceptor, struct weir__text *text)
{
	struct weir__queue *queue = acceptor->options.queue;
	struct routes_page page = {acceptor, text, weir_now(), 0};
	struct weir__queue_view view;
	struct holders holders;

	weir__queue_look(queue, page.now, &view);
	find_holders(acceptor, page.now, &holders);
	weir__text_printf(text,
			  "\"queue\":{\"depth\":%u,\"capacity\":%u,\"overloaded\":%s,"
			  "\"taken_per_second\":%" PRIu64 ",\"drain_seconds\":",
			  view.count, queue->limit, is_overloaded(&view) ? "true" : "false",
			  view.taken_per_second);
	weir__text_seconds(text, view.drain_time);
	write_why(acceptor, &view, &holders, text);
	write_oldest(&view, text);
	write_priorities(&view, text);
	write_refused(acceptor, text);
	weir__text_printf(text, ",\"routes\":[");
	weir__router_each(&acceptor->routes->router, write_route, &page);
	weir__text_printf(text, "]},");
	write_holders(&holders, text);
}

static void write_refusal_metrics(const struct weir__acceptor *acceptor, struct weir__text *text)
{
	static const char *const helps[WEIR__REFUSAL_COUNT] = {"",
#define HELP(name, key, reason, help) key ": " help,
							       WEIR__REFUSALS(HELP)
#undef HELP
	};
	int i;

	weir__text_printf(text, "# HELP weir_queue_refused_total Requests refused with 503 instead "
				"of waiting for a worker, by why.");
	for (i = WEIR__REFUSAL_NONE + 1; i < WEIR__REFUSAL_COUNT; i++)
		weir__text_printf(text, "%s %s", i > 1 ? ";" : "", helps[i]);
	weir__text_printf(text, ".\n# TYPE weir_queue_refused_total counter\n");
	for (i = WEIR__REFUSAL_NONE + 1; i < WEIR__REFUSAL_COUNT; i++)
		weir__text_printf(
			text, "weir_queue_refused_total{reason=\"%s\"} %" PRIu64 "\n",
			refusal_keys[i],
			weir__counter_get(
				&acceptor->counters[WEIR_SCOPE_PUBLIC].queue_refusals[i]));
}

void weir__queue_metrics(struct weir__acceptor *acceptor, struct weir__text *text)
{
	struct weir__queue_view view;
	unsigned i;

	weir__queue_look(acceptor->options.queue, weir_now(), &view);
	write_refusal_metrics(acceptor, text);
	weir__text_printf(text,
			  "# HELP weir_queue_overloaded 1 while the requests of this priority "
			  "wait for over the target, and late ones are refused.\n"
			  "# TYPE weir_queue_overloaded gauge\n");
	for (i = 0; i < WEIR__PRIORITIES; i++)
		weir__text_printf(text, "weir_queue_overloaded{priority=\"%s\"} %d\n",
				  priority_keys[i], view.overloaded[i]);
	weir__text_printf(text, "# HELP weir_queue_oldest_seconds How long the request has waited "
				"that has waited longest.\n"
				"# TYPE weir_queue_oldest_seconds gauge\n"
				"weir_queue_oldest_seconds ");
	weir__text_seconds(text, view.age);
	weir__text_printf(text, "\n# HELP weir_queue_drain_seconds How long as many requests as "
				"wait take to get a worker, by the measured rate.\n"
				"# TYPE weir_queue_drain_seconds gauge\n"
				"weir_queue_drain_seconds ");
	weir__text_seconds(text, view.drain_time);
	weir__text_printf(text, "\n");
}
