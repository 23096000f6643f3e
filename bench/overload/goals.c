/* goals.c: what Weir has to hold under overload, alone and beside the others. */
#include <math.h>
#include <stdio.h>

#include "overload.h"

/* Weir's default; CoDel refuses what has waited twice as long. */
#define CODEL_TARGET_MS 5
/* Two servers that both answer everything differ by chance: so much is no difference. */
#define NO_WORSE 0.98

static double best_of_weir(const struct overload *bench)
{
	double best = bench->capacity[SERVER_WEIR];

	for (size_t i = 0; i < bench->loads.count; i++) {
		if (bench->points[i][SERVER_WEIR].there)
			best = fmax(best, bench->points[i][SERVER_WEIR].goodput);
	}
	return best;
}

/* The most that one of the others answers in time, and the shortest p99 of those that answer at
 * least half as much: to answer next to nothing quickly is no merit. NaN if there are none. */
static void best_of_others(const struct point *points, double *share, double *p99)
{
	*share = *p99 = (double)NAN;
	for (enum server_id id = SERVER_GO; id < SERVERS; id++) {
		if (points[id].there)
			*share = fmax(*share, points[id].share);
	}
	for (enum server_id id = SERVER_GO; id < SERVERS; id++) {
		if (points[id].there && points[id].share >= *share / 2)
			*p99 = fmin(*p99, points[id].p99);
	}
}

size_t set_goals(const struct overload *bench, struct bench_goal goals[GOALS_MAX],
		 char texts[GOALS_MAX][96])
{
	const double longest = 2 * CODEL_TARGET_MS + bench->service;
	size_t count = 2;

	goals[0] = (struct bench_goal){.text = "goodput at 4 times capacity, of its best",
				       .unit = "",
				       .at_least = true,
				       .limit = 0.95,
				       .value = (double)NAN};
	goals[1] = (struct bench_goal){.text = "p99 of what is answered at 4 times capacity",
				       .unit = "ms",
				       .limit = longest,
				       .value = (double)NAN};
	for (size_t i = 0; i < bench->loads.count; i++) {
		const struct point *weir = &bench->points[i][SERVER_WEIR];
		double load = bench->loads.values[i] / 100.0, share, p99;

		best_of_others(bench->points[i], &share, &p99);
		if (bench->loads.values[i] == 400 && weir->there) {
			goals[0].value = weir->goodput / best_of_weir(bench);
			goals[1].value = weir->p99;
		}
		if (!weir->there)
			share = p99 = (double)NAN;
		(void)snprintf(texts[count], sizeof(texts[count]),
			       "goodput by that of the best other, at %g", load);
		goals[count] = (struct bench_goal){.text = texts[count],
						   .unit = "",
						   .at_least = true,
						   .limit = NO_WORSE,
						   .value = weir->share / share};
		count++;
		(void)snprintf(texts[count], sizeof(texts[count]),
			       "p99 of the quickest other by Weir's, at %g", load);
		goals[count] = (struct bench_goal){.text = texts[count],
						   .unit = "",
						   .at_least = true,
						   .limit = NO_WORSE,
						   .value = p99 / weir->p99};
		count++;
	}
	return count;
}
