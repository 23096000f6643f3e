/* token: what does a token cost: to look at, to make, to trip, to wait for?
 *
 * Beside GLib's GCancellable, C++20's std::stop_token and Go's context, the peers in turn within
 * each round, each measurement in a process of its own.
 *
 * A result that would change a decision: a check that costs more than about a nanosecond, or more
 * at depth 100 than at 0, means that handlers cannot afford to look in their inner loops; a
 * recording of the last check that shows in it, that this belongs behind an option; waiters that
 * wake later than other libraries' threads, that a trip should not wake through the token's word.
 */
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "../support/args.h"
#include "../support/begin.h"
#include "../support/guard.h"
#include "token.h"

#define ABOUT                                                                                      \
	"Measures Weir's cancellation tokens: a look, making one, a trip with children and with\n" \
	"waiting threads, callbacks, deadlines; beside GCancellable, std::stop_token and Go's\n"   \
	"context, where they are installed."

static int parse(int argc, char **argv, struct token_bench *bench, unsigned *only, const char **out)
{
	bool quick = false;
	const struct bench_args_option options[] = {
		{"only", BENCH_ARGS_NAMES, only, 0, 0, peer_names, "LIST",
		 "out of weir,glib,stop_token,go (default all)"},
		{"rounds", BENCH_ARGS_NUMBER, &bench->rounds, 1, 1000, NULL, "N",
		 "rounds (default 11)"},
		{"quick", BENCH_ARGS_FLAG, &quick, 0, 0, NULL, NULL,
		 "3 rounds, unless said otherwise"},
		{"out", BENCH_ARGS_TEXT, out, 0, 0, NULL, "DIR",
		 "where results go (default bench-results in the build tree)"},
	};
	int code =
		bench_args_parse(argc, argv, ABOUT, options, sizeof(options) / sizeof(options[0]));

	if (bench->rounds == 0)
		bench->rounds = quick ? 3 : 11;
	return code;
}

static int allocate(struct token_bench *bench)
{
	size_t count = row_count * PEERS * bench->rounds;

	bench->values = calloc(count, sizeof(*bench->values));
	if (!bench->values)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		bench->values[i] = NAN;
	return 0;
}

static int run(struct token_bench *bench, unsigned only, const char *dir)
{
	int failed, result = 0;

	bench_machine_read(&bench->machine);
	for (enum peer id = 0; result == 0 && id < PEERS; id++) {
		if (only & (1U << id))
			result = peer_find(&bench->peers[id], id);
	}
	if (result != 0)
		return result;
	failed = measure(bench);
	bench_machine_end(&bench->machine);
	result = report(bench, dir);
	return result != 0 ? result : failed;
}

int main(int argc, char **argv)
{
	struct token_bench bench = {0};
	unsigned only = (1U << PEERS) - 1;
	const char *out = NULL;
	char dir[PATH_MAX];
	int result, code = parse(argc, argv, &bench, &only, &out);

	if (code >= 0)
		return code;
	if (bench_begin(dir, sizeof(dir), out, 300 + bench.rounds * 120) != 0)
		return 1;
	result = allocate(&bench);
	if (result == 0)
		result = run(&bench, only, dir);
	free(bench.values);
	bench_guard_end();
	return result == 0 ? 0 : 1;
}
