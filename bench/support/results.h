/* results.h: what a bench tells when it has measured: a page on stdout for people, and the two
 * files that it leaves behind, NAME.json to compute with and NAME.svg to look at. */
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
	const void *bench; /* what the three below are given */
	/* Prints the page between the machine and the goals. 0 or a negative errno. */
	int (*print)(const void *bench);
	/* Writes the members of the JSON object that are the bench's own. */
	void (*put)(const void *bench, struct bench_json *json);
	/* Draws. 0 or a negative errno. */
	int (*draw)(const void *bench, FILE *out);
};

/* Prints the page, writes both files into `dir`, and says on stdout what was written. 0, or a
 * negative errno, which was said on stderr. */
int bench_results_tell(const struct bench_results *results, const char *dir);

#endif
