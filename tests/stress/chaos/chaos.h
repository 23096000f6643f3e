/* stress/chaos/chaos.h: one round of server_chaos: a server, its clients, and what they saw.
 *
 * A round makes a server with random options, lets clients of every kind at it, stops it at a
 * random moment through a random door, and then holds it to account: the sums of the report
 * and of the metrics, what the clients saw, and the descriptors of the process.
 */
#ifndef WEIR_TESTS_CHAOS_H
#define WEIR_TESTS_CHAOS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <weir/weir.h>

#include "stress/stress.h"

/* What a client may see of a request it has sent whole. */
struct tally {
	_Atomic uint64_t visits;
	_Atomic uint64_t answers;   /* came whole */
	_Atomic uint64_t unheard;   /* the connection ended before an answer began */
	_Atomic uint64_t truncated; /* ... or within one */
};

struct round {
	/* fixed while the round runs */
	weir_server *server;
	char directory[64];    /* of the Unix sockets */
	const char *urls[2];   /* ordinary listeners */
	const char *admin;     /* the admin listener */
	bool hasty;            /* small timeouts: clients may be cut or answered 408 */
	bool stubborn;         /* some handlers do not look at their token */
	int file;              /* what GET /file answers with */
	unsigned stop_after;   /* microseconds */
	unsigned stop_by;      /* which door */
	unsigned first_stream; /* of random numbers, for this round */

	_Atomic bool stopping; /* a stop is about to be asked for */
	_Atomic bool over;     /* it has ended */
	struct tally tally;

	struct round *next;
};

/* Bytes of GET /file. */
#define CHAOS_FILE_SIZE 100000u
/* Larger bodies than this are too large for POST /buffered. */
#define CHAOS_BODY_LIMIT 60000u

/* The byte at `position` of every body that is longer than a line. */
static inline char chaos_byte(uint64_t position)
{
	return (char)('a' + position % 23);
}

/* server.c: makes, routes and starts a server with random options. */
void chaos_server_start(struct round *round, struct stress_random *random);
/* server.c: destroys it, and removes the sockets' directory. */
void chaos_server_destroy(struct round *round);

/* visits.c: a client that comes again and again until nobody listens any more. */
void chaos_visit(struct round *round, struct stress_random *random);
/* visits.c: likewise, on the admin listener. */
void chaos_visit_admin(struct round *round, struct stress_random *random);

#endif
