/* token.h: what the parts of the token bench share. */
#ifndef BENCH_TOKEN_H
#define BENCH_TOKEN_H

#include <stdbool.h>
#include <stddef.h>

#include "../support/machine.h"
#include "../support/peer.h"

enum peer { PEER_WEIR, PEER_GLIB, PEER_STOP_TOKEN, PEER_GO, PEERS };

/* For BENCH_ARGS_NAMES; ends with NULL. */
extern const char *const peer_names[PEERS + 1];

/* What is measured: one line of the table. Those of one part and size come from one call of the
 * peer (peers/crowd.h). */
struct row {
	const char *part;
	const char *result; /* its name in the peer's output */
	const char *text;   /* for people; %u is n */
	const char *unit;
	double divisor; /* from picoseconds or bytes to the unit */
	unsigned n;
	bool any_go; /* goroutines, which are no threads, do the same */
};

#define ROWS_MAX 32
extern const struct row rows[];
extern const size_t row_count;

struct token_bench {
	unsigned rounds;
	struct bench_machine machine;
	struct bench_peer peers[PEERS]; /* no name: not asked for */
	double *values;                 /* [row][peer][round]; NaN: not measured */
};

double *value_at(const struct token_bench *bench, size_t row, enum peer peer, unsigned round);

/* The median of a row; NaN if there is none. */
double median_at(const struct token_bench *bench, size_t row, enum peer peer);

/* The median over the rounds of Weir by the fastest of the peers; of those alone whose waiters are
 * threads, if asked for. NaN if there is none. */
double ratio_at(const struct token_bench *bench, size_t row, bool threads_only);

/* peers.c: looks for a peer. One that is not installed is said to be missing, which is no error.
 * 0 or a negative errno after a complaint. */
int peer_find(struct bench_peer *peer, enum peer id);

/* measure.c: all rounds, the peers in turn within each. 0, or -EIO if a peer failed. */
int measure(struct token_bench *bench);

/* report.c: tables, goals, token.json and token.svg in `dir`. 0 or a negative errno. */
int report(const struct token_bench *bench, const char *dir);

#endif
