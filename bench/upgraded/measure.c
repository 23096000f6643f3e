/* measure.c: two servers that differ only in their idle connections, asked in turns. Which one is
 * first changes with each round, so that whatever else happens on the machine happens to both. */
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../support/clock.h"
#include "../support/place.h"
#include "../support/say.h"
#include "../support/server.h"
#include "../support/wrk.h"
#include "upgraded.h"

/* Opens its idle connections, and sees what they cost. The server has been asked before, so that
 * its threads and tables are there. */
static int fill(struct side *side)
{
	int64_t before, after;
	int result;

	if (side->idle == 0)
		return 0;
	side->fds = calloc(side->idle, sizeof(*side->fds));
	if (!side->fds)
		return -ENOMEM;
	result = bench_proc_rss(&side->proc, &before);
	if (result == 0)
		result = idle_open(side->port, side->idle, side->fds);
	if (result != 0) {
		free(side->fds);
		side->fds = NULL;
		return result;
	}
	result = bench_proc_rss(&side->proc, &after);
	if (result == 0)
		side->memory = (double)(after - before) / 1024 / side->idle;
	return result;
}

static int begin(struct side *side)
{
	char program[PATH_MAX];
	const char *argv[] = {program, NULL};
	int result = bench_place_own(program, sizeof(program), "peers/weir_upgraded");

	side->memory = (double)NAN;
	if (result == 0)
		result = bench_child_start(
			&side->child, &(struct bench_child_options){.name = "weir", .argv = argv});
	if (result != 0)
		return result;
	result = bench_server_read_port(&side->child, bench_now() + 10 * BENCH_S, &side->port);
	if (result == 0)
		result = bench_proc_group(side->child.pid, &side->proc);
	if (result != 0)
		bench_child_end(&side->child);
	return result;
}

static int ask(const struct upgraded *bench, struct side *side, bool counts)
{
	struct bench_wrk wrk;
	int result = bench_wrk_run(side->port, bench->connections, bench->seconds, &wrk);

	if (result != 0 || !counts)
		return result;
	side->errors += (double)wrk.errors;
	result = bench_sample_add(&side->rate, (double)wrk.requests / wrk.seconds);
	if (result == 0)
		result = bench_sample_add(&side->p50, wrk.p50);
	if (result == 0)
		result = bench_sample_add(&side->p99, wrk.p99);
	return result;
}

static int run_rounds(struct upgraded *bench)
{
	int result = 0;

	for (int i = 0; i < SIDES && result == 0; i++) {
		result = ask(bench, &bench->sides[i], false); /* warm */
		if (result == 0)
			result = fill(&bench->sides[i]);
	}
	for (unsigned round = 0; round < bench->rounds && result == 0; round++) {
		bench_say("round %u of %u", round + 1, bench->rounds);
		for (unsigned i = 0; i < SIDES && result == 0; i++)
			result = ask(bench, &bench->sides[(i + round) % SIDES], true);
	}
	return result;
}

int measure(struct upgraded *bench)
{
	int result = 0, begun = 0;

	while (begun < SIDES && result == 0) {
		result = begin(&bench->sides[begun]);
		begun += result == 0;
	}
	if (result == 0)
		result = run_rounds(bench);
	if (result != 0)
		bench_say("cannot measure: %s", strerror(-result));
	while (begun-- > 0) {
		struct side *side = &bench->sides[begun];

		bench_child_end(&side->child);
		if (side->fds)
			idle_close(side->fds, side->idle);
		free(side->fds);
	}
	return result;
}
