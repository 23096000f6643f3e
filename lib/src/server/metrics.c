/* metrics.c: the server in numbers: Prometheus' text format (exposition format 0.0.4) and
 * JSON. Counts of ordinary listeners only. */
#include <errno.h>
#include <inttypes.h>

#include "base/text.h"
#include "http/queue_status.h"
#include "server/forecast.h"
#include "server/server_private.h"

static void family(struct weir__text *text, const char *name, const char *type, const char *help)
{
	weir__text_printf(text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void counter(struct weir__text *text, const char *name, const char *help, uint64_t value)
{
	family(text, name, "counter", help);
	weir__text_printf(text, "%s %" PRIu64 "\n", name, value);
}

static void gauge(struct weir__text *text, const char *name, const char *help, uint64_t value)
{
	family(text, name, "gauge", help);
	weir__text_printf(text, "%s %" PRIu64 "\n", name, value);
}

static void counters(struct weir__text *text, const struct weir__counters *from)
{
	int i;

#define METRIC(field, name, help)                                                                  \
	family(text, name, "counter", help);                                                       \
	weir__text_printf(text, name " %" PRIu64 "\n", weir__counter_get(&from->field));
	WEIR__COUNTERS(METRIC)
#undef METRIC
	family(text, "weir_requests_cancelled_total", "counter",
	       "Requests whose token was tripped before their handler had answered.");
	for (i = WEIR_REASON_NONE + 1; i < WEIR_REASON_COUNT; i++)
		weir__text_printf(
			text, "weir_requests_cancelled_total{reason=\"%s\"} %" PRIu64 "\n",
			weir_reason_key(i), weir__counter_get(&from->requests_cancelled[i]));
	family(text, "weir_responses_total", "counter", "Answers by the hundreds of their status.");
	for (i = 1; i < 6; i++)
		weir__text_printf(text, "weir_responses_total{class=\"%dxx\"} %" PRIu64 "\n", i,
				  weir__counter_get(&from->responses[i]));
}

static void histogram(struct weir__text *text, const char *name, const char *help,
		      const struct weir__histogram *from)
{
	static const char *const labels[] = {
#define LABEL(bound, label) label,
		WEIR__BUCKETS(LABEL)
#undef LABEL
			"+Inf"};
	uint64_t sum = 0;
	int i;

	family(text, name, "histogram", help);
	for (i = 0; i <= WEIR__BUCKET_COUNT; i++) {
		sum += weir__counter_get(&from->buckets[i]);
		weir__text_printf(text, "%s_bucket{le=\"%s\"} %" PRIu64 "\n", name, labels[i], sum);
	}
	weir__text_printf(text, "%s_sum ", name);
	weir__text_seconds(text, (weir_time)weir__counter_get(&from->sum));
	weir__text_printf(text, "\n%s_count %" PRIu64 "\n", name, sum);
}

static void phases(struct weir__text *text, const struct weir__census *census)
{
	family(text, "weir_requests_in_flight", "gauge",
	       "Requests that were accepted and are not finished, by what they wait for.");
	weir__text_printf(text,
			  "weir_requests_in_flight{phase=\"receiving\"} %u\n"
			  "weir_requests_in_flight{phase=\"queued\"} %u\n"
			  "weir_requests_in_flight{phase=\"running\"} %u\n"
			  "weir_requests_in_flight{phase=\"replying\"} %u\n",
			  census->receiving, census->queued, census->running, census->replying);
}

/* Everything on the acceptor's thread, so that the sums hold at that moment. */
struct page {
	struct weir_server *server;
	struct weir__text text;
};

static void write_metrics(struct weir__acceptor *acceptor, void *arg)
{
	struct page *page = arg;
	struct weir_server *server = page->server;
	struct weir__text *text = &page->text;
	struct weir__census census = {0};
	struct weir__pool_size workers;

	weir__requests_count(acceptor, &census);
	weir__pool_size(&server->pool, &workers);
	counters(text, &acceptor->counters[WEIR_SCOPE_PUBLIC]);
	phases(text, &census);
	gauge(text, "weir_connections_open", "Connections that are open.",
	      weir__counter_get(&acceptor->connections));
	gauge(text, "weir_upgraded_open", "Connections that have left HTTP and are open.",
	      weir__counter_get(&acceptor->upgraded));
	gauge(text, "weir_sockets_lingering",
	      "Sockets that are read to their end after an early answer.",
	      weir__counter_get(&acceptor->lingering));
	gauge(text, "weir_queue_depth", "Requests that wait for a worker.",
	      weir__queue_count(&server->queue));
	gauge(text, "weir_queue_capacity", "How many may wait.", server->queue.limit);
	gauge(text, "weir_workers", "Worker threads.", workers.now);
	gauge(text, "weir_workers_min", "How many there are at least.", server->options.workers);
	gauge(text, "weir_workers_max", "How many there can be.", server->options.workers_max);
	counter(text, "weir_workers_started_total",
		"Workers that were started because requests waited and all others were blocked.",
		workers.grown);
	counter(text, "weir_workers_ended_total", "Workers that ended because they were idle.",
		workers.shrunk);
	counter(text, "weir_workers_failed_total", "Workers that could not be started.",
		workers.failed);
	gauge(text, "weir_workers_busy", "Workers that are running a handler.", census.busy);
	gauge(text, "weir_drain_phase",
	      "0 running, 1 lame duck, 2 closing, 3 grace, 4 cancelling, 5 forcing, 6 teardown, 7 "
	      "done.",
	      (uint64_t)weir__drain_phase(&server->drain));
	weir__queue_metrics(acceptor, text);
	histogram(text, "weir_queue_wait_seconds",
		  "How long requests waited for a worker that got one.",
		  &acceptor->counters[WEIR_SCOPE_PUBLIC].queue_wait);
	histogram(text, "weir_request_duration_seconds",
		  "From a request's header to the end of its answer, or of the request.",
		  &acceptor->counters[WEIR_SCOPE_PUBLIC].duration);
	weir__forecast_metrics(server, text);
}

static void write_status(struct weir__acceptor *acceptor, void *arg)
{
	struct page *page = arg;
	struct weir_server *server = page->server;
	struct weir__text *text = &page->text;
	const struct weir__counters *from = &acceptor->counters[WEIR_SCOPE_PUBLIC];
	struct weir__census census = {0};
	struct weir__pool_size workers;
	char who[WEIR__DRAIN_WHO];
	uint64_t cancelled = 0;
	int reason;

	weir__requests_count(acceptor, &census);
	weir__pool_size(&server->pool, &workers);
	for (reason = 0; reason < WEIR_REASON_COUNT; reason++)
		cancelled += weir__counter_get(&from->requests_cancelled[reason]);
	weir__text_printf(text, "{\"version\":\"%s\",\"phase\":\"%s\",", weir_version(),
			  weir_phase_key((int)weir__drain_phase(&server->drain)));
	if (weir__drain_requested(&server->drain)) {
		weir__text_append(text, "\"drain\":{\"asked_by\":", 20);
		weir__drain_who(&server->drain, who);
		weir__text_json(text, who);
		weir__text_append(text, ",\"seconds_left\":", 16);
		weir__text_seconds(text, weir__drain_left(&server->drain));
		weir__text_append(text, "},", 2);
	}
	weir__queue_describe(acceptor, text);
	weir__text_append(text, ",", 1);
	weir__text_printf(text,
			  "\"workers\":{\"count\":%u,\"busy\":%u,\"min\":%u,\"max\":%u,"
			  "\"started\":%" PRIu64 ",\"ended\":%" PRIu64 "},",
			  workers.now, census.busy, server->options.workers,
			  server->options.workers_max, workers.grown, workers.shrunk);
	weir__text_printf(text, "\"connections\":%" PRIu64 ",\"upgraded\":%" PRIu64 ",",
			  weir__counter_get(&acceptor->connections),
			  weir__counter_get(&acceptor->upgraded));
	weir__text_printf(text,
			  "\"in_flight\":{\"receiving\":%u,\"queued\":%u,\"running\":%u,"
			  "\"replying\":%u},",
			  census.receiving, census.queued, census.running, census.replying);
	weir__text_printf(text,
			  "\"requests\":{\"accepted\":%" PRIu64 ",\"answered\":%" PRIu64
			  ",\"refused\":%" PRIu64 ",\"cancelled\":%" PRIu64 ",\"cut\":%" PRIu64
			  "},\"details\":[",
			  weir__counter_get(&from->requests_accepted),
			  weir__counter_get(&from->requests_answered),
			  weir__counter_get(&from->requests_refused), cancelled,
			  weir__counter_get(&from->requests_cut));
	weir__requests_describe(acceptor, text);
	weir__text_append(text, "],", 2);
	weir__forecast_status(server, text);
	weir__text_append(text, "\"tasks\":[", 9);
	weir__tasks_describe(&server->tasks, text);
	weir__text_append(text, "]}\n", 3);
}

static int write_page(weir_server *server,
		      void (*write)(struct weir__acceptor *acceptor, void *page), char **text,
		      size_t *size)
{
	struct page page = {server, WEIR__TEXT_EMPTY};
	bool begun;

	(void)pthread_mutex_lock(&server->lock);
	begun = server->has_acceptor;
	(void)pthread_mutex_unlock(&server->lock);
	if (!begun)
		return -EINVAL;
	weir__acceptor_call(&server->acceptor, write, &page);
	return weir__text_take(&page.text, text, size);
}

int weir_server_metrics(weir_server *server, char **text, size_t *size)
{
	return write_page(server, write_metrics, text, size);
}

int weir_server_status(weir_server *server, char **text, size_t *size)
{
	return write_page(server, write_status, text, size);
}
