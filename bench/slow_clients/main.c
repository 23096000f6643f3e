/* slow_clients: what do normal clients see of an attack by slow ones?
 *
 * The real binary serves a file to clients that come at a steady rate, from many addresses; beside
 * them slowhttptest, in each of its modes, from one. Measured: how many of the normal requests are
 * answered, their p99 beside that without the attack, and the server's memory.
 *
 * A result that would change a decision: a normal request that is not answered, or a p99 of more
 * than twice the quiet one, in any mode, means that a deadline or a limit is missing. With --strict
 * the exit code is 1 if one was not answered, if memory grew beyond its bound, or if the attack did
 * not come through to what is to meet it; times are never judged there, because they are the
 * machine's, too.
 */
#include <errno.h>
#include <limits.h>

#include "../support/args.h"
#include "../support/begin.h"
#include "../support/guard.h"
#include "../support/say.h"
#include "slow_clients.h"

#define ABOUT                                                                                      \
	"Serves normal clients beside slowhttptest in each of its modes, and measures what they\n" \
	"see of it."

static int parse(int argc, char **argv, struct slow_clients *bench, unsigned *only, bool *strict,
		 const char **out)
{
	bool quick = false;
	const struct bench_args_option options[] = {
		{"only", BENCH_ARGS_NAMES, only, 0, 0, attack_names, "LIST",
		 "out of \"slowloris,slow body,range,slow read\" (default all)"},
		{"connections", BENCH_ARGS_NUMBER, &bench->connections, 1, 60000, NULL, "N",
		 "hostile connections at a time (default 1000)"},
		{"rate", BENCH_ARGS_NUMBER, &bench->rate, 1, 1000000, NULL, "N",
		 "normal requests a second (default 500)"},
		{"seconds", BENCH_ARGS_NUMBER, &bench->seconds, 1, 3600, NULL, "N",
		 "how long each is measured, quiet and attacked (default 30)"},
		{"timeout", BENCH_ARGS_NUMBER, &bench->timeout, 1, 3600, NULL, "N",
		 "seconds of each deadline of the server (default: the server's own)"},
		{"strict", BENCH_ARGS_FLAG, strict, 0, 0, NULL, NULL,
		 "exit code 1 if a normal request is not answered, or memory not bounded"},
		{"quick", BENCH_ARGS_FLAG, &quick, 0, 0, NULL, NULL,
		 "8 s each and deadlines of 2 s, unless said otherwise"},
		{"out", BENCH_ARGS_TEXT, out, 0, 0, NULL, "DIR",
		 "where results go (default bench-results in the build tree)"},
	};
	int code =
		bench_args_parse(argc, argv, ABOUT, options, sizeof(options) / sizeof(options[0]));

	if (bench->seconds == 0)
		bench->seconds = quick ? 8 : 30;
	if (bench->timeout == 0 && quick)
		bench->timeout = 2;
	return code;
}

static int run(struct slow_clients *bench, unsigned only, bool strict, const char *dir)
{
	int failed = 0, result;

	bench_machine_read(&bench->machine);
	for (enum attack attack = 0; attack < ATTACK_COUNT; attack++) {
		if ((only & (1U << attack)) && measure(bench, attack) != 0)
			failed = -EIO;
	}
	bench_machine_end(&bench->machine);
	result = report(bench, dir);
	if (result == 0 && strict && !report_holds(bench))
		result = -EIO;
	return result != 0 ? result : failed;
}

int main(int argc, char **argv)
{
	struct slow_clients bench = {.connections = 1000, .rate = 500};
	unsigned only = (1U << ATTACK_COUNT) - 1;
	bool strict = false;
	const char *out = NULL;
	char dir[PATH_MAX];
	int result, code = parse(argc, argv, &bench, &only, &strict, &out);

	if (code >= 0)
		return code;
	if (attack_find() != 0) {
		bench_say("slowhttptest is not installed");
		return 1;
	}
	if (bench_machine_raise_descriptors() < 0)
		bench_say("cannot raise the limit of descriptors");
	if (bench_begin(dir, sizeof(dir), out, 120 + 4 * ATTACK_COUNT * bench.seconds) != 0)
		return 1;
	result = run(&bench, only, strict, dir);
	bench_guard_end();
	return result == 0 ? 0 : 1;
}
