/* stop.c: from the last handler's end to the return of the stop.
 *
 * Both peers do their runs in one process each time, in blocks that alternate. How long a
 * handler works on after the stop was asked for is spread evenly over 0 to --hold, in the
 * same way for both: Go looks at ever longer intervals whether it is done, so it depends
 * on that.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../support/child.h"
#include "../support/clock.h"
#include "../support/parse.h"
#include "../support/say.h"
#include "drain_latency.h"

#define BLOCKS 5
#define RUN_LIMIT (10 * BENCH_S) /* beside the hold */

static int read_samples(struct bench_child *child, struct series *series, unsigned first,
			unsigned count, int64_t deadline)
{
	for (unsigned i = 0; i < count; i++) {
		uint64_t nanoseconds = 0;
		char *line;
		int result = bench_child_line(child, deadline, &line);

		if (result == 0) {
			/* It has ended early: its exit code and stderr say why. */
			result = bench_child_expect_success(child, deadline);
			return result != 0 ? result : -EPIPE;
		}
		if (result == 1 && bench_parse_after(line, "sample ", INT64_MAX, &nanoseconds) != 0)
			result = -EBADMSG;
		if (result < 0) {
			bench_child_complain(child, strerror(-result));
			return result;
		}
		series->values[first + i] = (double)nanoseconds / 1e6;
	}
	return bench_child_expect_success(child, deadline);
}

static int measure_block(struct drain_latency *bench, struct series *series, unsigned first,
			 unsigned count)
{
	const struct bench_peer *peer = &bench->peers[series->peer];
	char program[PATH_MAX], runs[16], hold[16], from[16], name[32];
	const char *argv[] = {program, runs, hold, from, NULL};
	struct bench_child child;
	int result = bench_peer_program(peer, "stop", program, sizeof(program));

	if (result != 0)
		return result;
	if (snprintf(runs, sizeof(runs), "%u", count) < 0 ||
	    snprintf(hold, sizeof(hold), "%u", bench->hold) < 0 ||
	    snprintf(from, sizeof(from), "%u", first) < 0 ||
	    snprintf(name, sizeof(name), "%s-stop", peer->name) < 0)
		return -EINVAL;
	result = bench_child_start(&child,
				   &(struct bench_child_options){.name = name, .argv = argv});
	if (result != 0) {
		bench_say("%s cannot be started: %s", name, strerror(-result));
		return result;
	}
	result = read_samples(&child, series, first, count,
			      bench_now() + count * (bench->hold * BENCH_MS + RUN_LIMIT));
	bench_child_end(&child);
	return result;
}

int measure_stop(struct drain_latency *bench)
{
	int result = 0;

	for (unsigned block = 0; block < BLOCKS; block++) {
		for (size_t i = 0; i < PAIRS; i++) {
			struct series *series = &bench->stop[i];
			unsigned count = (unsigned)series->count;
			unsigned first = count * block / BLOCKS;
			unsigned end = count * (block + 1) / BLOCKS;

			if (end == first || !bench_peer_usable(&bench->peers[series->peer]))
				continue;
			bench_say("stop: %s, runs %u to %u of %u", series->name, first + 1, end,
				  count);
			if (measure_block(bench, series, first, end - first) != 0) {
				bench_peer_fail(&bench->peers[series->peer]);
				result = -EIO;
			}
		}
	}
	return result;
}
