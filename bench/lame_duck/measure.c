/* measure.c: a server is started, asked by clients that keep their connections, and stopped. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "../support/child.h"
#include "../support/clock.h"
#include "../support/parse.h"
#include "../support/place.h"
#include "../support/say.h"
#include "lame_duck.h"

static int one_stop(const struct lame_duck *bench, struct bench_child *child, unsigned n,
		    struct ends *ends)
{
	int64_t limit = bench_now() + 60 * BENCH_S;
	struct clients *clients;
	uint64_t port = 0;
	char *rest;
	int error, result = bench_child_expect(child, "listening ", limit, &rest);

	if (result == 0)
		result = bench_parse_after(rest, "", UINT16_MAX, &port);
	if (result == 0)
		result = clients_start(&clients, (uint16_t)port, bench->connections, bench->think,
				       n + 1);
	if (result != 0)
		return result;
	result = clients_await(clients);
	error = bench_child_tell(child, "stop\n");
	if (result == 0)
		result = error;
	error = bench_child_expect(child, "closed", limit, &rest);
	if (result == 0)
		result = error;
	if (error != 0) /* its clients would wait for ever */
		bench_child_end(child);
	error = clients_end(clients, ends);
	return result != 0 ? result : error;
}

static void add(struct series *series, const struct ends *ends)
{
	series->stops++;
	series->sum.requests += ends->requests;
	series->sum.told += ends->told;
	series->sum.idle += ends->idle;
	series->sum.lost += ends->lost;
	series->sum.refused += ends->refused;
}

int measure(const struct lame_duck *bench, struct series *series)
{
	char program[PATH_MAX], time[16];
	const char *argv[] = {program, time, NULL};
	struct bench_child child;
	int result = bench_place_own(program, sizeof(program), "peers/weir_lame_duck");

	(void)snprintf(time, sizeof(time), "%u", series->lame_duck);
	if (result == 0)
		result = bench_child_start(&child, &(struct bench_child_options){
							   .name = "weir-lame-duck", .argv = argv});
	if (result != 0) {
		bench_say("weir_lame_duck cannot be started: %s", strerror(-result));
		return result;
	}
	bench_say("%u stops with a lame-duck time of %u ms", bench->stops, series->lame_duck);
	for (unsigned i = 0; result == 0 && i < bench->stops; i++) {
		struct ends ends = {0};

		result = one_stop(bench, &child, i, &ends);
		if (result == 0)
			add(series, &ends);
		else
			bench_say("stop %u: %s", i, strerror(-result));
	}
	series->failed = result != 0;
	bench_child_end(&child);
	return result;
}
