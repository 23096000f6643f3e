/* peer.h: the servers that are held against each other, and whether they are here.
 *
 * Weir and Go are each a set of small programs under bench/peers, named for what they are
 * made to do: "hello" (serve until SIGTERM), "stop", "trip". nginx and libmicrohttpd are
 * only ever "hello".
 */
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "json.h"

enum bench_peer_id { BENCH_WEIR, BENCH_GO, BENCH_NGINX, BENCH_MHD, BENCH_PEERS };

/* "weir", "go", "nginx", "mhd", NULL: for BENCH_ARGS_NAMES. */
extern const char *const bench_peer_names[BENCH_PEERS + 1];

struct bench_peer {
	enum bench_peer_id id;
	const char *name;
	bool there;      /* installed, and built if need be */
	bool failed;     /* was there, and did not do what it should: left out from then on */
	char about[128]; /* its version, or why it is not there */
	char program[PATH_MAX]; /* its path; for those that are a set of programs: empty */
};

/* Looks for the peer and gets `programs` (ends with NULL; "hello" first) ready: Go ones are
 * compiled into the temporary directory. A peer that is not installed is said to be missing, which
 * is no error: `there` tells. Returns 0, or a negative errno after a complaint. */
int bench_peer_find(struct bench_peer *peer, enum bench_peer_id id, const char *const *programs);

/* For a bench whose peers are others. Takes the result of the search: 0: it is there; -ENOENT: it
 * is missing, as `missing` says, which is no error (NULL: it is); another errno. Returns likewise,
 * a negative errno after a complaint. */
int bench_peer_settle(struct bench_peer *peer, int result, const char *missing);

/* Asks a program for its version: "--version", the first line. 0 or a negative errno; -ENOENT: it
 * has not been built. */
int bench_peer_version(const char *program, char *about, size_t size);

/* The path of one of its programs. 0 or a negative errno. */
int bench_peer_program(const struct bench_peer *peer, const char *program, char *path, size_t size);

/* Puts it out of the run, with exit code 1 to come. */
void bench_peer_fail(struct bench_peer *peer);

/* True if it takes part still. */
bool bench_peer_usable(const struct bench_peer *peer);

/* A line on stdout for each that was looked for: its name, and what it is or why it is not there.
 */
void bench_peers_print(const struct bench_peer *peers, size_t count);

/* The member "peers". */
void bench_peers_json(const struct bench_peer *peers, size_t count, struct bench_json *json);

#endif
