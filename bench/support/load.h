/* load.h: a load generator: one thread, one epoll.
 *
 * Open loop: requests arrive as a Poisson process of a given rate, whether or not earlier ones were
 * answered, and the time of each counts from when it was due, not from when a connection was free
 * to carry it. A closed loop, in which a slow server slows its own load down, would leave out just
 * the requests that fare worst: "coordinated omission" (G. Tene, "How NOT to Measure Latency",
 * 2013; wrk2).
 *
 * A client waits `deadline` for its answer and then closes the connection, as people and proxies
 * do. Every request that was due in the measured time ends as exactly one of the counts below.
 */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include <stdint.h>

#include "histogram.h"

struct bench_load_options {
	uint16_t port;
	double rate;          /* arrivals a second; 0: closed loop */
	unsigned concurrency; /* closed loop: clients, each of which asks again once answered */
	unsigned connections; /* at most so many at a time, idle ones included */
	int64_t warm_up;      /* nanoseconds, as all times; load that is not counted */
	int64_t measured;
	int64_t deadline;
	uint64_t seed; /* of the arrivals; not 0 */
};

struct bench_load_result {
	uint64_t scheduled; /* the sum of the next six */
	uint64_t good;      /* answered 200 within the deadline */
	uint64_t refused;   /* answered 429, 502, 503 or 504 within it */
	uint64_t odd;       /* answered otherwise */
	uint64_t late;      /* sent, and not answered within it */
	uint64_t unsent;    /* not even sent: no connection was free, or it could not be made */
	uint64_t lost;      /* closed or reset without an answer */
	uint64_t arrivals;  /* in all the time, as the next */
	uint64_t connects;  /* connections begun */
	struct bench_histogram answers;  /* of the good: from when they were due */
	struct bench_histogram refusals; /* of the refused */
	struct bench_histogram lag;      /* how late the generator itself looked at what was due */
};

/* Runs the load to its end. 0, or a negative errno: -ENOBUFS if the generator fell behind by more
 * than the deadline, so that its numbers would mean nothing. *result is large: not for a small
 * stack. */
int bench_load_run(const struct bench_load_options *options, struct bench_load_result *result);

#endif
