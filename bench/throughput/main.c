/* throughput: how many small requests a second does a server answer, and at what cost?
 *
 * Weir sends every request through its queue to a worker that may block. The question is
 * what that costs beside servers which do less: nginx and libmicrohttpd, which answer on
 * the event loop, and Go, which has a goroutine for each connection.
 *
 * A result that would change a decision: fewer requests a second than nginx at 64
 * connections (the way through the queue is then too dear, and simple handlers would have
 * to be offered an inline way); or a p50 at one connection above Go's (then the acceptor
 * must spin for a while before it sleeps).
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/args.h"
#include "../support/begin.h"
#include "../support/guard.h"
#include "../support/say.h"
#include "../support/wrk.h"
#include "throughput.h"

#define ABOUT                                                                                      \
	"Measures requests per second, latency and processor time of Weir and its peers:\n"        \
	"Go's net/http, nginx, and libmicrohttpd with an inline handler."

/* Descriptors that wrk and a server need beside the connections. */
#define SPARE_DESCRIPTORS 256

static int parse(int argc, char **argv, struct throughput *bench, unsigned *only, const char **out)
{
	bool quick = false;
	const struct bench_args_option options[] = {
		{"rounds", BENCH_ARGS_NUMBER, &bench->rounds, 1, 100, NULL, "N",
		 "rounds of each point (default 3)"},
		{"seconds", BENCH_ARGS_NUMBER, &bench->seconds, 1, 600, NULL, "S",
		 "length of a round in whole seconds (default 3)"},
		{"connections", BENCH_ARGS_NUMBERS, &bench->connections, 1, 60000, NULL, "LIST",
		 "numbers of connections (default 1,64,1024,4096)"},
		{"only", BENCH_ARGS_NAMES, only, 0, 0, bench_peer_names, "LIST",
		 "servers out of weir,go,nginx,mhd (default all)"},
		{"quick", BENCH_ARGS_FLAG, &quick, 0, 0, NULL, NULL,
		 "one round of one second, unless said otherwise"},
		{"out", BENCH_ARGS_TEXT, out, 0, 0, NULL, "DIR",
		 "where results go (default bench-results in the build tree)"},
	};
	int code =
		bench_args_parse(argc, argv, ABOUT, options, sizeof(options) / sizeof(options[0]));

	if (bench->rounds == 0)
		bench->rounds = quick ? 1 : 3;
	if (bench->seconds == 0)
		bench->seconds = quick ? 1 : 3;
	if (bench->connections.count == 0)
		bench->connections = (struct bench_args_numbers){{1, 64, 1024, 4096}, 4};
	return code;
}

static int check_descriptors(const struct throughput *bench)
{
	long limit = bench_machine_raise_descriptors();

	if (limit < 0) {
		bench_say("RLIMIT_NOFILE: %s", strerror((int)-limit));
		return (int)limit;
	}
	for (size_t i = 0; i < bench->connections.count; i++) {
		if (bench->connections.values[i] + SPARE_DESCRIPTORS > (unsigned long)limit) {
			bench_say("%u connections need more than the %ld descriptors allowed here",
				  bench->connections.values[i], limit);
			return -EMFILE;
		}
	}
	return 0;
}

static int run(struct throughput *bench, unsigned only, const char *dir)
{
	static const char *const programs[] = {"hello", NULL};
	int failed, result = 0;

	/* Before anything runs: the load of others is of interest, not our own. */
	bench_machine_read(&bench->machine);
	for (enum bench_peer_id id = 0; result == 0 && id < BENCH_PEERS; id++) {
		if (only & (1U << id))
			result = bench_peer_find(&bench->peers[id], id, programs);
	}
	if (result != 0)
		return result;
	failed = measure_all(bench);
	bench_machine_end(&bench->machine);
	result = report(bench, dir);
	return result != 0 ? result : failed;
}

int main(int argc, char **argv)
{
	struct throughput bench = {0};
	unsigned only = (1U << BENCH_PEERS) - 1, limit;
	const char *out = NULL;
	char dir[PATH_MAX];
	int result, code = parse(argc, argv, &bench, &only, &out);

	if (code >= 0)
		return code;
	if (check_descriptors(&bench) != 0)
		return 1;
	/* Room for compiling, and for each run of wrk to take as long as it is let. */
	limit = 600 + bench.rounds * (unsigned)bench.connections.count * BENCH_PEERS *
			      (bench.seconds + 30);
	if (bench_begin(dir, sizeof(dir), out, limit) != 0)
		return 1;
	bench.points =
		calloc(bench.connections.count * BENCH_PEERS * bench.rounds, sizeof(*bench.points));
	result = bench.points ? bench_wrk_find(bench.wrk, sizeof(bench.wrk)) : -ENOMEM;
	if (result == -ENOENT)
		bench_say("wrk is not installed, and this bench cannot do without it");
	else if (result != 0)
		bench_say("cannot begin: %s", strerror(-result));
	else
		result = run(&bench, only, dir);
	for (size_t i = 0; i < BENCH_PEERS; i++)
		bench_server_end(&bench.servers[i]);
	free(bench.points);
	bench_guard_end();
	return result == 0 ? 0 : 1;
}
