/* measure.c: what is measured, and the rounds. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../support/child.h"
#include "../support/clock.h"
#include "../support/parse.h"
#include "../support/sample.h"
#include "../support/say.h"
#include "token.h"

#define RUN_LIMIT (60 * BENCH_S)

#define NS "ns", 1e3
#define US "us", 1e6

/* Rows of one part and size stand together: they come from one call. */
const struct row rows[] = {
	{"check", "check", "check, depth %u", NS, 0, false},
	{"check", "bare", "the same, nothing recorded", NS, 0, false},
	{"check", "turns", "the same, two places in turn", NS, 0, false},
	{"check", "check", "check, depth %u", NS, 1, false},
	{"check", "check", "check, depth %u", NS, 10, false},
	{"check", "check", "check, depth %u", NS, 100, false},
	{"check", "bare", "the same, nothing recorded", NS, 100, false},
	{"create", "create", "create and release", NS, 0, false},
	{"callback", "callback", "add and remove a callback", NS, 0, false},
	{"children", "trip", "trip, %u beneath", US, 1, false},
	{"children", "trip", "trip, %u beneath", US, 10, false},
	{"children", "trip", "trip, %u beneath", US, 100, false},
	{"children", "trip", "trip, %u beneath", US, 1000, false},
	{"children", "trip", "trip, %u beneath", US, 10000, false},
	{"waiters", "wake", "trip to last waiter awake, %u", US, 1, true},
	{"waiters", "wake", "trip to last waiter awake, %u", US, 10, true},
	{"waiters", "wake", "trip to last waiter awake, %u", US, 100, true},
	{"waiters", "wake", "trip to last waiter awake, %u", US, 1000, true},
	{"deadlines", "arm", "set one of %u deadlines", NS, 100000, false},
	{"deadlines", "move", "move one of %u", NS, 100000, false},
	{"deadlines", "disarm", "take away one of %u", NS, 100000, false},
	{"deadlines", "memory", "memory of one, token and all", "bytes", 1, 100000, false},
};
const size_t row_count = sizeof(rows) / sizeof(rows[0]);
_Static_assert(sizeof(rows) / sizeof(rows[0]) <= ROWS_MAX, "ROWS_MAX");

double *value_at(const struct token_bench *bench, size_t row, enum peer peer, unsigned round)
{
	return &bench->values[(row * PEERS + peer) * bench->rounds + round];
}

static bool same_call(size_t a, size_t b)
{
	return strcmp(rows[a].part, rows[b].part) == 0 && rows[a].n == rows[b].n;
}

/* "NAME VALUE", for the row of that name among those of the call that begins at `first`. */
static int take_line(const struct token_bench *bench, size_t first, enum peer peer, unsigned round,
		     const char *line)
{
	for (size_t row = first; row < row_count && same_call(row, first); row++) {
		size_t length = strlen(rows[row].result);
		uint64_t value;

		if (strncmp(line, rows[row].result, length) != 0 || line[length] != ' ')
			continue;
		if (bench_parse_after(line + length, " ", INT64_MAX, &value) != 0)
			return -EBADMSG;
		*value_at(bench, row, peer, round) = (double)value / rows[row].divisor;
		return 0;
	}
	return 0; /* a result that no row asks for */
}

static int run_peer(const struct token_bench *bench, size_t first, enum peer peer, unsigned round)
{
	int64_t deadline = bench_now() + RUN_LIMIT;
	char n[16];
	const char *argv[] = {bench->peers[peer].program, rows[first].part, n, NULL};
	struct bench_child child;
	char *line;
	int result;

	(void)snprintf(n, sizeof(n), "%u", rows[first].n);
	result = bench_child_start(
		&child, &(struct bench_child_options){.name = peer_names[peer], .argv = argv});
	if (result != 0)
		return result;
	while ((result = bench_child_line(&child, deadline, &line)) == 1) {
		result = take_line(bench, first, peer, round, line);
		if (result != 0)
			break;
	}
	if (result == 0)
		result = bench_child_expect_success(&child, deadline);
	else
		bench_child_complain(&child, strerror(-result));
	bench_child_end(&child);
	return result;
}

int measure(struct token_bench *bench)
{
	int failed = 0;

	for (unsigned round = 0; round < bench->rounds; round++) {
		bench_say("round %u of %u", round + 1, bench->rounds);
		for (size_t row = 0; row < row_count; row++) {
			if (row > 0 && same_call(row, row - 1))
				continue;
			for (enum peer peer = 0; peer < PEERS; peer++) {
				if (!bench_peer_usable(&bench->peers[peer]) ||
				    run_peer(bench, row, peer, round) == 0)
					continue;
				bench_peer_fail(&bench->peers[peer]);
				failed = -EIO;
			}
		}
	}
	return failed;
}

static double finish_median(struct bench_sample *sample)
{
	double median = bench_sample_median(sample);

	bench_sample_free(sample);
	return median;
}

double median_at(const struct token_bench *bench, size_t row, enum peer peer)
{
	struct bench_sample sample = {0};

	for (unsigned round = 0; round < bench->rounds; round++) {
		double value = *value_at(bench, row, peer, round);

		if (!isnan(value) && bench_sample_add(&sample, value) != 0)
			break;
	}
	return finish_median(&sample);
}

double ratio_at(const struct token_bench *bench, size_t row, bool threads_only)
{
	struct bench_sample sample = {0};

	for (unsigned round = 0; round < bench->rounds; round++) {
		double fastest = NAN, ratio;

		for (enum peer peer = PEER_WEIR + 1; peer < PEERS; peer++)
			if (peer != PEER_GO || !threads_only)
				fastest = fmin(fastest, *value_at(bench, row, peer, round));
		ratio = *value_at(bench, row, PEER_WEIR, round) / fastest;
		if (isfinite(ratio) && bench_sample_add(&sample, ratio) != 0)
			break;
	}
	return finish_median(&sample);
}
