/* overload: what does a server do when it is asked for more than it can?
 *
 * A handler that blocks its worker for a fixed time makes capacity a plain number. Each server is
 * offered half of its own capacity, all, and two, four and eight times as much, by an open loop;
 * counted are the answers that come before the client gives up (goodput) and how long they took.
 * Beside Go's net/http, nginx as a proxy in front of the same Go program, and CivetWeb.
 *
 * What the servers are given: Weir its defaults, but for the number of workers; Go a semaphore of
 * as many slots, which a request whose client has gone leaves (net/http limits nothing itself);
 * nginx the same Go program and room for all connections; CivetWeb as many threads, and its
 * defaults.
 *
 * A result that would change a decision: goodput at four times the capacity below 95% of the best
 * means that refusing costs too much, or comes too late; a long p99 that the queue is too long.
 */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "../support/begin.h"
#include "../support/guard.h"
#include "../support/say.h"
#include "overload.h"

#define ABOUT                                                                                      \
	"Offers servers more than they can do, by an open loop, and counts what is answered in\n"  \
	"time and how long it took; Weir beside Go, nginx in front of Go, and CivetWeb."

/* Descriptors besides the connections. */
#define SPARE 64

static int parse(int argc, char **argv, struct overload *bench, unsigned *only, const char **out)
{
	bool quick = false;
	const struct bench_args_option options[] = {
		{"only", BENCH_ARGS_NAMES, only, 0, 0, server_names, "LIST",
		 "out of weir,go,nginx,civetweb (default all)"},
		{"loads", BENCH_ARGS_NUMBERS, &bench->loads, 1, 1600, NULL, "LIST",
		 "percent of capacity (default 50,100,200,400,800)"},
		{"seconds", BENCH_ARGS_NUMBER, &bench->seconds, 1, 600, NULL, "N",
		 "that count, for each load and server (default 5)"},
		{"workers", BENCH_ARGS_NUMBER, &bench->workers, 1, 64, NULL, "N",
		 "handlers at a time (default 8)"},
		{"service", BENCH_ARGS_NUMBER, &bench->service, 1, 1000, NULL, "MS",
		 "how long a handler works (default 5)"},
		{"deadline", BENCH_ARGS_NUMBER, &bench->deadline, 10, 60000, NULL, "MS",
		 "how long a client waits (default 1000)"},
		{"connections", BENCH_ARGS_NUMBER, &bench->connections, 16, 20000, NULL, "N",
		 "at most so many at a time (default 16384)"},
		{"quick", BENCH_ARGS_FLAG, &quick, 0, 0, NULL, NULL,
		 "1 second each and 100,400 percent, unless said otherwise"},
		{"out", BENCH_ARGS_TEXT, out, 0, 0, NULL, "DIR",
		 "where results go (default bench-results in the build tree)"},
	};
	int code =
		bench_args_parse(argc, argv, ABOUT, options, sizeof(options) / sizeof(options[0]));

	if (bench->seconds == 0)
		bench->seconds = quick ? 1 : 5;
	if (bench->loads.count == 0)
		bench->loads = quick ? (struct bench_args_numbers){{100, 400}, 2}
				     : (struct bench_args_numbers){{50, 100, 200, 400, 800}, 5};
	return code;
}

static int check_descriptors(const struct overload *bench)
{
	long limit = bench_machine_raise_descriptors();

	if (limit < 0)
		return (int)limit;
	if (limit >= (long)bench->connections + SPARE)
		return 0;
	bench_say("%u connections need more descriptors than the %ld there may be; see "
		  "--connections",
		  bench->connections, limit);
	return -EMFILE;
}

static int run(struct overload *bench, unsigned only, const char *dir)
{
	int failed, result = check_descriptors(bench);

	bench_machine_read(&bench->machine);
	for (enum server_id id = 0; result == 0 && id < SERVERS; id++) {
		if (only & (1U << id))
			result = servers_find(&bench->peers[id], id);
	}
	if (result != 0)
		return result;
	failed = measure_all(bench);
	if (failed != 0 && failed != -EIO)
		return failed;
	bench_machine_end(&bench->machine);
	result = report(bench, dir);
	return result != 0 ? result : failed;
}

int main(int argc, char **argv)
{
	static struct overload bench = {
		.workers = 8, .service = 5, .deadline = 1000, .connections = 16384};
	unsigned only = (1U << SERVERS) - 1;
	const char *out = NULL;
	char dir[PATH_MAX];
	int result, code = parse(argc, argv, &bench, &only, &out);

	if (code >= 0)
		return code;
	if (bench_begin(dir, sizeof(dir), out,
			600 + SERVERS * (BENCH_ARGS_LIST + 3) *
					(bench.seconds + bench.deadline / 1000 + 2)) != 0)
		return 1;
	result = run(&bench, only, dir);
	bench_guard_end();
	if (result != 0 && result != -EIO)
		bench_say("%s", strerror(-result));
	return result == 0 ? 0 : 1;
}
