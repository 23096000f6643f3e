/* throughput.h: what the parts of the throughput bench share. */
#ifndef BENCH_THROUGHPUT_H
#define BENCH_THROUGHPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "../support/args.h"
#include "../support/json.h"
#include "../support/machine.h"
#include "../support/peer.h"
#include "../support/server.h"

/* One round of one peer at one number of connections. */
struct point {
	bool there; /* false: the peer was missing, left out or failed */
	double rate;
	double p50, p99; /* microseconds */
	double cpu;      /* microseconds of the server's processes for each request */
	double errors;
};

enum value { VALUE_RATE, VALUE_P50, VALUE_P99, VALUE_CPU, VALUE_ERRORS, VALUES };

struct throughput {
	unsigned rounds;
	unsigned seconds;
	struct bench_args_numbers connections;
	char wrk[128]; /* its version */
	struct bench_machine machine;
	struct bench_peer peers[BENCH_PEERS];     /* no name: not asked for */
	struct bench_server servers[BENCH_PEERS]; /* running while their peer is usable */
	struct point *points;                     /* see point_at() */
};

struct point *point_at(const struct throughput *bench, size_t connections, size_t peer,
		       unsigned round);

double point_value(const struct point *point, enum value value);

/* The median over the rounds; NaN if there are none. */
double median_of(const struct throughput *bench, size_t connections, size_t peer, enum value value);

/* The median of Weir's value by the peer's, round by round; NaN if there is none. */
double ratio_of(const struct throughput *bench, size_t connections, size_t peer, enum value value);

/* Starts every usable peer, runs all rounds, stops the peers. Returns 0, -EIO if a peer
 * failed on the way (what was measured stays), or an error that ends the bench. */
int measure_all(struct throughput *bench);

/* Prints the table and the goals, writes throughput.json and throughput.svg into `dir`.
 * Returns 0 or a negative errno. */
int report(const struct throughput *bench, const char *dir);

#endif
