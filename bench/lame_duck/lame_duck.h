/* lame_duck.h: what the parts of the lame_duck bench share. */
#ifndef BENCH_LAME_DUCK_H
#define BENCH_LAME_DUCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../support/args.h"
#include "../support/machine.h"

/* How connections have ended, for one lame-duck time. */
struct ends {
	uint64_t requests; /* answered */
	uint64_t told;     /* an answer said Connection: close */
	uint64_t idle;     /* closed between two requests */
	uint64_t refused;  /* answered 503: the request came in the stop's last moment */
	uint64_t lost;     /* closed or reset when a request had been written, without an answer */
};

struct series {
	unsigned lame_duck; /* milliseconds */
	unsigned stops;
	bool failed;
	struct ends sum;
};

struct lame_duck {
	unsigned stops, connections, think; /* think: mean pause between two requests, ms */
	struct bench_args_numbers times;
	struct bench_machine machine;
	struct series series[BENCH_ARGS_LIST];
};

/* clients.c: `count` threads, each with a kept-alive connection on which it asks, pauses, asks,
 * until it is told to go or its connection ends. */
struct clients;
int clients_start(struct clients **out, uint16_t port, unsigned count, unsigned think,
		  unsigned seed);
/* Waits until each has had an answer. 0 or -ETIMEDOUT. */
int clients_await(struct clients *clients);
/* Joins them and adds up. 0, or a negative errno if one of them has seen something else. */
int clients_end(struct clients *clients, struct ends *ends);

/* measure.c: all stops of one lame-duck time. 0, or a negative errno after a complaint. */
int measure(const struct lame_duck *bench, struct series *series);

/* report.c: table, goals, lame_duck.json and .svg in `dir`. 0 or a negative errno. */
int report(const struct lame_duck *bench, const char *dir);

#endif
