/* upgraded.h: what the parts of the upgraded bench share. */
#ifndef BENCH_UPGRADED_H
#define BENCH_UPGRADED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../support/child.h"
#include "../support/machine.h"
#include "../support/proc.h"
#include "../support/sample.h"

/* One server: its idle connections, and what plain requests saw of it. */
struct side {
	unsigned idle;
	struct bench_child child;
	struct bench_proc proc;
	uint16_t port;
	int *fds;                           /* of the idle connections; NULL: none yet */
	double memory;                      /* KiB of the server's for each; NaN: not measured */
	struct bench_sample rate, p50, p99; /* requests a second; us */
	double errors;
};

enum { NONE, MANY, SIDES };

struct upgraded {
	unsigned idle, connections, rounds, seconds;
	char wrk[128];
	struct bench_machine machine;
	struct side sides[SIDES];
};

/* idle.c: opens `count` connections that leave HTTP, into `fds`. 0, or a negative errno with all
 * of them closed. */
int idle_open(uint16_t port, unsigned count, int *fds);
void idle_close(int *fds, unsigned count);

/* measure.c: starts both servers, runs all rounds, stops them. 0 or a negative errno. */
int measure(struct upgraded *bench);

/* report.c: table, goals, upgraded.json and .svg in `dir`. 0 or a negative errno. */
int report(struct upgraded *bench, const char *dir);

#endif
