/* server.h: one peer serving hello, started, watched and stopped by the bench. */
#ifndef BENCH_SERVER_H
#define BENCH_SERVER_H

#include <stdint.h>

#include "child.h"
#include "peer.h"
#include "proc.h"

#define BENCH_HELLO "Hello, world\n"

struct bench_server {
	struct bench_child child;
	struct bench_proc proc; /* all its processes */
	uint16_t port;
};

/* Starts it and asks it once, so it is known to serve what the others serve. Returns 0, or
 * a negative errno after a complaint, with nothing left running. */
int bench_server_start(struct bench_server *server, const struct bench_peer *peer);

/* SIGTERM, and a complaint unless it ends in time with exit code 0. 0 or a negative errno.
 * It is gone in every case. */
int bench_server_stop(struct bench_server *server);

/* Kills it. Harmless on what is not running, and after a stop. */
void bench_server_end(struct bench_server *server);

/* Reads "listening url=http://127.0.0.1:PORT" from a peer. 0, or a negative errno after a
 * complaint. */
int bench_server_read_port(struct bench_child *child, int64_t deadline, uint16_t *port);

/* One request that has to be answered with hello. 0 or a negative errno. */
int bench_server_ask(uint16_t port, const char *path, int64_t deadline);

#endif
