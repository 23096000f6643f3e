/* lame_duck: how many requests are written into connections that a stop closes?
 *
 * Clients keep their connections and ask again after a pause. The server is stopped with different
 * lame-duck times. Counted: how each connection ended: its client was told by an answer that says
 * close; or it was closed between two requests; or its request was refused with 503; or a request
 * had been written into it and was not answered, which is what HTTP/1.1 cannot rule out for a
 * connection that is closed while it is idle (RFC 9112, 9.3.1).
 *
 * A result that would change a decision: lost requests with a lame-duck time of twice the longest
 * pause mean that some answer does not say close, or that a connection is closed too early.
 */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "../support/begin.h"
#include "../support/guard.h"
#include "lame_duck.h"

#define ABOUT                                                                                      \
	"Stops a server under clients that keep their connections, with several lame-duck "        \
	"times,\n"                                                                                 \
	"and counts the requests that were written and not answered."

static int parse(int argc, char **argv, struct lame_duck *bench, const char **out)
{
	static const unsigned usual[] = {0, 10, 20, 40, 80, 160};
	bool quick = false;
	const struct bench_args_option options[] = {
		{"times", BENCH_ARGS_NUMBERS, &bench->times, 0, 60000, NULL, "LIST",
		 "lame-duck times in ms (default 0,10,20,40,80,160)"},
		{"stops", BENCH_ARGS_NUMBER, &bench->stops, 1, 100000, NULL, "N",
		 "stops of each (default 100)"},
		{"connections", BENCH_ARGS_NUMBER, &bench->connections, 1, 1024, NULL, "N",
		 "kept connections (default 64)"},
		{"think", BENCH_ARGS_NUMBER, &bench->think, 1, 10000, NULL, "MS",
		 "mean pause between two requests; the longest is twice that (default 20)"},
		{"quick", BENCH_ARGS_FLAG, &quick, 0, 0, NULL, NULL,
		 "10 stops, unless said otherwise"},
		{"out", BENCH_ARGS_TEXT, out, 0, 0, NULL, "DIR",
		 "where results go (default bench-results in the build tree)"},
	};
	int code =
		bench_args_parse(argc, argv, ABOUT, options, sizeof(options) / sizeof(options[0]));

	if (bench->times.count == 0) {
		bench->times.count = sizeof(usual) / sizeof(usual[0]);
		memcpy(bench->times.values, usual, sizeof(usual));
	}
	if (bench->stops == 0)
		bench->stops = quick ? 10 : 100;
	return code;
}

static int run(struct lame_duck *bench, const char *dir)
{
	int failed = 0, result;

	bench_machine_read(&bench->machine);
	for (size_t i = 0; i < bench->times.count; i++) {
		bench->series[i].lame_duck = bench->times.values[i];
		if (measure(bench, &bench->series[i]) != 0)
			failed = -EIO;
	}
	bench_machine_end(&bench->machine);
	result = report(bench, dir);
	return result != 0 ? result : failed;
}

int main(int argc, char **argv)
{
	struct lame_duck bench = {.connections = 64, .think = 20};
	const char *out = NULL;
	char dir[PATH_MAX];
	int result, code = parse(argc, argv, &bench, &out);

	if (code >= 0)
		return code;
	if (bench_begin(dir, sizeof(dir), out, 600 + bench.stops * BENCH_ARGS_LIST * 5) != 0)
		return 1;
	result = run(&bench, dir);
	bench_guard_end();
	return result == 0 ? 0 : 1;
}
