/* sample.c: values in an array, sorted when asked about. */
#include "sample.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

int bench_sample_add(struct bench_sample *sample, double value)
{
	if (isnan(value))
		return -EINVAL;
	if (sample->count == sample->room) {
		size_t room = sample->room ? sample->room * 2 : 64;
		double *values;

		if (room > BENCH_SAMPLE_MAX)
			return -ENOSPC;
		values = realloc(sample->values, room * sizeof(*values));
		if (!values)
			return -ENOMEM;
		sample->values = values;
		sample->room = room;
	}
	sample->values[sample->count++] = value;
	sample->sorted = false;
	return 0;
}

static int compare(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

static void sort(struct bench_sample *sample)
{
	if (!sample->sorted)
		qsort(sample->values, sample->count, sizeof(*sample->values), compare);
	sample->sorted = true;
}

double bench_sample_percentile(struct bench_sample *sample, double percent)
{
	double rank;

	if (sample->count == 0)
		return NAN;
	sort(sample);
	rank = ceil(percent / 100 * (double)sample->count);
	if (rank < 1)
		rank = 1;
	if (rank > (double)sample->count)
		rank = (double)sample->count;
	return sample->values[(size_t)rank - 1];
}

double bench_sample_median(struct bench_sample *sample)
{
	size_t middle = sample->count / 2;

	if (sample->count == 0)
		return NAN;
	sort(sample);
	if (sample->count % 2 == 1)
		return sample->values[middle];
	return (sample->values[middle - 1] + sample->values[middle]) / 2;
}

void bench_sample_free(struct bench_sample *sample)
{
	free(sample->values);
	*sample = (struct bench_sample){0};
}
