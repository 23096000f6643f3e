/* drain_latency: what does a stop cost beyond the work that it waits for?
 *
 * Four answers: the time from the last handler's end to the stop's return; from a cancel
 * to the last answer of many blocked handlers; from SIGTERM to the end of the process with
 * many idle connections; and the memory that such a connection holds while it waits.
 * Beside Go's Server.Shutdown, and nginx where it has the same question.
 *
 * A result that would change a decision: a stop that returns later than 1 ms after the
 * last handler (p99) means that something in the drain polls, or that joining the workers
 * is too dear; more than 9 KiB for an idle connection, that the default of the
 * connection's memory is too large.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>

#include "../support/args.h"
#include "../support/begin.h"
#include "../support/guard.h"
#include "../support/say.h"
#include "drain_latency.h"

#define ABOUT                                                                                      \
	"Measures what a stop of Weir costs: from the last handler's end to the stop's return\n"   \
	"(stop), from a cancel to the last answer (trip), from SIGTERM to exit with idle\n"        \
	"connections, and their memory (idle); beside Go and nginx."

/* Descriptors that the bench and a server need beside the connections. */
#define SPARE_DESCRIPTORS 256L

static const char *const part_names[] = {"stop", "trip", "idle", NULL};

static unsigned choose(unsigned given, bool quick, unsigned short_run, unsigned whole_run)
{
	return given != 0 ? given : quick ? short_run : whole_run;
}

static int parse(int argc, char **argv, struct drain_latency *bench, unsigned *only,
		 const char **out)
{
	static const char *const peers[] = {"weir", "go", "nginx", NULL};
	bool quick = false;
	const struct bench_args_option options[] = {
		{"parts", BENCH_ARGS_NAMES, &bench->parts, 0, 0, part_names, "LIST",
		 "out of stop,trip,idle (default all)"},
		{"only", BENCH_ARGS_NAMES, only, 0, 0, peers, "LIST",
		 "servers out of weir,go,nginx (default all)"},
		{"stops", BENCH_ARGS_NUMBER, &bench->stops, 1, 100000, NULL, "N",
		 "runs of stop (default 200)"},
		{"go-stops", BENCH_ARGS_NUMBER, &bench->go_stops, 1, 100000, NULL, "N",
		 "runs of stop with Go, which takes longer (default 40)"},
		{"hold", BENCH_ARGS_NUMBER, &bench->hold, 1, 10000, NULL, "MS",
		 "longest work of a handler after the stop (default 1000)"},
		{"trips", BENCH_ARGS_NUMBER, &bench->trips, 1, 10000, NULL, "N",
		 "runs of trip (default 20)"},
		{"handlers", BENCH_ARGS_NUMBER, &bench->handlers, 1, 1024, NULL, "N",
		 "blocked handlers (default 256)"},
		{"rounds", BENCH_ARGS_NUMBER, &bench->rounds, 1, 100, NULL, "N",
		 "rounds of idle (default 5)"},
		{"connections", BENCH_ARGS_NUMBER, &bench->connections, 1, 15000, NULL, "N",
		 "idle connections (default 10000)"},
		{"quick", BENCH_ARGS_FLAG, &quick, 0, 0, NULL, NULL,
		 "a fraction of all that, unless said otherwise"},
		{"out", BENCH_ARGS_TEXT, out, 0, 0, NULL, "DIR",
		 "where results go (default bench-results in the build tree)"},
	};
	int code =
		bench_args_parse(argc, argv, ABOUT, options, sizeof(options) / sizeof(options[0]));

	bench->stops = choose(bench->stops, quick, 20, 200);
	bench->go_stops = choose(bench->go_stops, quick, 5, 40);
	bench->hold = choose(bench->hold, quick, 200, 1000);
	bench->trips = choose(bench->trips, quick, 3, 20);
	bench->handlers = choose(bench->handlers, quick, 256, 256);
	bench->rounds = choose(bench->rounds, quick, 1, 5);
	bench->connections = choose(bench->connections, quick, 1000, 10000);
	return code;
}

/* As many connections as the bench, and a server of its limits, can hold. */
static int fit_connections(struct drain_latency *bench)
{
	long limit = bench_machine_raise_descriptors();

	if (limit < 2 * SPARE_DESCRIPTORS) {
		bench_say("too few descriptors are allowed here");
		return limit < 0 ? (int)limit : -EMFILE;
	}
	if (bench->connections > (unsigned long)(limit - SPARE_DESCRIPTORS)) {
		bench->connections = (unsigned)(limit - SPARE_DESCRIPTORS);
		bench_say("%ld descriptors are allowed here: %u connections", limit,
			  bench->connections);
	}
	return 0;
}

static int create_series(struct drain_latency *bench)
{
	static const enum bench_peer_id pair[PAIRS] = {BENCH_WEIR, BENCH_GO};
	static const enum bench_peer_id idle[IDLES] = {BENCH_WEIR, BENCH_GO, BENCH_NGINX,
						       BENCH_NGINX};
	static const char *const idle_names[IDLES] = {"weir", "go", "nginx SIGTERM",
						      "nginx SIGQUIT"};
	const unsigned stops[PAIRS] = {bench->stops, bench->go_stops};
	int result = 0;

	for (size_t i = 0; result == 0 && i < PAIRS; i++) {
		const char *name = bench_peer_names[pair[i]];

		result = series_create(&bench->stop[i], name, pair[i], stops[i]);
		if (result == 0)
			result = series_create(&bench->trip[i], name, pair[i], bench->trips);
	}
	for (size_t i = 0; result == 0 && i < IDLES; i++) {
		result = series_create(&bench->exits[i], idle_names[i], idle[i], bench->rounds);
		if (result == 0)
			result = series_create(&bench->memory[i], bench_peer_names[idle[i]],
					       idle[i], bench->rounds);
	}
	return result;
}

static void free_series(struct drain_latency *bench)
{
	for (size_t i = 0; i < PAIRS; i++) {
		series_free(&bench->stop[i]);
		series_free(&bench->trip[i]);
	}
	for (size_t i = 0; i < IDLES; i++) {
		series_free(&bench->exits[i]);
		series_free(&bench->memory[i]);
	}
}

static int run(struct drain_latency *bench, unsigned only, const char *dir)
{
	static const char *const programs[] = {"hello", "stop", "trip", NULL};
	static int (*const measure[PARTS])(struct drain_latency *) = {
		[PART_STOP] = measure_stop, [PART_TRIP] = measure_trip, [PART_IDLE] = measure_idle};
	int failed = 0, result = 0;

	/* Before anything runs: the load of others is of interest, not our own. */
	bench_machine_read(&bench->machine);
	for (enum bench_peer_id id = BENCH_WEIR; result == 0 && id <= BENCH_NGINX; id++) {
		if (only & (1U << id))
			result = bench_peer_find(&bench->peers[id], id, programs);
	}
	if (result != 0)
		return result;
	for (enum part part = 0; part < PARTS; part++) {
		if ((bench->parts & (1U << part)) && measure[part](bench) != 0)
			failed = -EIO;
	}
	bench_machine_end(&bench->machine);
	result = report(bench, dir);
	return result != 0 ? result : failed;
}

/* Room for each run to take as long as it is let. */
static unsigned time_limit(const struct drain_latency *bench)
{
	unsigned stop = (bench->stops + bench->go_stops) * (10 + bench->hold / 1000);

	return 1200 + stop + bench->trips * 100 + bench->rounds * IDLES * 180;
}

int main(int argc, char **argv)
{
	struct drain_latency bench = {.parts = (1U << PARTS) - 1};
	unsigned only = (1U << BENCH_WEIR) | (1U << BENCH_GO) | (1U << BENCH_NGINX);
	const char *out = NULL;
	char dir[PATH_MAX];
	int result, code = parse(argc, argv, &bench, &only, &out);

	if (code >= 0)
		return code;
	if (fit_connections(&bench) != 0)
		return 1;
	if (bench_begin(dir, sizeof(dir), out, time_limit(&bench)) != 0)
		return 1;
	result = create_series(&bench);
	if (result == 0)
		result = run(&bench, only, dir);
	free_series(&bench);
	bench_guard_end();
	return result == 0 ? 0 : 1;
}
