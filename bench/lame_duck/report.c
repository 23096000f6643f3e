/* report.c: table, goals, JSON and picture of the lame_duck bench. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "../support/chart.h"
#include "../support/results.h"
#include "../support/table.h"
#include "lame_duck.h"

/* Of a thousand connections. */
static double lost_of_thousand(const struct series *series)
{
	const struct ends *sum = &series->sum;
	uint64_t all = sum->told + sum->idle + sum->refused + sum->lost;

	return all > 0 ? 1000.0 * (double)sum->lost / (double)all : (double)NAN;
}

static int print(const void *arg)
{
	const struct lame_duck *bench = arg;
	static const char *const heading[] = {"lame duck ms", "stops", "answered", "told",
					      "closed idle",  "503",   "lost",     "of 1,000"};
	struct bench_table table;

	(void)printf("%u connections, each with a pause of 0 to %u ms between its requests\n\n",
		     bench->connections, 2 * bench->think);
	bench_table_begin(&table, 8, 0, heading);
	for (size_t i = 0; i < bench->times.count; i++) {
		const struct series *series = &bench->series[i];

		bench_table_cell(&table, "%u%s", series->lame_duck,
				 series->failed ? " (failed)" : "");
		bench_table_cell(&table, "%u", series->stops);
		bench_table_cell(&table, "%" PRIu64, series->sum.requests);
		bench_table_cell(&table, "%" PRIu64, series->sum.told);
		bench_table_cell(&table, "%" PRIu64, series->sum.idle);
		bench_table_cell(&table, "%" PRIu64, series->sum.refused);
		bench_table_cell(&table, "%" PRIu64, series->sum.lost);
		bench_table_number(&table, lost_of_thousand(series));
	}
	return bench_table_finish(&table);
}

/* Where every client has something to say before the time is over, none may be lost. */
static struct bench_goal goal(const struct lame_duck *bench)
{
	struct bench_goal goal = {
		.text = "lost, where the lame-duck time is twice the longest pause",
		.unit = "",
		.limit = 0,
		.value = (double)NAN};

	for (size_t i = 0; i < bench->times.count; i++) {
		const struct series *series = &bench->series[i];

		if (series->lame_duck < 4 * bench->think || series->stops == 0)
			continue;
		goal.value = (isnan(goal.value) ? 0 : goal.value) + (double)series->sum.lost;
	}
	return goal;
}

static void put_members(const void *arg, struct bench_json *json)
{
	const struct lame_duck *bench = arg;

	bench_json_integer(json, "connections", bench->connections);
	bench_json_integer(json, "think_ms", bench->think);
	bench_json_array(json, "results");
	for (size_t i = 0; i < bench->times.count; i++) {
		const struct series *series = &bench->series[i];

		bench_json_object(json, NULL);
		bench_json_integer(json, "lame_duck_ms", series->lame_duck);
		bench_json_integer(json, "stops", series->stops);
		bench_json_bool(json, "failed", series->failed);
		bench_json_integer(json, "answered", (int64_t)series->sum.requests);
		bench_json_integer(json, "told", (int64_t)series->sum.told);
		bench_json_integer(json, "closed_idle", (int64_t)series->sum.idle);
		bench_json_integer(json, "refused", (int64_t)series->sum.refused);
		bench_json_integer(json, "lost", (int64_t)series->sum.lost);
		bench_json_end(json);
	}
	bench_json_end(json);
}

static int draw(const void *arg, FILE *out)
{
	const struct lame_duck *bench = arg;
	struct bench_chart_bar bars[BENCH_ARGS_LIST];
	char labels[BENCH_ARGS_LIST][32], subtitle[160];
	struct bench_chart_group group = {"", bars, bench->times.count};
	struct bench_chart_panel panel = {
		.title = "Requests written and not answered, of 1,000 connections (less is better)",
		.groups = &group,
		.group_count = 1};

	for (size_t i = 0; i < bench->times.count; i++) {
		(void)snprintf(labels[i], sizeof(labels[i]), "%u ms", bench->series[i].lame_duck);
		bars[i] =
			(struct bench_chart_bar){labels[i], lost_of_thousand(&bench->series[i]), 0};
	}
	(void)snprintf(subtitle, sizeof(subtitle),
		       "By lame-duck time; %u connections, a request each %u ms on average; %ld "
		       "cpus",
		       bench->connections, bench->think, bench->machine.cpus);
	return bench_chart_write(out, "What a stop loses on kept-alive connections", subtitle,
				 &panel, 1);
}

int report(const struct lame_duck *bench, const char *dir)
{
	const struct bench_goal goals[] = {goal(bench)};

	return bench_results_tell(&(struct bench_results){.name = "lame_duck",
							  .machine = &bench->machine,
							  .goals = goals,
							  .goal_count = 1,
							  .bench = bench,
							  .print = print,
							  .put = put_members,
							  .draw = draw},
				  dir);
}
