/* points.c: the measured points, their medians and ratios. */
#include <math.h>

#include "../support/sample.h"
#include "throughput.h"

struct point *point_at(const struct throughput *bench, size_t connections, size_t peer,
		       unsigned round)
{
	return &bench->points[(connections * BENCH_PEERS + peer) * bench->rounds + round];
}

double point_value(const struct point *point, enum value value)
{
	switch (value) {
	case VALUE_RATE:
		return point->rate;
	case VALUE_P50:
		return point->p50;
	case VALUE_P99:
		return point->p99;
	case VALUE_CPU:
		return point->cpu;
	case VALUE_ERRORS:
		return point->errors;
	case VALUES:
		break;
	}
	return NAN;
}

double median_of(const struct throughput *bench, size_t connections, size_t peer, enum value value)
{
	struct bench_sample sample = {0};
	double median = NAN;

	for (unsigned round = 0; round < bench->rounds; round++) {
		const struct point *point = point_at(bench, connections, peer, round);

		if (point->there && bench_sample_add(&sample, point_value(point, value)) != 0)
			goto free_sample;
	}
	median = bench_sample_median(&sample);
free_sample:
	bench_sample_free(&sample);
	return median;
}

double ratio_of(const struct throughput *bench, size_t connections, size_t peer, enum value value)
{
	struct bench_sample sample = {0};
	double median = NAN;

	for (unsigned round = 0; round < bench->rounds; round++) {
		const struct point *weir = point_at(bench, connections, BENCH_WEIR, round);
		const struct point *other = point_at(bench, connections, peer, round);

		if (!weir->there || !other->there || point_value(other, value) <= 0)
			continue;
		if (bench_sample_add(&sample,
				     point_value(weir, value) / point_value(other, value)) != 0)
			goto free_sample;
	}
	median = bench_sample_median(&sample);
free_sample:
	bench_sample_free(&sample);
	return median;
}
