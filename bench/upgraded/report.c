/* report.c: table, goals, JSON and picture of the upgraded bench. */
#include <math.h>
#include <stdio.h>

#include "../support/chart.h"
#include "../support/results.h"
#include "../support/table.h"
#include "upgraded.h"

static int print(const void *arg)
{
	struct upgraded *bench = (struct upgraded *)arg; /* medians sort */
	static const char *const heading[] = {"idle",   "requests/s", "p50 us",
					      "p99 us", "errors",     "KiB each"};
	struct bench_table table;

	(void)printf("weir, and beside %u connections that ask, %u that have left HTTP; medians of "
		     "%u rounds\n\n",
		     bench->connections, bench->idle, bench->rounds);
	bench_table_begin(&table, 6, 0, heading);
	for (int i = 0; i < SIDES; i++) {
		struct side *side = &bench->sides[i];

		bench_table_cell(&table, "%u", side->idle);
		bench_table_number(&table, bench_sample_median(&side->rate));
		bench_table_number(&table, bench_sample_median(&side->p50));
		bench_table_number(&table, bench_sample_median(&side->p99));
		bench_table_number(&table, side->errors);
		bench_table_number(&table, side->memory);
	}
	return bench_table_finish(&table);
}

static double ratio(struct bench_sample *many, struct bench_sample *none)
{
	return bench_sample_median(many) / bench_sample_median(none);
}

static void put_side(struct side *side, struct bench_json *json)
{
	bench_json_object(json, NULL);
	bench_json_integer(json, "idle", side->idle);
	bench_json_number(json, "requests_per_second", bench_sample_median(&side->rate));
	bench_json_number(json, "p50_us", bench_sample_median(&side->p50));
	bench_json_number(json, "p99_us", bench_sample_median(&side->p99));
	bench_json_number(json, "errors", side->errors);
	bench_json_number(json, "kib_each", side->memory);
	bench_json_end(json);
}

static void put_members(const void *arg, struct bench_json *json)
{
	struct upgraded *bench = (struct upgraded *)arg;

	bench_json_string(json, "wrk", bench->wrk);
	bench_json_integer(json, "connections", bench->connections);
	bench_json_integer(json, "rounds", bench->rounds);
	bench_json_integer(json, "seconds", bench->seconds);
	bench_json_array(json, "results");
	for (int i = 0; i < SIDES; i++)
		put_side(&bench->sides[i], json);
	bench_json_end(json);
}

static int draw(const void *arg, FILE *out)
{
	struct upgraded *bench = (struct upgraded *)arg;
	struct bench_chart_bar rate[SIDES], p50[SIDES], p99[SIDES];
	struct bench_chart_group groups[] = {
		{"", rate, SIDES}, {"half of them", p50, SIDES}, {"99 of 100", p99, SIDES}};
	struct bench_chart_panel panels[] = {
		{.title = "Requests a second (more is better)",
		 .groups = &groups[0],
		 .group_count = 1},
		{.title = "Microseconds to the answer, at most (less is better)",
		 .groups = &groups[1],
		 .group_count = 2},
	};
	char labels[SIDES][32], subtitle[160];

	for (unsigned i = 0; i < SIDES; i++) {
		struct side *side = &bench->sides[i];

		(void)snprintf(labels[i], sizeof(labels[i]), "%u idle", side->idle);
		rate[i] = (struct bench_chart_bar){labels[i], bench_sample_median(&side->rate), i};
		p50[i] = (struct bench_chart_bar){labels[i], bench_sample_median(&side->p50), i};
		p99[i] = (struct bench_chart_bar){labels[i], bench_sample_median(&side->p99), i};
	}
	(void)snprintf(subtitle, sizeof(subtitle),
		       "%u connections ask; medians of %u rounds of %u s; %ld cpus",
		       bench->connections, bench->rounds, bench->seconds, bench->machine.cpus);
	return bench_chart_write(out, "Plain requests beside connections that have left HTTP",
				 subtitle, panels, 2);
}

int report(struct upgraded *bench, const char *dir)
{
	struct side *none = &bench->sides[NONE], *many = &bench->sides[MANY];
	const struct bench_goal goals[] = {
		{.text = "requests a second, with idle ones to without",
		 .unit = "",
		 .at_least = true,
		 .limit = 0.95,
		 .value = ratio(&many->rate, &none->rate)},
		{.text = "p50, with idle ones to without",
		 .unit = "",
		 .limit = 1.05,
		 .value = ratio(&many->p50, &none->p50)},
		{.text = "p99, with idle ones to without",
		 .unit = "",
		 .limit = 1.25,
		 .value = ratio(&many->p99, &none->p99)},
	};

	return bench_results_tell(
		&(struct bench_results){.name = "upgraded",
					.machine = &bench->machine,
					.goals = goals,
					.goal_count = sizeof(goals) / sizeof(goals[0]),
					.bench = bench,
					.print = print,
					.put = put_members,
					.draw = draw},
		dir);
}
