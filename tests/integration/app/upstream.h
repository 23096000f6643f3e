/* upstream.h: a server that a test plays by hand: one connection, said and read as it likes.
 *
 * Every wait ends after MUST_PATIENCE by failing the test. One thread.
 */
#ifndef WEIR_TESTS_UPSTREAM_H
#define WEIR_TESTS_UPSTREAM_H

#include <stddef.h>

struct upstream {
	int listener;
	int fd;           /* the connection; -1: none */
	char text[65536]; /* what was read from it, with a NUL behind it */
	size_t size;
};

/** Listens on a free port of 127.0.0.1, which it returns. */
unsigned upstream_listen(struct upstream *upstream);
/** Takes the next connection. */
void upstream_accept(struct upstream *upstream);
/** Reads until `end` is among what was read. */
void upstream_read(struct upstream *upstream, const char *end);
void upstream_say(struct upstream *upstream, const char *text);
/** Waits until the other side has closed. */
void upstream_await_end(struct upstream *upstream);
/** Closes the connection. */
void upstream_close(struct upstream *upstream);

#endif
