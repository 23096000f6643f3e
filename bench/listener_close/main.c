/* listener_close: whom does a listener lose when it is closed under load?
 *
 * Several processes open connections as fast as they can, each with a request; the listener is
 * closed in the midst of it, many times. Counted: connections whose client had been told that it is
 * connected, and that were reset or closed without an answer. Beside Go's Server.Shutdown, which
 * closes its listeners first, and a plain close() of the listening socket.
 *
 * A result that would change a decision: one lost connection of Weir's in a thousand closings
 * means that the order of refusing, accepting and closing is wrong, or the filter.
 */
#include <errno.h>
#include <limits.h>

#include "../support/args.h"
#include "../support/begin.h"
#include "../support/golang.h"
#include "../support/guard.h"
#include "../support/say.h"
#include "listener_close.h"

#define ABOUT                                                                                      \
	"Closes a listener under load, again and again, and counts the clients that are reset "    \
	"or\n"                                                                                     \
	"hear nothing; beside Go's Server.Shutdown and a plain close()."

static int parse(int argc, char **argv, struct listener_close *bench, unsigned *only,
		 unsigned *families, const char **out)
{
	bool quick = false;
	const struct bench_args_option options[] = {
		{"only", BENCH_ARGS_NAMES, only, 0, 0, closer_names, "LIST",
		 "out of weir,go,plain (default all)"},
		{"families", BENCH_ARGS_NAMES, families, 0, 0, family_names, "LIST",
		 "out of tcp,unix (default both)"},
		{"closings", BENCH_ARGS_NUMBER, &bench->closings, 1, 100000, NULL, "N",
		 "closings of each (default 1000)"},
		{"clients", BENCH_ARGS_NUMBER, &bench->clients, 1, 64, NULL, "N",
		 "processes that connect (default 4)"},
		{"burst", BENCH_ARGS_NUMBER, &bench->burst, 1, 64, NULL, "N",
		 "connections that each opens at a time (default 8)"},
		{"quick", BENCH_ARGS_FLAG, &quick, 0, 0, NULL, NULL,
		 "100 closings, unless said otherwise"},
		{"out", BENCH_ARGS_TEXT, out, 0, 0, NULL, "DIR",
		 "where results go (default bench-results in the build tree)"},
	};
	int code =
		bench_args_parse(argc, argv, ABOUT, options, sizeof(options) / sizeof(options[0]));

	if (bench->closings == 0)
		bench->closings = quick ? 100 : 1000;
	return code;
}

static int find_go(struct listener_close *bench)
{
	int result = bench_golang_version(bench->go.about, sizeof(bench->go.about));

	bench->go.there = result == 0;
	if (result == -ENOENT) {
		bench_say("go is not installed: left out");
		return 0;
	}
	return result != 0 ? result : bench_golang_build("listeners");
}

static int run(struct listener_close *bench, unsigned only, unsigned families, const char *dir)
{
	int failed = 0, result = 0;

	bench_machine_read(&bench->machine);
	if (only & (1U << CLOSER_GO))
		result = find_go(bench);
	for (enum family family = 0; result == 0 && family < FAMILIES; family++) {
		for (enum closer closer = 0; closer < CLOSERS; closer++) {
			struct outcome *outcome = &bench->outcomes[family][closer];

			outcome->asked = (only & (1U << closer)) && (families & (1U << family)) &&
					 (closer != CLOSER_GO || bench->go.there);
			if (outcome->asked && measure(bench, family, closer) != 0)
				failed = -EIO;
		}
	}
	if (result != 0)
		return result;
	bench_machine_end(&bench->machine);
	result = report(bench, dir);
	return result != 0 ? result : failed;
}

int main(int argc, char **argv)
{
	struct listener_close bench = {.clients = 4, .burst = 8};
	unsigned only = (1U << CLOSERS) - 1, families = (1U << FAMILIES) - 1;
	const char *out = NULL;
	char dir[PATH_MAX];
	int result, code = parse(argc, argv, &bench, &only, &families, &out);

	if (code >= 0)
		return code;
	if (bench_begin(dir, sizeof(dir), out, 300 + bench.closings * FAMILIES * CLOSERS) != 0)
		return 1;
	result = run(&bench, only, families, dir);
	bench_guard_end();
	return result == 0 ? 0 : 1;
}
