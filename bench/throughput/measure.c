/* measure.c: the rounds.
 *
 * All servers run from the first round to the last, and all but one are idle at a time.
 * The rounds are interleaved (A B C D, B C D A, ...), so that whatever changes on the
 * machine meanwhile changes for all of them, and none always comes after the same one.
 */
#include <errno.h>
#include <string.h>

#include "../support/say.h"
#include "../support/wrk.h"
#include "throughput.h"

static int measure(const struct throughput *bench, size_t peer, unsigned connections,
		   struct point *point)
{
	const struct bench_server *server = &bench->servers[peer];
	struct bench_wrk wrk;
	int64_t before, after;
	int result = bench_proc_cpu(&server->proc, &before);

	if (result == 0)
		result = bench_wrk_run(server->port, connections, bench->seconds, &wrk);
	if (result == 0)
		result = bench_proc_cpu(&server->proc, &after);
	if (result != 0) {
		bench_say("%s, %u connections: %s", bench->peers[peer].name, connections,
			  strerror(-result));
		return result;
	}
	*point = (struct point){.there = true,
				.rate = (double)wrk.requests / wrk.seconds,
				.p50 = wrk.p50,
				.p99 = wrk.p99,
				.cpu = (double)(after - before) / 1000 / (double)wrk.requests,
				.errors = (double)wrk.errors};
	return 0;
}

static int measure_round(struct throughput *bench, size_t connections, unsigned round)
{
	int result = 0;

	for (size_t i = 0; i < BENCH_PEERS; i++) {
		size_t peer = (i + round) % BENCH_PEERS;
		unsigned count = bench->connections.values[connections];

		if (!bench_peer_usable(&bench->peers[peer]))
			continue;
		bench_say("round %u of %u: %u connections, %s", round + 1, bench->rounds, count,
			  bench->peers[peer].name);
		if (measure(bench, peer, count, point_at(bench, connections, peer, round)) != 0) {
			bench_child_complain(&bench->servers[peer].child, "could not be measured");
			bench_peer_fail(&bench->peers[peer]);
			bench_server_end(&bench->servers[peer]);
			result = -EIO;
		}
	}
	return result;
}

static int start_all(struct throughput *bench)
{
	int result = 0;

	for (size_t i = 0; i < BENCH_PEERS; i++) {
		if (!bench_peer_usable(&bench->peers[i]))
			continue;
		if (bench_server_start(&bench->servers[i], &bench->peers[i]) != 0) {
			bench_peer_fail(&bench->peers[i]);
			result = -EIO;
		}
	}
	return result;
}

static int stop_all(struct throughput *bench)
{
	int result = 0;

	for (size_t i = 0; i < BENCH_PEERS; i++) {
		if (bench_peer_usable(&bench->peers[i]) &&
		    bench_server_stop(&bench->servers[i]) != 0) {
			bench_peer_fail(&bench->peers[i]);
			result = -EIO;
		}
	}
	return result;
}

int measure_all(struct throughput *bench)
{
	int result = start_all(bench);

	for (unsigned round = 0; round < bench->rounds; round++) {
		for (size_t i = 0; i < bench->connections.count; i++) {
			int failed = measure_round(bench, i, round);

			if (failed != 0)
				result = failed;
		}
	}
	if (stop_all(bench) != 0)
		result = -EIO;
	return result;
}
