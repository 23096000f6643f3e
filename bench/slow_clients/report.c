/* report.c: table, goals, JSON and picture of the slow_clients bench. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "../support/chart.h"
#include "../support/results.h"
#include "../support/say.h"
#include "../support/table.h"
#include "slow_clients.h"

#define GOALS_PER_ATTACK 4
#define GOAL_TIME 1 /* the one of them that is about times */
#define GOALS (ATTACK_COUNT * GOALS_PER_ATTACK)
/* docs/limits.md: connection_memory, the library's structs and malloc's share of them. */
#define KIB_OF_CONNECTION 16
/* ... and CLIENT_REQUESTS buffers of 128 KiB, threads' stacks touched, and what a heap keeps. */
#define KIB_BESIDE 16384

static double share(const struct load_seen *seen)
{
	return seen->scheduled > 0 ? (double)seen->good / (double)seen->scheduled : (double)NAN;
}

static double growth_kib(const struct outcome *outcome)
{
	return (double)(outcome->peak_rss - outcome->quiet_rss) / 1024;
}

static int print(const void *arg)
{
	const struct slow_clients *bench = arg;
	static const char *const heading[] = {"attack",       "hostile",      "met",
					      "good %",       "good % quiet", "p99 ms",
					      "p99 ms quiet", "ratio",        "memory KiB more"};
	struct bench_table table;

	(void)printf("weir serve, %u normal requests a second for %u s, %u hostile connections at "
		     "a time\n\n",
		     bench->rate, bench->seconds, bench->connections);
	bench_table_begin(&table, 9, 1, heading);
	for (enum attack attack = 0; attack < ATTACK_COUNT; attack++) {
		const struct outcome *outcome = &bench->outcomes[attack];

		if (!outcome->there)
			continue;
		bench_table_cell(&table, "%s", attack_names[attack]);
		bench_table_cell(&table, "%" PRIu64, outcome->connections);
		bench_table_cell(&table, "%" PRIu64, outcome->met);
		bench_table_number(&table, 100 * share(&outcome->attacked));
		bench_table_number(&table, 100 * share(&outcome->quiet));
		bench_table_number(&table, outcome->attacked.p99);
		bench_table_number(&table, outcome->quiet.p99);
		bench_table_number(&table, outcome->attacked.p99 / outcome->quiet.p99);
		bench_table_number(&table, growth_kib(outcome));
	}
	return bench_table_finish(&table);
}

static size_t set_goals(const struct slow_clients *bench, struct bench_goal goals[GOALS],
			char texts[GOALS][96])
{
	static const char *const about[GOALS_PER_ATTACK] = {
		"normal requests answered in time, %", "p99 of those, times its quiet value",
		"memory at most, KiB more", "times that it was met"};
	size_t count = 0;

	for (enum attack attack = 0; attack < ATTACK_COUNT; attack++) {
		const struct outcome *outcome = &bench->outcomes[attack];
		const struct bench_goal own[GOALS_PER_ATTACK] = {
			{.at_least = true, .limit = 100, .value = 100 * share(&outcome->attacked)},
			{.limit = 2, .value = outcome->attacked.p99 / outcome->quiet.p99},
			{.limit = bench->connections * KIB_OF_CONNECTION + KIB_BESIDE,
			 .value = growth_kib(outcome)},
			{.at_least = true, .limit = 1, .value = (double)outcome->met}};

		for (size_t i = 0; outcome->there && i < GOALS_PER_ATTACK; i++, count++) {
			(void)snprintf(texts[count], sizeof(texts[count]), "%s: %s",
				       attack_names[attack], about[i]);
			goals[count] = own[i];
			goals[count].text = texts[count];
			goals[count].unit = "";
		}
	}
	return count;
}

bool report_holds(const struct slow_clients *bench)
{
	struct bench_goal goals[GOALS];
	char texts[GOALS][96];
	size_t count = set_goals(bench, goals, texts);
	bool all = count > 0;

	for (size_t i = 0; i < count; i++) {
		if (i % GOALS_PER_ATTACK == GOAL_TIME || bench_goal_met(&goals[i]))
			continue;
		bench_say("not met: %s: %g", goals[i].text, goals[i].value);
		all = false;
	}
	return all;
}

static void put_load(const char *key, const struct load_seen *seen, struct bench_json *json)
{
	bench_json_object(json, key);
	bench_json_integer(json, "scheduled", (int64_t)seen->scheduled);
	bench_json_integer(json, "good", (int64_t)seen->good);
	bench_json_number(json, "p50_ms", seen->p50);
	bench_json_number(json, "p99_ms", seen->p99);
	bench_json_number(json, "generator_lag_p99_ms", seen->lag);
	bench_json_end(json);
}

static void put_members(const void *arg, struct bench_json *json)
{
	const struct slow_clients *bench = arg;

	bench_json_integer(json, "connections", bench->connections);
	bench_json_integer(json, "rate_per_s", bench->rate);
	bench_json_integer(json, "seconds", bench->seconds);
	bench_json_integer(json, "timeout_s", bench->timeout);
	bench_json_array(json, "results");
	for (enum attack attack = 0; attack < ATTACK_COUNT; attack++) {
		const struct outcome *outcome = &bench->outcomes[attack];

		if (!outcome->there)
			continue;
		bench_json_object(json, NULL);
		bench_json_string(json, "attack", attack_names[attack]);
		put_load("quiet", &outcome->quiet, json);
		put_load("attacked", &outcome->attacked, json);
		bench_json_integer(json, "hostile_connections", (int64_t)outcome->connections);
		bench_json_integer(json, "open_connections", (int64_t)outcome->open);
		bench_json_string(json, "counter", attack_counter(attack));
		bench_json_integer(json, "met", (int64_t)outcome->met);
		bench_json_integer(json, "quiet_rss", outcome->quiet_rss);
		bench_json_integer(json, "peak_rss", outcome->peak_rss);
		bench_json_end(json);
	}
	bench_json_end(json);
}

static int draw(const void *arg, FILE *out)
{
	const struct slow_clients *bench = arg;
	struct bench_chart_bar bars[ATTACK_COUNT][2];
	struct bench_chart_group groups[ATTACK_COUNT];
	struct bench_chart_panel panel = {.title = "p99 of normal requests, ms (less is better)",
					  .groups = groups};
	char subtitle[160];

	for (enum attack attack = 0; attack < ATTACK_COUNT; attack++) {
		const struct outcome *outcome = &bench->outcomes[attack];

		if (!outcome->there)
			continue;
		bars[attack][0] = (struct bench_chart_bar){"quiet", outcome->quiet.p99, 0};
		bars[attack][1] = (struct bench_chart_bar){"attacked", outcome->attacked.p99, 1};
		groups[panel.group_count++] =
			(struct bench_chart_group){attack_names[attack], bars[attack], 2};
	}
	(void)snprintf(
		subtitle, sizeof(subtitle),
		"%u normal requests a second beside %u connections of slowhttptest; %ld cpus",
		bench->rate, bench->connections, bench->machine.cpus);
	return bench_chart_write(out, "Normal clients beside slow ones", subtitle, &panel, 1);
}

int report(const struct slow_clients *bench, const char *dir)
{
	struct bench_goal goals[GOALS];
	char texts[GOALS][96];
	size_t count = set_goals(bench, goals, texts);

	return bench_results_tell(&(struct bench_results){.name = "slow_clients",
							  .machine = &bench->machine,
							  .goals = goals,
							  .goal_count = count,
							  .bench = bench,
							  .print = print,
							  .put = put_members,
							  .draw = draw},
				  dir);
}
