/* forecast.c: see forecast.h and http/forecast.h. */
#include "server/forecast.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "http/acceptor.h"

/* Routes that the status lists. */
#define MOST_LISTED 1000

static weir_time plus(weir_time a, weir_time b)
{
	weir_time sum;

	return __builtin_add_overflow(a, b, &sum) ? WEIR_NEVER : sum;
}

/* Of a stop that is under way. */
static void times_of_stop(struct weir_server *server, struct weir__stop_times *out)
{
	weir_time now = weir_now(), grace = weir__drain_grace_end(&server->drain);

	*out = (struct weir__stop_times){
		.cancel = grace > now ? grace - now : 0,
		.cut = weir__drain_left(&server->drain),
	};
}

/* Of one that closes the listeners in `closing`. */
static void times_from(const struct weir__drain_times *times, weir_time closing,
		       struct weir__stop_times *out)
{
	weir_time grace = times->grace, all = times->timeout;

	*out = (struct weir__stop_times){
		.drain = closing,
		.cancel = plus(closing, grace < all ? grace : all),
		.cut = plus(closing, all),
	};
}

void weir__forecast_times(struct weir_server *server, struct weir__stop_times *out)
{
	struct weir__drain_times times = weir__drain_times(&server->drain);
	weir_time left;

	switch (weir__drain_phase(&server->drain)) {
	case WEIR_PHASE_RUNNING:
		times_from(&times, times.lame_duck, out);
		break;
	case WEIR_PHASE_LAME_DUCK:
		left = weir__drain_left(&server->drain) - times.timeout;
		times_from(&times, left > 0 ? left : 0, out);
		break;
	default:
		times_of_stop(server, out);
	}
}

struct asked {
	struct weir_server *server;
	struct weir_forecast *out;
};

static void forecast(struct weir__acceptor *acceptor, void *arg)
{
	struct asked *asked = arg;
	struct weir__stop_times times;

	weir__forecast_times(asked->server, &times);
	weir__forecast(acceptor, &times, asked->out);
}

int weir_server_forecast(weir_server *server, struct weir_forecast *out)
{
	struct asked asked = {server, out};
	bool begun;

	(void)pthread_mutex_lock(&server->lock);
	begun = server->has_acceptor;
	(void)pthread_mutex_unlock(&server->lock);
	if (!begun || !out)
		return -EINVAL;
	weir__acceptor_call(&server->acceptor, forecast, &asked);
	return 0;
}

/* A label's value: exposition format 0.0.4 escapes these three. */
static void label(struct weir__text *text, const char *value)
{
	for (; *value; value++) {
		if (*value == '\n')
			weir__text_append(text, "\\n", 2);
		else if (*value == '\\' || *value == '"')
			weir__text_printf(text, "\\%c", *value);
		else
			weir__text_append(text, value, 1);
	}
}

static bool is_told_of(const struct weir__route *route, struct weir__route_summary *summary)
{
	if (route->options.scope == WEIR_SCOPE_ADMIN)
		return false;
	weir__stats_summarize(&route->stats, summary);
	return summary->runs > 0;
}

static void gap_of_route(void *arg, const struct weir__route *route)
{
	struct weir__text *text = arg;
	struct weir__route_summary summary;

	if (!is_told_of(route, &summary))
		return;
	weir__text_printf(text, "weir_route_longest_look_gap_seconds{route=\"");
	label(text, route->pattern);
	weir__text_printf(text, "\"} ");
	weir__text_seconds(text, summary.gap);
	weir__text_append(text, "\n", 1);
}

static void head(struct weir__text *text, const char *name, const char *help)
{
	weir__text_printf(text, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name);
}

void weir__forecast_metrics(struct weir_server *server, struct weir__text *text)
{
	struct weir_forecast now;

	forecast(&server->acceptor, &(struct asked){server, &now});
	head(text, "weir_intake_paused", "1 while a rehearsal of a stop keeps new work waiting.");
	weir__text_printf(text, "weir_intake_paused %d\n", server->acceptor.rehearsal != NULL);
	head(text, "weir_stop_forecast_seconds",
	     "What a stop would take now, until nothing is in flight.");
	weir__text_printf(text, "weir_stop_forecast_seconds ");
	weir__text_seconds(text, now.time);
	weir__text_append(text, "\n", 1);
	head(text, "weir_stop_forecast_cancelled",
	     "Requests in flight that a stop would cancel, and that would see it in time.");
	weir__text_printf(text, "weir_stop_forecast_cancelled %" PRIu64 "\n", now.cancelled);
	head(text, "weir_stop_forecast_cut",
	     "Requests in flight that would outlast the drain timeout: their connections would be "
	     "cut.");
	weir__text_printf(text, "weir_stop_forecast_cut %" PRIu64 "\n", now.cut);
	head(text, "weir_stop_forecast_route", "The route that a stop would wait for longest.");
	weir__text_printf(text, "weir_stop_forecast_route{route=\"");
	label(text, now.route);
	weir__text_printf(text, "\"} 1\n");
	head(text, "weir_route_longest_look_gap_seconds",
	     "The longest time for which a handler of the route did not look at its token, in the "
	     "last five minutes with requests.");
	weir__router_each(&server->acceptor.routes->router, gap_of_route, text);
}

struct list {
	struct weir__text *text;
	unsigned count;
};

static void member(struct weir__text *text, const char *name, weir_time duration)
{
	weir__text_printf(text, ",\"%s\":", name);
	if (duration == WEIR_NEVER)
		weir__text_append(text, "null", 4);
	else
		weir__text_seconds(text, duration);
}

static void list_route(void *arg, const struct weir__route *route)
{
	struct list *list = arg;
	struct weir__text *text = list->text;
	struct weir__route_summary summary;

	if (list->count == MOST_LISTED || !is_told_of(route, &summary))
		return;
	weir__text_printf(text, "%s{\"route\":", list->count++ ? "," : "");
	weir__text_json(text, route->pattern);
	weir__text_printf(text, ",\"runs\":%" PRIu64, summary.runs);
	member(text, "p50_seconds", summary.timed ? summary.p50 : WEIR_NEVER);
	member(text, "p99_seconds", summary.timed ? summary.p99 : WEIR_NEVER);
	member(text, "longest_seconds", summary.timed ? summary.longest : WEIR_NEVER);
	member(text, "longest_gap_seconds", summary.gap);
	weir__text_printf(text, ",\"looks\":%s}", summary.looks ? "true" : "false");
}

void weir__forecast_status(struct weir_server *server, struct weir__text *text)
{
	struct list list = {text, 0};
	struct weir_forecast now;

	forecast(&server->acceptor, &(struct asked){server, &now});
	weir__text_printf(text, "\"forecast\":{\"seconds\":");
	weir__text_seconds(text, now.time);
	weir__text_printf(text,
			  ",\"in_flight\":%" PRIu64 ",\"cancelled\":%" PRIu64 ",\"cut\":%" PRIu64
			  ",\"route\":",
			  now.in_flight, now.cancelled, now.cut);
	weir__text_json(text, now.route);
	member(text, "gap_seconds", now.gap);
	weir__text_printf(text, "},\"routes\":[");
	weir__router_each(&server->acceptor.routes->router, list_route, &list);
	weir__text_append(text, "],", 2);
}
