/* clock.h: time for the benches, in nanoseconds on CLOCK_MONOTONIC.
 *
 * The peers stamp their own events on the same clock, so that a moment taken in one
 * process can be subtracted from a moment taken in another.
 */
#ifndef BENCH_CLOCK_H
#define BENCH_CLOCK_H

#include <stdint.h>

#define BENCH_MS ((int64_t)1000000)
#define BENCH_S ((int64_t)1000000000)

int64_t bench_now(void);

/* A deadline as poll() and epoll_wait() want it: milliseconds left, rounded up; 0 once
 * it has passed. */
int bench_ms_left(int64_t deadline);

#endif
