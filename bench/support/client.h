/* client.h: one client with many connections to 127.0.0.1, each of which asks once and is
 * then left open: an epoll loop in the calling thread.
 *
 *	connecting -> asked -> answered
 *
 * Every failure of a connection fails the call, with a line that says what happened: a
 * bench has nothing to say about a server that loses connections.
 */
#ifndef BENCH_CLIENT_H
#define BENCH_CLIENT_H

#include <stddef.h>
#include <stdint.h>

struct bench_client;

struct bench_client_options {
	uint16_t port;
	size_t count;     /* connections */
	size_t window;    /* at most so many that are not yet answered, 1 to count */
	const char *path; /* what each asks for */
	int status;       /* what each must be answered with */
	const char *body; /* the body that each must get; NULL: any */
};

/* How the connections ended on the server's side. */
struct bench_client_ends {
	size_t clean; /* closed in order */
	size_t reset;
	size_t open; /* not by the deadline */
};

int bench_client_create(const struct bench_client_options *options, struct bench_client **out);

/* Until every connection has sent its request (the window must be `count`). */
int bench_client_ask(struct bench_client *client, int64_t deadline);

/* Until every connection has its whole answer; *when, if asked for, is the moment at which
 * the last one was read. */
int bench_client_collect(struct bench_client *client, int64_t deadline, int64_t *when);

/* Waits for every connection's end, and counts how it came: the last segments of a server
 * may arrive after its process is gone. */
void bench_client_ends(struct bench_client *client, int64_t deadline,
		       struct bench_client_ends *ends);

void bench_client_destroy(struct bench_client *client);

#endif
