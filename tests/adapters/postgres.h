/* adapters/postgres.h: a PostgreSQL server of the test's own.
 *
 * Made by initdb in a directory of its own, listening on a unix socket there and on a free
 * port of 127.0.0.1, with the fsyncs left out. It is a child of the test's main thread and
 * dies with it. PostgreSQL refuses to run as root: a test that is root runs it as the user
 * "postgres" or "nobody". No Criterion in here; fails as must.h says.
 */
#ifndef WEIR_TESTS_POSTGRES_H
#define WEIR_TESTS_POSTGRES_H

#include <stdbool.h>

#include "support/process.h"
#include "support/scratch.h"

struct postgres {
	struct scratch scratch;
	struct process process; /**< the postmaster */
	unsigned port;
	char conninfo[256]; /**< by the unix socket */
	char tcp[256];      /**< by "localhost" and the port */
};

/** True if PostgreSQL's programs are installed; else says on stdout that the test is skipped. */
bool postgres_installed(void);

/** Makes the server's directory and starts it. */
void postgres_start(struct postgres *postgres);
/** Ends it, its sessions with it, and removes the directory. */
void postgres_stop(struct postgres *postgres);

/** Stops (SIGSTOP) every process of the server, so that it answers nothing; and lets them go on. */
void postgres_freeze(struct postgres *postgres);
void postgres_thaw(struct postgres *postgres);

#endif
