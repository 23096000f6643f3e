/* series.c: measurements by run, and what can be said of them. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "../support/sample.h"
#include "drain_latency.h"

int series_create(struct series *series, const char *name, enum bench_peer_id peer, size_t count)
{
	series->values = calloc(count, sizeof(*series->values));
	if (!series->values)
		return -ENOMEM;
	series->name = name;
	series->peer = peer;
	series->count = count;
	for (size_t i = 0; i < count; i++)
		series->values[i] = NAN;
	return 0;
}

void series_free(struct series *series)
{
	free(series->values);
	*series = (struct series){0};
}

size_t series_runs(const struct series *series)
{
	size_t runs = 0;

	for (size_t i = 0; i < series->count; i++)
		runs += !isnan(series->values[i]);
	return runs;
}

bool series_empty(const struct series *series)
{
	return series_runs(series) == 0;
}

static double reduce(const double *values, size_t count, double percent)
{
	struct bench_sample sample = {0};
	double result = NAN;

	for (size_t i = 0; i < count; i++) {
		if (!isnan(values[i]) && bench_sample_add(&sample, values[i]) != 0)
			goto free_sample;
	}
	result = isnan(percent) ? bench_sample_median(&sample)
				: bench_sample_percentile(&sample, percent);
free_sample:
	bench_sample_free(&sample);
	return result;
}

double series_percentile(const struct series *series, double percent)
{
	return reduce(series->values, series->count, percent);
}

double series_median(const struct series *series)
{
	return reduce(series->values, series->count, NAN);
}

double series_ratio(const struct series *left, const struct series *right)
{
	size_t count = left->count < right->count ? left->count : right->count;
	double result, *ratios;

	if (count == 0)
		return NAN;
	ratios = calloc(count, sizeof(*ratios));
	if (!ratios)
		return NAN;
	for (size_t i = 0; i < count; i++)
		ratios[i] = left->values[i] / right->values[i];
	result = reduce(ratios, count, NAN);
	free(ratios);
	return result;
}
