/* report.c: table, goals, JSON and picture of the throughput bench. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/chart.h"
#include "../support/results.h"
#include "../support/table.h"
#include "throughput.h"

#define GOALS 5

static bool measured(const struct throughput *bench, size_t connections, size_t peer)
{
	return !isnan(median_of(bench, connections, peer, VALUE_RATE));
}

static int print_table(const struct throughput *bench)
{
	static const char *const heading[] = {"connections", "server", "requests/s", "weir/it",
					      "p50 us",      "p99 us", "cpu us/req", "errors/run"};
	struct bench_table table;

	bench_table_begin(&table, 8, 2, heading);
	for (size_t i = 0; i < bench->connections.count; i++) {
		for (size_t peer = 0; peer < BENCH_PEERS; peer++) {
			if (!measured(bench, i, peer))
				continue;
			bench_table_cell(&table, "%u", bench->connections.values[i]);
			bench_table_cell(&table, "%s", bench->peers[peer].name);
			bench_table_number(&table, median_of(bench, i, peer, VALUE_RATE));
			bench_table_number(&table, peer == BENCH_WEIR
							   ? NAN
							   : ratio_of(bench, i, peer, VALUE_RATE));
			bench_table_number(&table, median_of(bench, i, peer, VALUE_P50));
			bench_table_number(&table, median_of(bench, i, peer, VALUE_P99));
			bench_table_number(&table, median_of(bench, i, peer, VALUE_CPU));
			bench_table_number(&table, median_of(bench, i, peer, VALUE_ERRORS));
		}
	}
	return bench_table_finish(&table);
}

/* A slow libmicrohttpd at these numbers is no mistake of the bench: see mhd_inline.c. */
static void print_notes(const struct throughput *bench)
{
	for (size_t i = 0; i < bench->connections.count; i++) {
		if (bench->connections.values[i] % 128 == 0 && measured(bench, i, BENCH_MHD)) {
			(void)printf("note: libmicrohttpd's own epoll thread may stall when a "
				     "multiple of 128 connections is ready\n");
			return;
		}
	}
}

/* The ratio at a given number of connections; NaN if that was not asked for. */
static double ratio_at(const struct throughput *bench, unsigned connections, size_t peer,
		       enum value value)
{
	for (size_t i = 0; i < bench->connections.count; i++) {
		if (bench->connections.values[i] == connections)
			return ratio_of(bench, i, peer, value);
	}
	return NAN;
}

static void set_goals(const struct throughput *bench, struct bench_goal goals[GOALS])
{
	const struct bench_goal all[GOALS] = {
		{"64 connections: requests/s, weir by nginx", "", true, 1,
		 ratio_at(bench, 64, BENCH_NGINX, VALUE_RATE)},
		{"64 connections: requests/s, weir by Go", "", true, 2,
		 ratio_at(bench, 64, BENCH_GO, VALUE_RATE)},
		{"1 connection: p50, weir by Go", "", false, 1,
		 ratio_at(bench, 1, BENCH_GO, VALUE_P50)},
		{"4096 connections: requests/s, weir by Go", "", true, 2,
		 ratio_at(bench, 4096, BENCH_GO, VALUE_RATE)},
		{"4096 connections: p99, weir by Go", "", false, 0.5,
		 ratio_at(bench, 4096, BENCH_GO, VALUE_P99)},
	};

	memcpy(goals, all, sizeof(all));
}

static const char *const value_names[VALUES] = {[VALUE_RATE] = "requests_per_second",
						[VALUE_P50] = "p50_us",
						[VALUE_P99] = "p99_us",
						[VALUE_CPU] = "cpu_us_per_request",
						[VALUE_ERRORS] = "errors"};

static void put_point(const struct throughput *bench, size_t connections, size_t peer,
		      struct bench_json *json)
{
	bench_json_object(json, NULL);
	bench_json_integer(json, "connections", bench->connections.values[connections]);
	bench_json_string(json, "server", bench->peers[peer].name);
	bench_json_object(json, "median");
	for (enum value value = 0; value < VALUES; value++)
		bench_json_number(json, value_names[value],
				  median_of(bench, connections, peer, value));
	bench_json_end(json);
	bench_json_object(json, "weir_by_it");
	for (enum value value = 0; value < VALUE_ERRORS; value++)
		bench_json_number(json, value_names[value],
				  ratio_of(bench, connections, peer, value));
	bench_json_end(json);
	bench_json_array(json, "rounds");
	for (unsigned round = 0; round < bench->rounds; round++) {
		const struct point *point = point_at(bench, connections, peer, round);

		if (!point->there)
			continue;
		bench_json_object(json, NULL);
		bench_json_integer(json, "round", round + 1);
		for (enum value value = 0; value < VALUES; value++)
			bench_json_number(json, value_names[value], point_value(point, value));
		bench_json_end(json);
	}
	bench_json_end(json);
	bench_json_end(json);
}

static void put_members(const void *arg, struct bench_json *json)
{
	const struct throughput *bench = arg;

	bench_json_string(json, "load_generator", bench->wrk);
	bench_json_integer(json, "rounds", bench->rounds);
	bench_json_integer(json, "seconds_per_round", bench->seconds);
	bench_peers_json(bench->peers, BENCH_PEERS, json);
	bench_json_array(json, "points");
	for (size_t i = 0; i < bench->connections.count; i++) {
		for (size_t peer = 0; peer < BENCH_PEERS; peer++) {
			if (measured(bench, i, peer))
				put_point(bench, i, peer, json);
		}
	}
	bench_json_end(json);
}

struct picture {
	char headings[BENCH_ARGS_LIST][32];
	struct bench_chart_bar bars[VALUES][BENCH_ARGS_LIST][BENCH_PEERS];
	struct bench_chart_group groups[VALUES][BENCH_ARGS_LIST];
};

static void fill_panel(const struct throughput *bench, struct picture *picture, enum value value,
		       const char *title, struct bench_chart_panel *panel)
{
	for (size_t i = 0; i < bench->connections.count; i++) {
		struct bench_chart_bar *bars = picture->bars[value][i];
		size_t count = 0;

		for (size_t peer = 0; peer < BENCH_PEERS; peer++) {
			if (measured(bench, i, peer))
				bars[count++] = (struct bench_chart_bar){
					bench->peers[peer].name, median_of(bench, i, peer, value),
					(unsigned)peer};
		}
		(void)snprintf(picture->headings[i], sizeof(picture->headings[i]),
			       "%u connection%s", bench->connections.values[i],
			       bench->connections.values[i] == 1 ? "" : "s");
		picture->groups[value][i] =
			(struct bench_chart_group){picture->headings[i], bars, count};
	}
	*panel = (struct bench_chart_panel){.title = title,
					    .groups = picture->groups[value],
					    .group_count = bench->connections.count};
}

static int draw(const void *arg, FILE *out)
{
	const struct throughput *bench = arg;
	struct picture *picture = calloc(1, sizeof(*picture));
	struct bench_chart_panel panels[3];
	char subtitle[160];
	int result;

	if (!picture)
		return -ENOMEM;
	fill_panel(bench, picture, VALUE_RATE, "Requests per second (more is better)", &panels[0]);
	fill_panel(bench, picture, VALUE_P99,
		   "Latency in microseconds, 99th percentile; each group to its own scale (less is "
		   "better)",
		   &panels[1]);
	fill_panel(bench, picture, VALUE_CPU,
		   "Processor time of the server per request, microseconds (less is better)",
		   &panels[2]);
	(void)snprintf(
		subtitle, sizeof(subtitle),
		"13 bytes of plain text; wrk -t1 on the same machine, %ld cpus; median of %u "
		"rounds of %u s",
		bench->machine.cpus, bench->rounds, bench->seconds);
	result = bench_chart_write(out, "Hello through queue and worker", subtitle, panels, 3);
	free(picture);
	return result;
}

static int print(const void *arg)
{
	const struct throughput *bench = arg;
	int result;

	bench_peers_print(bench->peers, BENCH_PEERS);
	(void)printf("%s; median of %u rounds of %u s\n\n", bench->wrk, bench->rounds,
		     bench->seconds);
	result = print_table(bench);
	print_notes(bench);
	return result;
}

int report(const struct throughput *bench, const char *dir)
{
	struct bench_goal goals[GOALS];

	set_goals(bench, goals);
	return bench_results_tell(&(struct bench_results){.name = "throughput",
							  .machine = &bench->machine,
							  .goals = goals,
							  .goal_count = GOALS,
							  .bench = bench,
							  .print = print,
							  .put = put_members,
							  .draw = draw},
				  dir);
}
