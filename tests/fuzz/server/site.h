/* server/site.h: the server under test, with routes of every kind, and what its handlers saw. */
#ifndef WEIR_TESTS_FUZZ_SITE_H
#define WEIR_TESTS_FUZZ_SITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "support/fixture.h"

/* One run of a handler. */
struct site_run {
	char method[32], target[1024]; /* cut to fit */
	bool whole;                    /* it has read its body to the end: */
	uint64_t body_size, body_hash;
};

enum { SITE_RUNS_MAX = 256 };

/* Starts it if it does not run. Listeners: 0 is TCP, 1 a Unix socket. */
struct fixture *site(void);
/* After a stop that was asked for: waits for it; it must have been clean. The next site() is
 * another one. */
void site_end(void);

/* What ran since the last call, in order; valid until the next one. */
const struct site_run *site_runs(size_t *count);

#endif
