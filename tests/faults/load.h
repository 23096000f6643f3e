/* faults/load.h: loads that a fault may hit anywhere, and what must hold after them.
 *
 * Every exchange is allowed to fail, and is counted if it does; none may be answered with
 * a success that is not one. One thread.
 */
#ifndef WEIR_TESTS_FAULTS_LOAD_H
#define WEIR_TESTS_FAULTS_LOAD_H

#include "faults/subject.h"

#include <stddef.h>

#define LOAD_UPLOADS 4

struct load {
	struct subject *subject;
	unsigned failures;         /* exchanges without the answer that is due */
	char failed[512];          /* which they were */
	bool stored[LOAD_UPLOADS]; /* the server has said so */
	enum fault_call at_stop;   /* fails from SIGTERM on, to the end */
};

struct load_kind {
	const char *name;
	/* For all cases, before the first and after the last; NULL: nothing to do. */
	void (*open)(void);
	void (*close)(void);
	/* Puts the files there that the load needs, and starts the server: as subject_start(). */
	bool (*start)(struct subject *subject, struct load *load);
	/* All of it once; nothing is left open. */
	void (*run)(struct load *load);
	/* Begins what will not end by itself, sends SIGTERM, and goes on with it; the exit code. */
	int (*stop)(struct load *load, struct subject *subject);
};

/* `weir serve --root --debug-routes`: downloads, uploads, streams, a listing, an echo,
 * keep-alive, clients that go. */
extern const struct load_kind load_files;
/* `weir serve --config`: TLS, a proxy, statements, a command, WebSockets. */
extern const struct load_kind load_routes;

#endif
