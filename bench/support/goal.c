/* goal.c: goals beside results. */
#include "goal.h"

#include <math.h>

#include "number.h"
#include "table.h"

bool bench_goal_met(const struct bench_goal *goal)
{
	return goal->at_least ? goal->value >= goal->limit : goal->value <= goal->limit;
}

static const char *verdict(const struct bench_goal *goal)
{
	if (isnan(goal->value))
		return "not measured";
	return bench_goal_met(goal) ? "ok" : "missed";
}

int bench_goals_print(const struct bench_goal *goals, size_t count)
{
	static const char *const heading[] = {"goal", "unit", "wanted", "measured", ""};
	struct bench_table table;
	char limit[BENCH_NUMBER_SIZE];

	bench_table_begin(&table, 5, 2, heading);
	for (size_t i = 0; i < count; i++) {
		bench_table_cell(&table, "%s", goals[i].text);
		bench_table_cell(&table, "%s", *goals[i].unit ? goals[i].unit : "times");
		bench_table_cell(&table, "%s %s", goals[i].at_least ? ">=" : "<=",
				 bench_number(limit, goals[i].limit));
		bench_table_number(&table, goals[i].value);
		bench_table_cell(&table, "%s", verdict(&goals[i]));
	}
	return bench_table_finish(&table);
}

void bench_goals_json(const struct bench_goal *goals, size_t count, struct bench_json *json)
{
	bench_json_array(json, "goals");
	for (size_t i = 0; i < count; i++) {
		bench_json_object(json, NULL);
		bench_json_string(json, "text", goals[i].text);
		bench_json_string(json, "unit", goals[i].unit);
		bench_json_string(json, "sense", goals[i].at_least ? "at least" : "at most");
		bench_json_number(json, "limit", goals[i].limit);
		bench_json_number(json, "value", goals[i].value);
		if (isnan(goals[i].value))
			bench_json_string(json, "met", NULL);
		else
			bench_json_bool(json, "met", bench_goal_met(&goals[i]));
		bench_json_end(json);
	}
	bench_json_end(json);
}
