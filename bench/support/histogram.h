/* histogram.h: a count of durations by size, from which percentiles are read with a bounded error.
 *
 * After HdrHistogram (G. Tene): each power of two is cut into equal steps, so a value is known to
 * within one part in BENCH_HISTOGRAM_STEPS, in fixed memory and however many there are.
 */
#ifndef BENCH_HISTOGRAM_H
#define BENCH_HISTOGRAM_H

#include <stdint.h>

#define BENCH_HISTOGRAM_STEPS 128
/* Values from 2^40 on (18 minutes of nanoseconds) are counted as the largest below. */
#define BENCH_HISTOGRAM_BITS 40
#define BENCH_HISTOGRAM_ROOM ((BENCH_HISTOGRAM_BITS - 6) * BENCH_HISTOGRAM_STEPS)

/* All zero: empty. */
struct bench_histogram {
	uint64_t count;
	uint64_t counts[BENCH_HISTOGRAM_ROOM];
};

/* Negative values are counted as 0. */
void bench_histogram_add(struct bench_histogram *histogram, int64_t value);

/* A value that at least `percent` (0 to 100] of all do not exceed, at most one step above the
 * smallest such; NaN if there is none. */
double bench_histogram_percentile(const struct bench_histogram *histogram, double percent);

#endif
