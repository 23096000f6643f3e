/* sample.h: a bounded set of measurements and its percentiles (nearest rank). */
#ifndef BENCH_SAMPLE_H
#define BENCH_SAMPLE_H

#include <stdbool.h>
#include <stddef.h>

/* All zero: empty. NaN is never held. */
struct bench_sample {
	double *values;
	size_t count;
	size_t room;
	bool sorted;
};

#define BENCH_SAMPLE_MAX 1000000

/* Returns 0, -ENOMEM, -EINVAL (not a number), or -ENOSPC beyond BENCH_SAMPLE_MAX. */
int bench_sample_add(struct bench_sample *sample, double value);

/* The smallest value that at least `percent` (0 to 100] of all values do not exceed; NaN
 * if there is none. Sorts the sample. */
double bench_sample_percentile(struct bench_sample *sample, double percent);

/* The middle value, or the mean of the middle two; NaN if there is none. */
double bench_sample_median(struct bench_sample *sample);

void bench_sample_free(struct bench_sample *sample);

#endif
