/* report.c: table, goals, JSON and picture of the overload bench. */
#include <math.h>
#include <stdio.h>

#include "../support/chart.h"
#include "../support/results.h"
#include "../support/table.h"
#include "overload.h"

static int print_table(const struct overload *bench)
{
	static const char *const heading[] = {"load",       "server",  "offered/s", "goodput/s",
					      "good",       "refused", "too late",  "not sent",
					      "lost",       "p50 ms",  "p99 ms",    "p99.9 ms",
					      "503 p99 ms", "cpu us"};
	struct bench_table table;

	bench_table_begin(&table, sizeof(heading) / sizeof(heading[0]), 2, heading);
	for (size_t i = 0; i < bench->loads.count; i++) {
		for (enum server_id id = 0; id < SERVERS; id++) {
			const struct point *point = &bench->points[i][id];

			if (!point->there)
				continue;
			bench_table_cell(&table, "%g", bench->loads.values[i] / 100.0);
			bench_table_cell(&table, "%s", server_names[id]);
			bench_table_number(&table, point->offered);
			bench_table_number(&table, point->goodput);
			bench_table_cell(&table, "%.1f%%", 100 * point->share);
			bench_table_cell(&table, "%.1f%%", 100 * point->refused);
			bench_table_cell(&table, "%.1f%%", 100 * point->late);
			bench_table_cell(&table, "%.1f%%", 100 * point->unsent);
			bench_table_cell(&table, "%.1f%%", 100 * (point->lost + point->odd));
			bench_table_number(&table, point->p50);
			bench_table_number(&table, point->p99);
			bench_table_number(&table, point->p999);
			bench_table_number(&table, point->refusal_p99);
			bench_table_number(&table, point->cpu);
		}
	}
	return bench_table_finish(&table);
}

static void put_point(const struct overload *bench, size_t load, enum server_id id,
		      struct bench_json *json)
{
	const struct point *point = &bench->points[load][id];

	bench_json_object(json, NULL);
	bench_json_integer(json, "load_percent", bench->loads.values[load]);
	bench_json_string(json, "server", server_names[id]);
	bench_json_number(json, "offered_per_s", point->offered);
	bench_json_number(json, "goodput_per_s", point->goodput);
	bench_json_number(json, "good", point->share);
	bench_json_number(json, "refused", point->refused);
	bench_json_number(json, "late", point->late);
	bench_json_number(json, "unsent", point->unsent);
	bench_json_number(json, "lost", point->lost);
	bench_json_number(json, "odd", point->odd);
	bench_json_number(json, "p50_ms", point->p50);
	bench_json_number(json, "p99_ms", point->p99);
	bench_json_number(json, "p999_ms", point->p999);
	bench_json_number(json, "refusal_p50_ms", point->refusal_p50);
	bench_json_number(json, "refusal_p99_ms", point->refusal_p99);
	bench_json_number(json, "server_cpu_us", point->cpu);
	bench_json_number(json, "generator_lag_p99_ms", point->lag);
	bench_json_end(json);
}

static void put_members(const void *arg, struct bench_json *json)
{
	const struct overload *bench = arg;

	bench_json_integer(json, "workers", bench->workers);
	bench_json_integer(json, "service_ms", bench->service);
	bench_json_integer(json, "deadline_ms", bench->deadline);
	bench_json_integer(json, "seconds", bench->seconds);
	bench_json_integer(json, "connections", bench->connections);
	bench_peers_json(bench->peers, SERVERS, json);
	bench_json_object(json, "capacity_per_s");
	for (enum server_id id = 0; id < SERVERS; id++) {
		if (bench->capacity[id] > 0)
			bench_json_number(json, server_names[id], bench->capacity[id]);
	}
	bench_json_end(json);
	bench_json_array(json, "points");
	for (size_t i = 0; i < bench->loads.count; i++) {
		for (enum server_id id = 0; id < SERVERS; id++) {
			if (bench->points[i][id].there)
				put_point(bench, i, id, json);
		}
	}
	bench_json_end(json);
}

static int draw(const void *arg, FILE *out)
{
	const struct overload *bench = arg;
	struct bench_chart_bar goodput[BENCH_ARGS_LIST][SERVERS], p99[BENCH_ARGS_LIST][SERVERS];
	struct bench_chart_group goodputs[BENCH_ARGS_LIST], p99s[BENCH_ARGS_LIST];
	const struct bench_chart_panel panels[] = {
		{.title = "Answered in time, a second (more is better)",
		 .groups = goodputs,
		 .group_count = bench->loads.count},
		{.title = "p99 of what was answered in time, ms (less is better)",
		 .groups = p99s,
		 .group_count = bench->loads.count}};
	char headings[BENCH_ARGS_LIST][40], subtitle[160];

	for (size_t i = 0; i < bench->loads.count; i++) {
		size_t count = 0;

		for (enum server_id id = 0; id < SERVERS; id++) {
			const struct point *point = &bench->points[i][id];

			if (!point->there)
				continue;
			goodput[i][count] =
				(struct bench_chart_bar){server_names[id], point->goodput, id};
			p99[i][count++] =
				(struct bench_chart_bar){server_names[id], point->p99, id};
		}
		(void)snprintf(headings[i], sizeof(headings[i]), "%g times capacity",
			       bench->loads.values[i] / 100.0);
		goodputs[i] = (struct bench_chart_group){headings[i], goodput[i], count};
		p99s[i] = (struct bench_chart_group){headings[i], p99[i], count};
	}
	(void)snprintf(subtitle, sizeof(subtitle),
		       "Open loop; %u handlers of %u ms at a time; clients wait %u ms; %ld cpus",
		       bench->workers, bench->service, bench->deadline, bench->machine.cpus);
	return bench_chart_write(out, "Asked for more than it can do", subtitle, panels, 2);
}

/* A generator that was itself late has measured itself. */
static void warn_of_lag(const struct overload *bench)
{
	for (size_t i = 0; i < bench->loads.count; i++) {
		for (enum server_id id = 0; id < SERVERS; id++) {
			const struct point *point = &bench->points[i][id];

			if (point->there && point->lag > bench->service)
				(void)printf("note: at %g for %s the generator was late, p99 %.1f "
					     "ms, which is in all of its times\n",
					     bench->loads.values[i] / 100.0, server_names[id],
					     point->lag);
		}
	}
}

static void print_heading(const struct overload *bench)
{
	(void)printf("%u handlers of %u ms at a time; a client waits %u ms; %u s each; best of the "
		     "closed loop:",
		     bench->workers, bench->service, bench->deadline, bench->seconds);
	for (enum server_id id = 0; id < SERVERS; id++) {
		if (bench->capacity[id] > 0)
			(void)printf(" %s %.0f/s", server_names[id], bench->capacity[id]);
	}
	(void)printf("\n\n");
}

static int print(const void *arg)
{
	const struct overload *bench = arg;
	int result;

	print_heading(bench);
	result = print_table(bench);
	warn_of_lag(bench);
	return result;
}

int report(const struct overload *bench, const char *dir)
{
	struct bench_goal goals[GOALS_MAX];
	char texts[GOALS_MAX][96];
	size_t count = set_goals(bench, goals, texts);

	return bench_results_tell(&(struct bench_results){.name = "overload",
							  .machine = &bench->machine,
							  .goals = goals,
							  .goal_count = count,
							  .bench = bench,
							  .print = print,
							  .put = put_members,
							  .draw = draw},
				  dir);
}
