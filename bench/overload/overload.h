/* overload.h: what the parts of the overload bench share. */
#ifndef BENCH_OVERLOAD_H
#define BENCH_OVERLOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "../support/args.h"
#include "../support/child.h"
#include "../support/goal.h"
#include "../support/machine.h"
#include "../support/peer.h"
#include "../support/proc.h"

enum server_id { SERVER_WEIR, SERVER_GO, SERVER_NGINX, SERVER_CIVETWEB, SERVERS };

extern const char *const server_names[SERVERS + 1];

/* One server under one load. Times in milliseconds. */
struct point {
	bool there;
	double offered; /* requests a second, as all rates */
	double goodput;
	double share; /* of what was offered, as the next five */
	double refused, late, unsent, lost, odd;
	double p50, p99, p999;           /* of what was answered 200 in time */
	double refusal_p50, refusal_p99; /* of what was refused */
	double cpu;                      /* microseconds of the server for each request offered */
	double lag;                      /* p99 of the generator's own lateness */
};

struct overload {
	unsigned workers;
	unsigned service;  /* milliseconds */
	unsigned seconds;  /* that count, for each point */
	unsigned deadline; /* of a client, milliseconds */
	unsigned connections;
	struct bench_args_numbers loads; /* percent of capacity */
	struct bench_machine machine;
	struct bench_peer peers[SERVERS]; /* no name: not asked for */
	double capacity[SERVERS];         /* best of the closed loop; 0: not measured */
	struct point points[BENCH_ARGS_LIST][SERVERS];
};

/* servers.c: a server under test, and for the proxy the one behind it. */
struct servers {
	struct bench_child front, back;
	uint16_t port;
};
/* Looks for it and gets it ready. 0 or a negative errno after a complaint; a server that is not
 * installed is no error. */
int servers_find(struct bench_peer *peer, enum server_id id);
/* 0 or a negative errno after a complaint, with nothing left running. */
int servers_start(struct servers *servers, const struct overload *bench, enum server_id id);
/* Processor time of all its processes, in nanoseconds. 0 or a negative errno. */
int servers_cpu(const struct servers *servers, int64_t *nanoseconds);
/* Kills it: what it still holds are requests that nobody waits for. */
void servers_end(struct servers *servers);

/* measure.c: capacities first, then each load. 0; -EIO if a server failed on the way; or an error
 * that ends the bench. */
int measure_all(struct overload *bench);

/* goals.c: the most that report.c has room for. */
#define GOALS_MAX (2 + 2 * BENCH_ARGS_LIST)
/* Fills `goals` and returns how many; the texts live as long as `texts`. */
size_t set_goals(const struct overload *bench, struct bench_goal goals[GOALS_MAX],
		 char texts[GOALS_MAX][96]);

/* report.c: table, goals, overload.json and .svg in `dir`. 0 or a negative errno. */
int report(const struct overload *bench, const char *dir);

#endif
