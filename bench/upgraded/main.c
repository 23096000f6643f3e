/* upgraded: do idle connections that have left HTTP slow down a plain request?
 *
 * Two servers run the same program. One has thousands of connections that were upgraded and say
 * nothing; both are asked for hello, in turns. Beside the rate and the time to an answer: what
 * such a connection takes of the server's memory.
 *
 * A result that would change a decision: a ratio that grows with the number of idle connections
 * means that something walks them.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>

#include "../support/args.h"
#include "../support/begin.h"
#include "../support/guard.h"
#include "../support/say.h"
#include "../support/wrk.h"
#include "upgraded.h"

#define ABOUT                                                                                      \
	"Asks a server for hello, beside idle connections that have left HTTP and beside none."

static int parse(int argc, char **argv, struct upgraded *bench, const char **out)
{
	bool quick = false;
	const struct bench_args_option options[] = {
		{"idle", BENCH_ARGS_NUMBER, &bench->idle, 1, 100000, NULL, "N",
		 "idle connections (default 10,000)"},
		{"connections", BENCH_ARGS_NUMBER, &bench->connections, 1, 10000, NULL, "N",
		 "connections that ask (default 16)"},
		{"rounds", BENCH_ARGS_NUMBER, &bench->rounds, 1, 1000, NULL, "N",
		 "rounds (default 7)"},
		{"seconds", BENCH_ARGS_NUMBER, &bench->seconds, 1, 60, NULL, "S",
		 "of each server in a round (default 2)"},
		{"quick", BENCH_ARGS_FLAG, &quick, 0, 0, NULL, NULL,
		 "3 rounds of 1 s, unless said otherwise"},
		{"out", BENCH_ARGS_TEXT, out, 0, 0, NULL, "DIR",
		 "where results go (default bench-results in the build tree)"},
	};
	int code =
		bench_args_parse(argc, argv, ABOUT, options, sizeof(options) / sizeof(options[0]));

	if (bench->rounds == 0)
		bench->rounds = quick ? 3 : 7;
	if (bench->seconds == 0)
		bench->seconds = quick ? 1 : 2;
	bench->sides[MANY].idle = bench->idle;
	return code;
}

/* Both ends of each connection want a descriptor, in two processes. */
static int check(struct upgraded *bench)
{
	long limit = bench_machine_raise_descriptors();

	if (bench_wrk_find(bench->wrk, sizeof(bench->wrk)) != 0) {
		bench_say("wrk is not installed");
		return -ENOENT;
	}
	if (limit < (long)bench->idle + 256) {
		bench_say("%u connections need more descriptors than %ld", bench->idle, limit);
		return -EMFILE;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct upgraded bench = {.connections = 16, .idle = 10000};
	const char *out = NULL;
	char dir[PATH_MAX];
	int result, code = parse(argc, argv, &bench, &out);

	if (code >= 0)
		return code;
	if (check(&bench) != 0)
		return 1;
	if (bench_begin(dir, sizeof(dir), out, 300 + bench.rounds * bench.seconds * 3) != 0)
		return 1;
	bench_machine_read(&bench.machine);
	result = measure(&bench);
	bench_machine_end(&bench.machine);
	if (result == 0)
		result = report(&bench, dir);
	for (int i = 0; i < SIDES; i++) {
		bench_sample_free(&bench.sides[i].rate);
		bench_sample_free(&bench.sides[i].p50);
		bench_sample_free(&bench.sides[i].p99);
	}
	bench_guard_end();
	return result == 0 ? 0 : 1;
}
