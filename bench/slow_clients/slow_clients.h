/* slow_clients.h: what the files of the bench share. */
#ifndef BENCH_SLOW_CLIENTS_H
#define BENCH_SLOW_CLIENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "../support/child.h"
#include "../support/machine.h"

/* X(enum, name, what slowhttptest is told, the counter that shows that it was met, what it asks
 * for): its modes, as in slowhttptest(1). */
#define ATTACKS(X)                                                                                 \
	X(SLOWLORIS, "slowloris", "-H -x 24", "weir_header_timeouts_total", "work")                \
	X(BODY, "slow body", "-B -t PUT -s 4096 -x 10", "weir_client_requests_refused_total",      \
	  "upload")                                                                                \
	X(RANGE, "range", "-R -a 5 -b 300", "weir_connections_closed_total", "large")              \
	X(READ, "slow read", "-X -w 16 -y 64 -n 1 -z 32 -k 3", "weir_write_timeouts_total", "large")

enum attack {
#define ATTACK(id, name, flags, counter, path) ATTACK_##id,
	ATTACKS(ATTACK)
#undef ATTACK
		ATTACK_COUNT
};

extern const char *const attack_names[];

/* Normal clients, with an attack or without. */
struct load_seen {
	uint64_t scheduled, good; /* good: answered 200 in time */
	double p50, p99;          /* ms */
	double lag;               /* ms: how late the generator was, p99 */
};

struct outcome {
	bool there;
	struct load_seen quiet, attacked;
	uint64_t met;                /* by how much the attack's counter went up */
	uint64_t connections;        /* hostile ones that were accepted */
	int64_t quiet_rss, peak_rss; /* bytes */
	uint64_t open;               /* most connections seen open at a time */
};

struct slow_clients {
	unsigned connections, seconds, rate,
		timeout; /* timeout: s; 0: the defaults of the binary */
	struct outcome outcomes[ATTACK_COUNT];
	struct bench_machine machine;
};

/* The real binary, with a directory of its own. */
struct victim {
	struct bench_child child;
	uint16_t port;
	char admin[108]; /* its socket */
};

/* victim.c. 0, or a negative errno after a complaint. */
int victim_start(struct victim *victim, const struct slow_clients *bench);
/* SIGTERM; it must end with exit code 0. */
int victim_stop(struct victim *victim);
/* A counter of its metrics. */
int victim_metric(const struct victim *victim, const char *name, uint64_t *out);
/* Its resident memory now, and at most so far. */
int victim_memory(const struct victim *victim, int64_t *rss, int64_t *peak);

/* attack.c: starts slowhttptest, again and again until bench_child_end(). */
int attack_start(struct bench_child *child, enum attack attack, const struct slow_clients *bench,
		 uint16_t port);
const char *attack_counter(enum attack attack);
/* 0, or -ENOENT if slowhttptest is not installed. */
int attack_find(void);

/* measure.c. 0, or a negative errno after a complaint. */
int measure(struct slow_clients *bench, enum attack attack);

/* report.c. Likewise. */
int report(const struct slow_clients *bench, const char *dir);
/* Whether all that was measured meets its goals, those about times left aside; says which not. */
bool report_holds(const struct slow_clients *bench);

#endif
