/* report.c: tables, goals, JSON and picture of the drain_latency bench. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../support/chart.h"
#include "../support/results.h"
#include "../support/table.h"
#include "drain_latency.h"

#define GOALS 5
#define BARS 12 /* of a panel, at most */

static int print_times(const char *title, const struct series *series, size_t count)
{
	static const char *const heading[] = {"server", "runs", "p50 ms", "p99 ms", "max ms"};
	struct bench_table table;

	(void)printf("\n%s\n", title);
	bench_table_begin(&table, 5, 1, heading);
	for (size_t i = 0; i < count; i++) {
		if (series_empty(&series[i]))
			continue;
		bench_table_cell(&table, "%s", series[i].name);
		bench_table_cell(&table, "%zu", series_runs(&series[i]));
		bench_table_number(&table, series_percentile(&series[i], 50));
		bench_table_number(&table, series_percentile(&series[i], 99));
		bench_table_number(&table, series_percentile(&series[i], 100));
	}
	return bench_table_finish(&table);
}

static int print_idle(const struct drain_latency *bench)
{
	static const char *const heading[] = {"server", "rounds",         "exit p50 ms",
					      "max ms", "KiB/connection", "reset"};
	struct bench_table table;

	(void)printf("\nsignal to exit with %u idle connections, and their memory\n",
		     bench->connections);
	bench_table_begin(&table, 6, 1, heading);
	for (size_t i = 0; i < IDLES; i++) {
		if (series_empty(&bench->exits[i]))
			continue;
		bench_table_cell(&table, "%s", bench->exits[i].name);
		bench_table_cell(&table, "%zu", series_runs(&bench->exits[i]));
		bench_table_number(&table, series_median(&bench->exits[i]));
		bench_table_number(&table, series_percentile(&bench->exits[i], 100));
		bench_table_number(&table, series_median(&bench->memory[i]));
		bench_table_cell(&table, "%zu", bench->resets[i]);
	}
	return bench_table_finish(&table);
}

static int print(const void *arg)
{
	const struct drain_latency *bench = arg;
	char title[160];
	int result = 0;

	bench_peers_print(bench->peers, BENCH_PEERS);
	if (bench->parts & (1U << PART_STOP)) {
		(void)snprintf(title, sizeof(title),
			       "last handler's end to the stop's return (handlers end 0 to %u ms "
			       "after the stop is asked for)",
			       bench->hold);
		result = print_times(title, bench->stop, PAIRS);
	}
	if (result == 0 && (bench->parts & (1U << PART_TRIP))) {
		(void)snprintf(title, sizeof(title), "cancel to the last of %u answers",
			       bench->handlers);
		result = print_times(title, bench->trip, PAIRS);
	}
	if (result == 0 && (bench->parts & (1U << PART_IDLE)))
		result = print_idle(bench);
	return result;
}

static void set_goals(const struct drain_latency *bench, struct bench_goal goals[GOALS])
{
	const struct bench_goal all[GOALS] = {
		{"stop returns after the last handler, p99", "ms", false, 1,
		 series_percentile(&bench->stop[PAIR_WEIR], 99)},
		{"cancel to the last answer, weir by Go", "", false, 0.5,
		 series_ratio(&bench->trip[PAIR_WEIR], &bench->trip[PAIR_GO])},
		{"SIGTERM to exit with idle connections, weir by nginx (fast)", "", false, 1.5,
		 series_ratio(&bench->exits[IDLE_WEIR], &bench->exits[IDLE_NGINX_FAST])},
		{"memory of an idle connection", "KiB", false, 9,
		 series_median(&bench->memory[IDLE_WEIR])},
		{"memory of an idle connection, weir by Go", "", false, 0.5,
		 series_ratio(&bench->memory[IDLE_WEIR], &bench->memory[IDLE_GO])},
	};

	memcpy(goals, all, sizeof(all));
}

static void put_series(struct bench_json *json, const char *key, const struct series *series,
		       size_t count, const size_t *resets)
{
	bench_json_array(json, key);
	for (size_t i = 0; i < count; i++) {
		if (series_empty(&series[i]))
			continue;
		bench_json_object(json, NULL);
		bench_json_string(json, "server", series[i].name);
		bench_json_integer(json, "runs", (int64_t)series_runs(&series[i]));
		bench_json_number(json, "median", series_median(&series[i]));
		bench_json_number(json, "p99", series_percentile(&series[i], 99));
		bench_json_number(json, "max", series_percentile(&series[i], 100));
		if (resets)
			bench_json_integer(json, "connections_reset", (int64_t)resets[i]);
		bench_json_array(json, "values");
		for (size_t k = 0; k < series[i].count; k++)
			bench_json_number(json, NULL, series[i].values[k]);
		bench_json_end(json);
		bench_json_end(json);
	}
	bench_json_end(json);
}

static void put_members(const void *arg, struct bench_json *json)
{
	const struct drain_latency *bench = arg;

	bench_json_integer(json, "hold_ms", bench->hold);
	bench_json_integer(json, "handlers", bench->handlers);
	bench_json_integer(json, "connections", bench->connections);
	bench_peers_json(bench->peers, BENCH_PEERS, json);
	put_series(json, "stop_ms", bench->stop, PAIRS, NULL);
	put_series(json, "trip_ms", bench->trip, PAIRS, NULL);
	put_series(json, "idle_exit_ms", bench->exits, IDLES, bench->resets);
	put_series(json, "idle_memory_kib", bench->memory, IDLES, NULL);
}

struct panel {
	struct bench_chart_bar bars[3][BARS];
	struct bench_chart_group groups[3];
	struct bench_chart_panel panel;
};

/* One group of bars for each of the percentiles. */
static void fill_panel(struct panel *panel, const char *title, const struct series *series,
		       size_t count, const double *percentiles, size_t group_count)
{
	for (size_t g = 0; g < group_count; g++) {
		size_t bars = 0;

		for (size_t i = 0; i < count && bars < BARS; i++) {
			if (!series_empty(&series[i]))
				panel->bars[g][bars++] = (struct bench_chart_bar){
					series[i].name,
					series_percentile(&series[i], percentiles[g]),
					(unsigned)series[i].peer};
		}
		panel->groups[g] =
			(struct bench_chart_group){group_count == 1        ? ""
						   : percentiles[g] == 50  ? "median"
						   : percentiles[g] == 100 ? "worst"
									   : "99th percentile",
						   panel->bars[g], bars};
	}
	panel->panel = (struct bench_chart_panel){
		.title = title, .groups = panel->groups, .group_count = group_count};
}

static int draw(const void *arg, FILE *out)
{
	const struct drain_latency *bench = arg;
	static const double spread[] = {50, 99, 100}, middle[] = {50};
	struct panel all[4];
	struct bench_chart_panel panels[4];
	char trip[96], idle[96], subtitle[160];
	size_t count = 0;

	(void)snprintf(trip, sizeof(trip),
		       "Cancel to the last answer of %u blocked handlers, milliseconds",
		       bench->handlers);
	(void)snprintf(idle, sizeof(idle),
		       "Signal to exit with %u idle connections, median, milliseconds",
		       bench->connections);
	if (bench->parts & (1U << PART_STOP))
		fill_panel(&all[count++],
			   "From the last handler's end to the stop's return, milliseconds",
			   bench->stop, PAIRS, spread, 3);
	if (bench->parts & (1U << PART_TRIP))
		fill_panel(&all[count++], trip, bench->trip, PAIRS, spread, 3);
	if (bench->parts & (1U << PART_IDLE)) {
		fill_panel(&all[count++], idle, bench->exits, IDLES, middle, 1);
		/* Without the last: nginx is nginx, however it is going to be stopped. */
		fill_panel(&all[count++], "Resident memory of an idle keep-alive connection, KiB",
			   bench->memory, IDLE_NGINX_GRACEFUL, middle, 1);
	}
	for (size_t i = 0; i < count; i++)
		panels[i] = all[i].panel;
	(void)snprintf(subtitle, sizeof(subtitle), "Less is better everywhere; %ld cpus",
		       bench->machine.cpus);
	return bench_chart_write(out, "What a stop costs", subtitle, panels, count);
}

int report(const struct drain_latency *bench, const char *dir)
{
	struct bench_goal goals[GOALS];

	set_goals(bench, goals);
	return bench_results_tell(&(struct bench_results){.name = "drain_latency",
							  .machine = &bench->machine,
							  .goals = goals,
							  .goal_count = GOALS,
							  .bench = bench,
							  .print = print,
							  .put = put_members,
							  .draw = draw},
				  dir);
}
