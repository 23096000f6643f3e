/* wrk.c: runs wrk with a script that reports in numbers instead of words. */
#include "wrk.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "child.h"
#include "clock.h"
#include "parse.h"
#include "place.h"
#include "say.h"

#define EXTRA_LIMIT (20 * BENCH_S) /* to connect, and to end */

int bench_wrk_find(char *version, size_t size)
{
	char program[PATH_MAX];
	const char *argv[] = {program, "-v", NULL};
	int result = bench_place_program(program, sizeof(program), "wrk");

	if (result != 0)
		return result;
	/* wrk -v prints its version and ends with exit code 1. */
	result = bench_child_first_line(&(struct bench_child_options){.name = "wrk-version",
								      .argv = argv,
								      .merge_stderr = true,
								      .any_exit = true},
					bench_now() + 30 * BENCH_S, version, size);
	return result == 0 && !*version ? -EIO : result;
}

static int read_result(struct bench_child *child, int64_t deadline, struct bench_wrk *out)
{
	bool found = false;
	uint64_t microseconds = 0, p50 = 0, p99 = 0;
	char *line;
	int result;

	while ((result = bench_child_line(child, deadline, &line)) == 1) {
		if (bench_parse_after(line, "result requests=", UINT64_MAX, &out->requests) == 0 &&
		    bench_parse_after(line, " us=", UINT64_MAX, &microseconds) == 0 &&
		    bench_parse_after(line, " p50=", UINT64_MAX, &p50) == 0 &&
		    bench_parse_after(line, " p99=", UINT64_MAX, &p99) == 0 &&
		    bench_parse_after(line, " errors=", UINT64_MAX, &out->errors) == 0)
			found = true;
	}
	if (result == 0)
		result = bench_child_expect_success(child, deadline);
	else
		bench_child_complain(child, strerror(-result));
	if (result == 0 && (!found || microseconds == 0 || out->requests == 0)) {
		bench_child_complain(child, "reported no requests");
		result = -ENODATA;
	}
	out->p50 = (double)p50;
	out->p99 = (double)p99;
	out->seconds = (double)microseconds / 1e6;
	return result;
}

int bench_wrk_run(uint16_t port, unsigned connections, unsigned seconds, struct bench_wrk *out)
{
	char program[PATH_MAX], script[PATH_MAX], count[16], time[16], url[64];
	const char *argv[] = {program, "-t1",  "-c",        count, "-d", time,
			      "-s",    script, "--latency", url,   NULL};
	struct bench_child child;
	int result = bench_place_program(program, sizeof(program), "wrk");

	if (result == 0)
		result = bench_place_own(script, sizeof(script), "wrk_report.lua");
	if (result != 0)
		return result;
	if (snprintf(count, sizeof(count), "%u", connections) < 0 ||
	    snprintf(time, sizeof(time), "%us", seconds) < 0 ||
	    snprintf(url, sizeof(url), "http://127.0.0.1:%u/", port) < 0)
		return -EINVAL;
	result = bench_child_start(&child,
				   &(struct bench_child_options){.name = "wrk", .argv = argv});
	if (result != 0) {
		bench_say("wrk cannot be started: %s", strerror(-result));
		return result;
	}
	result = read_result(&child, bench_now() + seconds * BENCH_S + EXTRA_LIMIT, out);
	bench_child_end(&child);
	return result;
}
