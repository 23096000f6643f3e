/* goal.h: a number to hold, and whether it was held. */
#ifndef BENCH_GOAL_H
#define BENCH_GOAL_H

#include <stdbool.h>
#include <stddef.h>

#include "json.h"

struct bench_goal {
	const char *text; /* what is measured */
	const char *unit; /* "" for a ratio */
	bool at_least;    /* the value must not be lower than the limit; else not higher */
	double limit;
	double value; /* NaN: not measured */
};

bool bench_goal_met(const struct bench_goal *goal);

/* A table on stdout: goal, result, ok or missed. 0 or a negative errno. */
int bench_goals_print(const struct bench_goal *goals, size_t count);

/* The member "goals"; "met" is null where nothing was measured. */
void bench_goals_json(const struct bench_goal *goals, size_t count, struct bench_json *json);

#endif
