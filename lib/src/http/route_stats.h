/* route_stats.h: what is known of a route's runs: how long they take, and for how long they do not
 * look at their tokens.
 *
 * Kept by the minute, for the last WEIR__STATS_WINDOWS minutes in which the route had runs: what
 * was true an hour ago does not count for ever, and a route that is seldom used does not forget.
 * Run times go into buckets, eight to a doubling, so a quantile is at most an eighth too long.
 *
 * Added to by any worker, read by any thread; no lock. See route_stats.c.
 */
#ifndef WEIR_HTTP_ROUTE_STATS_H
#define WEIR_HTTP_ROUTE_STATS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <weir/time.h>

#define WEIR__STATS_WINDOWS 5
#define WEIR__STATS_WINDOW (60 * WEIR_SECOND)

/* Shorter runs are in the first bucket, longer ones (about 73 minutes) in the last. */
#define WEIR__STATS_LEAST_BITS 12
#define WEIR__STATS_MOST_BITS 42
#define WEIR__STATS_PER_DOUBLING 8
enum {
	WEIR__STATS_BUCKETS =
		(WEIR__STATS_MOST_BITS - WEIR__STATS_LEAST_BITS) * WEIR__STATS_PER_DOUBLING + 2
};

struct weir__stats_window {
	_Atomic uint32_t runs[WEIR__STATS_BUCKETS]; /* that came to their end by themselves */
	_Atomic weir_time gap;                      /* the longest of all runs */
};

struct weir__route_stats {
	_Atomic uint64_t runs; /* all there ever were */
	_Atomic bool looked;   /* one of them has looked at its token */
	/* The minute of the window that is being filled, its index, and whether somebody is about
	 * to begin the next one. */
	_Atomic uint64_t head;
	struct weir__stats_window windows[WEIR__STATS_WINDOWS];
};

/* A run that is over. */
struct weir__run {
	weir_time begun, ended;
	weir_time gap;  /* the longest */
	bool looked;    /* at its token */
	bool cancelled; /* its token had tripped: how long it took says nothing of the route */
};

/* What it comes to. All zero: nothing is known. */
struct weir__route_summary {
	uint64_t runs;  /* all there ever were */
	uint64_t timed; /* those that the times are of */
	weir_time p50, p99, longest;
	weir_time gap;
	bool looks; /* at least one run has looked at its token */
};

void weir__stats_add(struct weir__route_stats *stats, const struct weir__run *run);
void weir__stats_summarize(const struct weir__route_stats *stats, struct weir__route_summary *out);
/* What is known in `from` is known in `to` from here on; both may be in use. */
void weir__stats_copy(struct weir__route_stats *to, const struct weir__route_stats *from);

#endif
