/* faults/load.h: a mixed load that a fault may hit anywhere, and what must hold after it.
 *
 * Every exchange is allowed to fail, and is counted if it does; none may be answered with
 * a success that is not one. One thread.
 */
#ifndef WEIR_TESTS_FAULTS_LOAD_H
#define WEIR_TESTS_FAULTS_LOAD_H

#include "faults/subject.h"

#define LOAD_UPLOADS 4

struct load {
	const struct subject *subject;
	unsigned failures;         /* exchanges without the answer that is due */
	char failed[512];          /* which they were */
	bool stored[LOAD_UPLOADS]; /* the server has said so */
};

/* Puts the files there that the load downloads. */
void load_prepare(struct subject *subject, struct load *load);
/* Downloads, uploads, streams, a listing, an echo, keep-alive, clients that go. */
void load_run(struct load *load);
/* Begins a stream, an upload and an echo, sends SIGTERM, and goes on with them. */
int load_stop(struct load *load, struct subject *subject);
/* Fails the test unless each stored file is there and whole, and nothing else is. */
void load_check_files(const struct load *load);

#endif
