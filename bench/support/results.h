/* results.h: the two files that a bench leaves behind: NAME.json to compute with, NAME.svg to
 * look at. */
#ifndef BENCH_RESULTS_H
#define BENCH_RESULTS_H

#include <stdio.h>

#include "goal.h"
#include "json.h"
#include "machine.h"

struct bench_results {
	const char *name; /* of the bench */
	const struct bench_machine *machine;
	const struct bench_goal *goals;
	size_t goal_count;
	const void *bench; /* what the two below are given */
	/* Writes the members of the JSON object that are the bench's own. */
	void (*put)(const void *bench, struct bench_json *json);
	/* Draws. 0 or a negative errno. */
	int (*draw)(const void *bench, FILE *out);
};

/* Writes both into `dir`, and says on stdout what was written. 0, or a negative errno, which
 * was said on stderr. */
int bench_results_write(const struct bench_results *results, const char *dir);

#endif
