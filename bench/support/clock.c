/* clock.c: the monotonic clock, and deadlines for poll. */
#include "clock.h"

#include <limits.h>
#include <stdlib.h>
#include <time.h>

int64_t bench_now(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
		abort();
	return (int64_t)now.tv_sec * BENCH_S + now.tv_nsec;
}

int bench_ms_left(int64_t deadline)
{
	int64_t left = deadline - bench_now();

	if (left <= 0)
		return 0;
	left = (left + BENCH_MS - 1) / BENCH_MS;
	return left > INT_MAX ? INT_MAX : (int)left;
}
