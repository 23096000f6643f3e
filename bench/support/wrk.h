/* wrk.h: the load generator wrk, one thread of it. */
#ifndef BENCH_WRK_H
#define BENCH_WRK_H

#include <stddef.h>
#include <stdint.h>

struct bench_wrk {
	uint64_t requests;
	double seconds;
	double p50, p99; /* microseconds */
	uint64_t errors; /* refused, broken, timed out, or not 2xx */
};

/* 0, or -ENOENT if it is not installed. */
int bench_wrk_find(char *version, size_t size);

/* Runs it against 127.0.0.1. Returns 0, or a negative errno after a complaint. */
int bench_wrk_run(uint16_t port, unsigned connections, unsigned seconds, struct bench_wrk *out);

#endif
