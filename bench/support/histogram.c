/* histogram.c: where a value is counted.
 *
 * Values below 2 * STEPS have a place each. Beyond, those of one power of two share STEPS places:
 * the place is the number of the power and the seven bits after the leading one.
 */
#include "histogram.h"

#include <math.h>
#include <stddef.h>

#define STEP_BITS 7
_Static_assert(1 << STEP_BITS == BENCH_HISTOGRAM_STEPS, "steps are a power of two");

static size_t place_of(uint64_t value)
{
	unsigned shift;

	if (value >= (uint64_t)1 << BENCH_HISTOGRAM_BITS)
		value = ((uint64_t)1 << BENCH_HISTOGRAM_BITS) - 1;
	if (value < 2 * BENCH_HISTOGRAM_STEPS)
		return (size_t)value;
	shift = 63 - (unsigned)__builtin_clzll(value) - STEP_BITS;
	return ((size_t)shift << STEP_BITS) + (size_t)(value >> shift);
}

/* The largest value that is counted there. */
static double top_of(size_t place)
{
	size_t shift, first;

	if (place < 2 * BENCH_HISTOGRAM_STEPS)
		return (double)place;
	shift = (place >> STEP_BITS) - 1;
	first = place - (shift << STEP_BITS);
	return ldexp((double)first + 1, (int)shift) - 1;
}

void bench_histogram_add(struct bench_histogram *histogram, int64_t value)
{
	histogram->counts[place_of(value > 0 ? (uint64_t)value : 0)]++;
	histogram->count++;
}

double bench_histogram_percentile(const struct bench_histogram *histogram, double percent)
{
	double wanted = ceil((double)histogram->count * percent / 100);
	uint64_t seen = 0;

	if (histogram->count == 0)
		return (double)NAN;
	for (size_t place = 0; place < BENCH_HISTOGRAM_ROOM; place++) {
		seen += histogram->counts[place];
		if ((double)seen >= wanted && seen > 0)
			return top_of(place);
	}
	return (double)NAN;
}
