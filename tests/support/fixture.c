/* support/fixture.c: see fixture.h. */
#include "support/fixture.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/must.h"
#include "support/tls.h"

/* The same tests once more, over TLS. */
static bool over_tls(const char *address)
{
	return getenv("WEIR_TEST_TLS") != NULL && strncmp(address, "unix:", 5) != 0;
}

#ifdef WEIR_TEST_TLS
static void listen_tls(weir_server *server, const char *address)
{
	static const char *const hosts[] = {"localhost", NULL};
	struct scratch scratch;
	char pem[PATH_MAX + 16], key[PATH_MAX + 16], problem[256] = "";
	struct weir_tls_pair pair = {pem, key};
	struct weir_tls_options options = {.pairs = &pair, .pair_count = 1};
	weir_tls *tls;
	int rc;

	scratch_make(&scratch);
	tls_make_certificate(&scratch, "server", "localhost", hosts, NULL);
	(void)snprintf(pem, sizeof(pem), "%s/server.pem", scratch.path);
	(void)snprintf(key, sizeof(key), "%s/server.key", scratch.path);
	rc = weir_tls_load(&options, &tls, problem, sizeof(problem));
	must(rc == 0, "weir_tls_load: %s", problem);
	scratch_remove(&scratch);
	weir_server_set_tls(server, tls);
	weir_tls_unref(tls);
	rc = weir_server_listen_tls(server, address, WEIR_SCOPE_PUBLIC);
	must(rc == 0, "weir_server_listen_tls: %s", strerror(-rc));
}
#else
static void listen_tls(weir_server *server, const char *address)
{
	(void)server;
	must(false, "%s: these tests were built without TLS", address);
}
#endif

void fixture_create(struct fixture *fixture, const struct weir_server_options *options)
{
	struct weir_server_options own = {0};
	const char *listen;
	int rc;

	*fixture = (struct fixture){0};
	log_capture_init(&fixture->log);
	if (options != NULL)
		own = *options;
	if (own.listen == NULL)
		own.listen = "127.0.0.1:0";
	listen = over_tls(own.listen) ? own.listen : NULL;
	if (listen != NULL)
		own.listen = NULL;
	if (own.log == NULL) {
		own.log = log_capture_write;
		own.log_arg = &fixture->log;
	}
	/* On a busy machine a burst may have to wait for longer than any target. */
	if (own.queue_target == 0)
		own.queue_target = WEIR_NONE;
	if (own.log_level < WEIR_LOG_INFO)
		own.log_level = WEIR_LOG_INFO;
	rc = weir_server_create(&own, &fixture->server);
	must(rc == 0, "weir_server_create: %s", strerror(-rc));
	if (listen != NULL)
		listen_tls(fixture->server, listen);
}

void fixture_route_with(struct fixture *fixture, const char *pattern, weir_handler handler,
			void *context, const struct weir_route_options *options)
{
	int rc = weir_server_route(fixture->server, pattern, handler, context, options);

	must(rc == 0, "weir_server_route(\"%s\"): %s", pattern, strerror(-rc));
}

void fixture_route(struct fixture *fixture, const char *pattern, weir_handler handler,
		   void *context)
{
	fixture_route_with(fixture, pattern, handler, context, NULL);
}

void fixture_start(struct fixture *fixture)
{
	int rc = weir_server_start(fixture->server);

	must(rc == 0, "weir_server_start: %s", strerror(-rc));
	fixture->url = weir_server_url(fixture->server, 0);
	must(fixture->url != NULL, "no listener");
}

void fixture_serve(struct fixture *fixture, const struct weir_server_options *options,
		   const char *pattern, weir_handler handler, void *context)
{
	fixture_create(fixture, options);
	fixture_route(fixture, pattern, handler, context);
	fixture_start(fixture);
}

void fixture_begin_stop(struct fixture *fixture)
{
	weir_time until = weir_after(MUST_PATIENCE);

	weir_server_stop(fixture->server, "test");
	while (metrics_now(fixture->server, "weir_drain_phase") < WEIR_PHASE_GRACE) {
		must(weir_now() < until, "the stop does not come to its grace");
		poll(NULL, 0, 1);
	}
}

static void check_report(const struct weir_report *report)
{
	const struct weir_report_counts *counts = &report->counts;
	weir_time phases = 0;

	must(counts->in_flight + counts->arrived == counts->answered + counts->refused +
							    counts->cancelled + counts->cut +
							    counts->abandoned,
	     "report: in flight %" PRIu64 ", arrived %" PRIu64 ", answered %" PRIu64
	     ", refused %" PRIu64 ", cancelled %" PRIu64 ", cut %" PRIu64 ", abandoned %" PRIu64,
	     counts->in_flight, counts->arrived, counts->answered, counts->refused,
	     counts->cancelled, counts->cut, counts->abandoned);
	must(report->straggler_count <= report->straggler_total, "%zu of %zu stragglers named",
	     report->straggler_count, report->straggler_total);
	must(report->outcome != WEIR_CLEAN || (counts->cut == 0 && counts->abandoned == 0),
	     "a clean stop that cut %" PRIu64 " and abandoned %" PRIu64, counts->cut,
	     counts->abandoned);
	for (int i = 0; i < WEIR_PHASE_COUNT; i++) {
		must(report->phase_time[i] >= 0, "phase %s took %" PRId64, weir_phase_key(i),
		     report->phase_time[i]);
		if (i != WEIR_PHASE_RUNNING)
			phases += report->phase_time[i];
	}
	must(phases <= report->total, "phases took %" PRId64 " of %" PRId64 " ns", phases,
	     report->total);
}

const struct weir_report *fixture_await(struct fixture *fixture, enum weir_outcome outcome)
{
	struct metrics_account account;
	int rc = weir_server_wait(fixture->server, &fixture->report);

	must(rc >= 0 && fixture->report != NULL, "weir_server_wait: %d", rc);
	must(rc == (int)outcome && fixture->report->outcome == outcome,
	     "outcome %d, in the report %d, expected %d (cut %" PRIu64 ", abandoned %" PRIu64 ")",
	     rc, (int)fixture->report->outcome, (int)outcome, fixture->report->counts.cut,
	     fixture->report->counts.abandoned);
	check_report(fixture->report);
	metrics_account_read(fixture->server, &account);
	metrics_account_check(&account);
	must(outcome == WEIR_ABANDONED || account.in_flight == 0, "%" PRIu64 " still in flight",
	     account.in_flight);
	must(outcome == WEIR_ABANDONED || account.connections_open == 0,
	     "%" PRIu64 " connections still open", account.connections_open);
	return fixture->report;
}

void fixture_destroy(struct fixture *fixture)
{
	weir_server_destroy(fixture->server);
	log_capture_destroy(&fixture->log);
	*fixture = (struct fixture){0};
}

void fixture_finish(struct fixture *fixture)
{
	weir_server_stop(fixture->server, "test");
	fixture_await(fixture, WEIR_CLEAN);
	fixture_destroy(fixture);
}
