/* report.c: table, goals, JSON and picture of the listener_close bench. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "../support/chart.h"
#include "../support/results.h"
#include "../support/table.h"
#include "listener_close.h"

static uint64_t lost(const struct outcome *outcome)
{
	return outcome->sum.reset + outcome->sum.dropped;
}

static int print_table(const struct listener_close *bench)
{
	static const char *const heading[] = {"listener", "closed by", "closings",
					      "answered", "reset",     "unheard",
					      "losing",   "refused",   "waiting"};
	struct bench_table table;

	bench_table_begin(&table, 9, 2, heading);
	for (enum family family = 0; family < FAMILIES; family++) {
		for (enum closer closer = 0; closer < CLOSERS; closer++) {
			const struct outcome *outcome = &bench->outcomes[family][closer];

			if (!outcome->measured)
				continue;
			bench_table_cell(&table, "%s", family_names[family]);
			bench_table_cell(&table, "%s%s", closer_names[closer],
					 outcome->failed ? " (failed)" : "");
			bench_table_cell(&table, "%u", outcome->closings);
			bench_table_cell(&table, "%" PRIu64, outcome->sum.answered);
			bench_table_cell(&table, "%" PRIu64, outcome->sum.reset);
			bench_table_cell(&table, "%" PRIu64, outcome->sum.dropped);
			bench_table_cell(&table, "%u", outcome->losing);
			bench_table_cell(&table, "%" PRIu64, outcome->sum.refused);
			bench_table_cell(&table, "%" PRIu64, outcome->sum.waited);
		}
	}
	return bench_table_finish(&table);
}

static void set_goals(const struct listener_close *bench, struct bench_goal goals[FAMILIES])
{
	static const char *const texts[FAMILIES] = {"clients lost by closing a TCP listener",
						    "clients lost by closing a Unix socket"};

	for (enum family family = 0; family < FAMILIES; family++) {
		const struct outcome *outcome = &bench->outcomes[family][CLOSER_WEIR];

		goals[family] = (struct bench_goal){
			.text = texts[family],
			.unit = "",
			.limit = 0,
			.value = outcome->measured ? (double)lost(outcome) : (double)NAN};
	}
}

static void put_members(const void *arg, struct bench_json *json)
{
	const struct listener_close *bench = arg;

	bench_json_integer(json, "clients", bench->clients);
	bench_json_integer(json, "burst", bench->burst);
	bench_json_string(json, "go", bench->go.there ? bench->go.about : NULL);
	bench_json_array(json, "results");
	for (enum family family = 0; family < FAMILIES; family++) {
		for (enum closer closer = 0; closer < CLOSERS; closer++) {
			const struct outcome *outcome = &bench->outcomes[family][closer];

			if (!outcome->measured)
				continue;
			bench_json_object(json, NULL);
			bench_json_string(json, "listener", family_names[family]);
			bench_json_string(json, "closed_by", closer_names[closer]);
			bench_json_bool(json, "failed", outcome->failed);
			bench_json_integer(json, "closings", outcome->closings);
			bench_json_integer(json, "losing", outcome->losing);
			bench_json_integer(json, "answered", (int64_t)outcome->sum.answered);
			bench_json_integer(json, "reset", (int64_t)outcome->sum.reset);
			bench_json_integer(json, "unheard", (int64_t)outcome->sum.dropped);
			bench_json_integer(json, "refused", (int64_t)outcome->sum.refused);
			bench_json_integer(json, "waiting", (int64_t)outcome->sum.waited);
			bench_json_end(json);
		}
	}
	bench_json_end(json);
}

static int draw(const void *arg, FILE *out)
{
	const struct listener_close *bench = arg;
	struct bench_chart_bar bars[FAMILIES][CLOSERS];
	struct bench_chart_group groups[FAMILIES];
	struct bench_chart_panel panel = {
		.title = "Clients that were connected and got no answer, for each 1,000 closings",
		.groups = groups,
		.group_count = FAMILIES,
		.group_scales = true};
	char subtitle[160];

	for (enum family family = 0; family < FAMILIES; family++) {
		size_t count = 0;

		for (enum closer closer = 0; closer < CLOSERS; closer++) {
			const struct outcome *outcome = &bench->outcomes[family][closer];

			if (outcome->measured)
				bars[family][count++] = (struct bench_chart_bar){
					closer_names[closer],
					1000.0 * (double)lost(outcome) / outcome->closings,
					(unsigned)closer};
		}
		groups[family] = (struct bench_chart_group){
			family == FAMILY_TCP ? "TCP" : "Unix sockets", bars[family], count};
	}
	(void)snprintf(subtitle, sizeof(subtitle),
		       "Less is better; %u processes, %u connections at a time each; %ld cpus",
		       bench->clients, bench->burst, bench->machine.cpus);
	return bench_chart_write(out, "Closing a busy listener", subtitle, &panel, 1);
}

static int print(const void *arg)
{
	const struct listener_close *bench = arg;
	int result;

	if (bench->go.there)
		(void)printf("go: %s\n", bench->go.about);
	(void)printf("%u processes, each with %u new connections at a time\n\n", bench->clients,
		     bench->burst);
	result = print_table(bench);
	(void)printf("reset, unheard: had been told that they were connected; refused and "
		     "waiting: had not\n");
	return result;
}

int report(const struct listener_close *bench, const char *dir)
{
	struct bench_goal goals[FAMILIES];

	set_goals(bench, goals);
	return bench_results_tell(&(struct bench_results){.name = "listener_close",
							  .machine = &bench->machine,
							  .goals = goals,
							  .goal_count = FAMILIES,
							  .bench = bench,
							  .print = print,
							  .put = put_members,
							  .draw = draw},
				  dir);
}
