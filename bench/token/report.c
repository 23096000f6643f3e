/* report.c: table, goals, JSON and picture of the token bench. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/chart.h"
#include "../support/results.h"
#include "../support/table.h"
#include "token.h"

#define GOALS 5

/* A label with the row's size in it. */
static const char *text_of(const struct row *row, char *text, size_t size)
{
	const char *hole = strstr(row->text, "%u");

	if (hole)
		(void)snprintf(text, size, "%.*s%u%s", (int)(hole - row->text), row->text, row->n,
			       hole + 2);
	else
		(void)snprintf(text, size, "%s", row->text);
	return text;
}

static int print_table(const struct token_bench *bench)
{
	static const char *const heading[] = {"what",       "unit", "weir",        "glib",
					      "stop_token", "go",   "weir/fastest"};
	struct bench_table table;

	bench_table_begin(&table, 7, 2, heading);
	for (size_t row = 0; row < row_count; row++) {
		char text[BENCH_TABLE_CELL];

		bench_table_cell(&table, "%s", text_of(&rows[row], text, sizeof(text)));
		bench_table_cell(&table, "%s", rows[row].unit);
		for (enum peer peer = 0; peer < PEERS; peer++)
			bench_table_number(&table, median_at(bench, row, peer));
		bench_table_number(&table, ratio_at(bench, row, false));
	}
	return bench_table_finish(&table);
}

static size_t find_row(const char *part, unsigned n, const char *result)
{
	size_t row = 0;

	while (row + 1 < row_count && (strcmp(rows[row].part, part) != 0 || rows[row].n != n ||
				       strcmp(rows[row].result, result) != 0))
		row++;
	return row;
}

/* The median over the rounds of one of Weir's rows less, or by, another. */
static double compare(const struct token_bench *bench, size_t left, size_t right, bool difference)
{
	double median, *at = calloc((size_t)PEERS * bench->rounds, sizeof(*at));
	struct token_bench one = {.rounds = bench->rounds, .values = at};

	if (!at)
		return NAN;
	for (unsigned round = 0; round < bench->rounds; round++) {
		double a = *value_at(bench, left, PEER_WEIR, round);
		double b = *value_at(bench, right, PEER_WEIR, round);

		*value_at(&one, 0, PEER_WEIR, round) = difference ? a - b : a / b;
	}
	median = median_at(&one, 0, PEER_WEIR);
	free(at);
	return median;
}

/* The worst of all numbers of waiters. */
static double worst_wake(const struct token_bench *bench, bool threads_only)
{
	double worst = NAN;

	for (size_t row = 0; row < row_count; row++)
		if (rows[row].any_go)
			worst = fmax(worst, ratio_at(bench, row, threads_only));
	return worst;
}

static void set_goals(const struct token_bench *bench, struct bench_goal goals[GOALS])
{
	size_t flat = find_row("check", 0, "check"), deep = find_row("check", 100, "check");
	const struct bench_goal all[GOALS] = {
		{"a check", "ns", false, 1.2, median_at(bench, flat, PEER_WEIR)},
		{"a check at depth 100, by depth 0", "", false, 1.1,
		 compare(bench, deep, flat, false)},
		{"a check, less one that records nothing", "ns", false, 0.5,
		 compare(bench, flat, find_row("check", 0, "bare"), true)},
		{"trip to last waiter, weir by fastest peer with threads, worst", "", false, 1,
		 worst_wake(bench, true)},
		{"trip to last waiter, weir by fastest peer, worst", "", false, 1,
		 worst_wake(bench, false)},
	};

	memcpy(goals, all, sizeof(all));
}

static void put_row(const struct token_bench *bench, size_t row, struct bench_json *json)
{
	char text[BENCH_TABLE_CELL];

	bench_json_object(json, NULL);
	bench_json_string(json, "what", text_of(&rows[row], text, sizeof(text)));
	bench_json_string(json, "part", rows[row].part);
	bench_json_integer(json, "n", rows[row].n);
	bench_json_string(json, "unit", rows[row].unit);
	bench_json_number(json, "weir_by_fastest", ratio_at(bench, row, false));
	bench_json_number(json, "weir_by_fastest_with_threads", ratio_at(bench, row, true));
	for (enum peer peer = 0; peer < PEERS; peer++) {
		if (isnan(median_at(bench, row, peer)))
			continue;
		bench_json_object(json, peer_names[peer]);
		bench_json_number(json, "median", median_at(bench, row, peer));
		bench_json_array(json, "rounds");
		for (unsigned round = 0; round < bench->rounds; round++)
			bench_json_number(json, NULL, *value_at(bench, row, peer, round));
		bench_json_end(json);
		bench_json_end(json);
	}
	bench_json_end(json);
}

static void put_members(const void *arg, struct bench_json *json)
{
	const struct token_bench *bench = arg;

	bench_json_integer(json, "rounds", bench->rounds);
	bench_peers_json(bench->peers, PEERS, json);
	bench_json_array(json, "results");
	for (size_t row = 0; row < row_count; row++)
		put_row(bench, row, json);
	bench_json_end(json);
}

/* One group of bars for each row of a part. */
struct picture {
	char headings[ROWS_MAX][BENCH_TABLE_CELL];
	struct bench_chart_bar bars[ROWS_MAX][PEERS];
	struct bench_chart_group groups[ROWS_MAX];
	size_t used;
};

static struct bench_chart_panel make_panel(const struct token_bench *bench, struct picture *picture,
					   const char *title, const char *result)
{
	struct bench_chart_panel panel = {
		.title = title, .groups = &picture->groups[picture->used], .group_scales = true};

	for (size_t row = 0; row < row_count; row++) {
		struct bench_chart_bar *bars = picture->bars[picture->used];
		char *heading = picture->headings[picture->used];
		size_t count = 0;

		if (strcmp(rows[row].result, result) != 0)
			continue;
		for (enum peer peer = 0; peer < PEERS; peer++)
			if (!isnan(median_at(bench, row, peer)))
				bars[count++] = (struct bench_chart_bar){
					peer_names[peer], median_at(bench, row, peer),
					(unsigned)peer};
		picture->groups[picture->used++] = (struct bench_chart_group){
			text_of(&rows[row], heading, BENCH_TABLE_CELL), bars, count};
		panel.group_count++;
	}
	return panel;
}

static int draw(const void *arg, FILE *out)
{
	const struct token_bench *bench = arg;
	struct picture *picture = calloc(1, sizeof(*picture));
	struct bench_chart_panel panels[5];
	char subtitle[160];
	int result;

	if (!picture)
		return -ENOMEM;
	panels[0] = make_panel(bench, picture, "A check, nanoseconds", "check");
	panels[1] = make_panel(bench, picture, "Create and release, nanoseconds", "create");
	panels[2] = make_panel(bench, picture, "A callback, nanoseconds", "callback");
	panels[3] = make_panel(bench, picture, "A trip, microseconds", "trip");
	panels[4] = make_panel(
		bench, picture,
		"From the trip to the last waiter awake, microseconds (Go: goroutines)", "wake");
	(void)snprintf(subtitle, sizeof(subtitle),
		       "Less is better everywhere; %ld cpus; median of %u rounds",
		       bench->machine.cpus, bench->rounds);
	result = bench_chart_write(out, "What a token costs", subtitle, panels, 5);
	free(picture);
	return result;
}

static int print(const void *arg)
{
	const struct token_bench *bench = arg;
	int result;

	bench_peers_print(bench->peers, PEERS);
	(void)printf("median of %u rounds; the last column is the median of each round's ratio\n\n",
		     bench->rounds);
	result = print_table(bench);
	(void)printf("note: Go's waiters are goroutines, all others are threads of the system\n");
	return result;
}

int report(const struct token_bench *bench, const char *dir)
{
	struct bench_goal goals[GOALS];

	set_goals(bench, goals);
	return bench_results_tell(&(struct bench_results){.name = "token",
							  .machine = &bench->machine,
							  .goals = goals,
							  .goal_count = GOALS,
							  .bench = bench,
							  .print = print,
							  .put = put_members,
							  .draw = draw},
				  dir);
}
