/* drain_latency.h: what the parts of the drain_latency bench share. */
#ifndef BENCH_DRAIN_LATENCY_H
#define BENCH_DRAIN_LATENCY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "../support/json.h"
#include "../support/machine.h"
#include "../support/peer.h"

/* The measurements of one thing on one server, one for each run; NaN where a run did not
 * take place. */
struct series {
	const char *name;
	enum bench_peer_id peer;
	double *values;
	size_t count;
};

/* Allocates `count` values, all NaN. 0 or -ENOMEM. */
int series_create(struct series *series, const char *name, enum bench_peer_id peer, size_t count);
void series_free(struct series *series);

bool series_empty(const struct series *series);
size_t series_runs(const struct series *series);

/* NaN if empty. */
double series_percentile(const struct series *series, double percent);
double series_median(const struct series *series);

/* The median of left by right, run by run; NaN if no run has both. */
double series_ratio(const struct series *left, const struct series *right);

enum part { PART_STOP, PART_TRIP, PART_IDLE, PARTS };

enum { PAIR_WEIR, PAIR_GO, PAIRS };

/* Servers that are asked to leave with idle connections, and how. */
enum { IDLE_WEIR, IDLE_GO, IDLE_NGINX_FAST, IDLE_NGINX_GRACEFUL, IDLES };

struct drain_latency {
	unsigned parts; /* bit 1 << enum part */
	unsigned stops, go_stops, hold;
	unsigned trips, handlers;
	unsigned rounds, connections;

	struct bench_machine machine;
	struct bench_peer peers[BENCH_PEERS]; /* no name: not asked for */

	struct series stop[PAIRS];   /* milliseconds */
	struct series trip[PAIRS];   /* milliseconds */
	struct series exits[IDLES];  /* milliseconds */
	struct series memory[IDLES]; /* KiB a connection */
	size_t resets[IDLES];        /* connections that were reset, in all rounds */
};

/* Each runs one part, with the peers that are usable. Returns 0, or -EIO if a peer failed
 * on the way; what was measured until then stays. */
int measure_stop(struct drain_latency *bench);
int measure_trip(struct drain_latency *bench);
int measure_idle(struct drain_latency *bench);

/* Prints tables and goals, writes drain_latency.json and drain_latency.svg into `dir`.
 * Returns 0 or a negative errno. */
int report(const struct drain_latency *bench, const char *dir);

#endif
