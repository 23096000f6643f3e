/* listener_close.h: what the parts of the listener_close bench share. */
#ifndef BENCH_LISTENER_CLOSE_H
#define BENCH_LISTENER_CLOSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../support/machine.h"
#include "../support/peer.h"

enum family { FAMILY_TCP, FAMILY_UNIX, FAMILIES };
enum closer { CLOSER_WEIR, CLOSER_GO, CLOSER_PLAIN, CLOSERS };

extern const char *const family_names[FAMILIES + 1];
extern const char *const closer_names[CLOSERS + 1];

/* What became of connections that the kernel had told their clients of, or of attempts. */
struct fates {
	uint64_t answered; /* whole */
	uint64_t reset;    /* connected, then reset before an answer */
	uint64_t dropped;  /* connected, then closed without an answer */
	uint64_t refused;  /* never connected: told so at once */
	uint64_t waited;   /* not connected within WAITED: TCP tries again after a second */
};

struct outcome {
	bool asked, measured, failed;
	unsigned closings, losing; /* of these, in which a client lost its connection */
	struct fates sum;
};

struct listener_close {
	unsigned closings, clients, burst;
	struct bench_machine machine;
	struct bench_peer go;
	struct outcome outcomes[FAMILIES][CLOSERS];
};

/* hammer.c: clients in processes of their own, each of which opens `burst` connections at a time
 * until it is refused. */
struct hammer;
int hammer_start(struct hammer **out, unsigned clients, unsigned burst);
/* Lets them go at this port, or at this path if it begins with '/'. 0 or a negative errno. */
int hammer_begin(struct hammer *hammer, const char *address);
/* Returns once so many were answered since hammer_begin(). 0 or -ETIMEDOUT. */
int hammer_await(struct hammer *hammer, uint64_t answered);
/* Waits until each of them has been refused, and adds up. 0 or a negative errno. */
int hammer_end(struct hammer *hammer, struct fates *fates);
/* NULL is ignored. */
void hammer_stop(struct hammer *hammer);

/* measure.c: one closer of one family. 0, or a negative errno after a complaint. */
int measure(struct listener_close *bench, enum family family, enum closer closer);

/* report.c: table, goals, listener_close.json and .svg in `dir`. 0 or a negative errno. */
int report(const struct listener_close *bench, const char *dir);

#endif
