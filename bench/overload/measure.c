/* measure.c: what each server can do at its best, and what it does when more is asked of it.
 *
 * The loads go round the servers, so that a change of the machine meets them all; a server is
 * started anew for each, so that no load leaves it a queue.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../support/clock.h"
#include "../support/load.h"
#include "../support/say.h"
#include "overload.h"

#define WARM_UP (BENCH_S / 2)
#define SEED 20130615

static double per_second(uint64_t count, const struct bench_load_options *options)
{
	return (double)count * (double)BENCH_S / (double)options->measured;
}

static struct bench_load_options options_for(const struct overload *bench,
					     const struct servers *servers)
{
	return (struct bench_load_options){.port = servers->port,
					   .connections = bench->connections,
					   .warm_up = WARM_UP,
					   .measured = bench->seconds * BENCH_S,
					   .deadline = bench->deadline * BENCH_MS,
					   .seed = SEED};
}

/* With so many clients as there are workers, with twice and with four times as many. */
static int measure_capacity(struct overload *bench, enum server_id id,
			    struct bench_load_result *result)
{
	struct servers servers;
	int error = 0;

	for (unsigned times = 1; error == 0 && times <= 4; times *= 2) {
		struct bench_load_options options;

		error = servers_start(&servers, bench, id);
		if (error != 0)
			return error;
		options = options_for(bench, &servers);
		options.concurrency = times * bench->workers;
		error = bench_load_run(&options, result);
		if (error == 0)
			bench->capacity[id] =
				fmax(bench->capacity[id], per_second(result->good, &options));
		servers_end(&servers);
	}
	if (error == 0 && bench->capacity[id] <= 0)
		error = -EIO;
	return error;
}

static double milliseconds(const struct bench_histogram *histogram, double percent)
{
	return bench_histogram_percentile(histogram, percent) / (double)BENCH_MS;
}

static void fill(struct point *point, const struct bench_load_result *result,
		 const struct bench_load_options *options)
{
	double scheduled = (double)result->scheduled;

	*point = (struct point){.there = true,
				.offered = per_second(result->scheduled, options),
				.goodput = per_second(result->good, options),
				.share = (double)result->good / scheduled,
				.refused = (double)result->refused / scheduled,
				.late = (double)result->late / scheduled,
				.unsent = (double)result->unsent / scheduled,
				.lost = (double)result->lost / scheduled,
				.odd = (double)result->odd / scheduled,
				.p50 = milliseconds(&result->answers, 50),
				.p99 = milliseconds(&result->answers, 99),
				.p999 = milliseconds(&result->answers, 99.9),
				.refusal_p50 = milliseconds(&result->refusals, 50),
				.refusal_p99 = milliseconds(&result->refusals, 99),
				.lag = milliseconds(&result->lag, 99)};
}

static int measure_point(struct overload *bench, size_t load, enum server_id id,
			 struct bench_load_result *result)
{
	struct point *point = &bench->points[load][id];
	int64_t before = 0, after = 0;
	struct bench_load_options options;
	struct servers servers;
	int error = servers_start(&servers, bench, id);

	if (error != 0)
		return error;
	options = options_for(bench, &servers);
	options.rate = bench->capacity[id] * bench->loads.values[load] / 100;
	error = servers_cpu(&servers, &before);
	if (error == 0)
		error = bench_load_run(&options, result);
	if (error == 0)
		error = servers_cpu(&servers, &after);
	servers_end(&servers);
	if (error == 0 && result->scheduled == 0)
		error = -ENODATA;
	if (error != 0)
		return error;
	fill(point, result, &options);
	point->cpu = (double)(after - before) / 1000 / (double)result->arrivals;
	return 0;
}

static int fail(struct overload *bench, enum server_id id, const char *what, int error)
{
	bench_say("%s, %s: %s", server_names[id], what, strerror(-error));
	/* Without the generator, or memory, there is nothing to go on with. */
	if (error == -ENOBUFS || error == -ENOMEM || error == -EPROTO)
		return error;
	bench_peer_fail(&bench->peers[id]);
	return 0;
}

static int measure_capacities(struct overload *bench, struct bench_load_result *result)
{
	for (enum server_id id = 0; id < SERVERS; id++) {
		int error;

		if (!bench_peer_usable(&bench->peers[id]))
			continue;
		error = measure_capacity(bench, id, result);
		if (error == 0)
			bench_say("%s can do %.0f a second", server_names[id], bench->capacity[id]);
		else
			error = fail(bench, id, "capacity", error);
		if (error != 0)
			return error;
	}
	return 0;
}

static int measure_loads(struct overload *bench, struct bench_load_result *result)
{
	for (size_t load = 0; load < bench->loads.count; load++) {
		for (enum server_id id = 0; id < SERVERS; id++) {
			const struct point *point = &bench->points[load][id];
			int error;

			if (!bench_peer_usable(&bench->peers[id]))
				continue;
			error = measure_point(bench, load, id, result);
			if (error == 0)
				bench_say("%u%% for %s: %.0f of %.0f a second, p99 %.1f ms",
					  bench->loads.values[load], server_names[id],
					  point->goodput, point->offered, point->p99);
			else
				error = fail(bench, id, "a load", error);
			if (error != 0)
				return error;
		}
	}
	return 0;
}

int measure_all(struct overload *bench)
{
	struct bench_load_result *result = malloc(sizeof(*result));
	int error;

	if (!result)
		return -ENOMEM;
	error = measure_capacities(bench, result);
	if (error == 0)
		error = measure_loads(bench, result);
	free(result);
	for (enum server_id id = 0; error == 0 && id < SERVERS; id++) {
		if (bench->peers[id].failed)
			error = -EIO;
	}
	return error;
}
