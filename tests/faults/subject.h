/* faults/subject.h: the real binary under the fault shim, for one case.
 *
 * Its log is not relied on to learn where it listens or that it is ready, because a fault
 * may strike the log: the shim tells the port, and /readyz on the admin socket the rest.
 */
#ifndef WEIR_TESTS_FAULTS_SUBJECT_H
#define WEIR_TESTS_FAULTS_SUBJECT_H

#include "support/fault_control.h"
#include "support/process.h"
#include "support/scratch.h"

struct subject {
	struct scratch scratch; /* root/ is served; report.json, log, admin.sock */
	struct fault_control *control;
	struct process process;
	char url[64];
	char tls_url[64]; /* if it listens twice: the second listener */
	char admin[PATH_MAX + 8];
};

/* Makes the directory and the control page; a fault may be armed before the start. */
void subject_prepare(struct subject *subject);
/* Starts it with these options (up to a NULL) added; true when it is ready, false when it
 * has ended instead. */
bool subject_start(struct subject *subject, const char *const *options);
/* The same with all that is behind "serve". The admin socket must be subject->admin, the drain
 * report report.json. */
bool subject_start_words(struct subject *subject, const char *const *words);
/* Asks the admin socket for a page; to be freed. NULL: no 200 came. */
char *subject_ask(const struct subject *subject, const char *target);
/* Waits until nothing is in flight: a handler may go on after the end of its answer. */
void subject_idle(struct subject *subject);
/* Waits until no connection is open and nothing is in flight, and fails the test unless
 * its accounts add up then. */
void subject_settle(struct subject *subject);
/* How many descriptors it has open. */
size_t subject_descriptors(const struct subject *subject);
/* How many of its threads have started processes that were not waited for yet. */
size_t subject_children(const struct subject *subject);

/* SIGTERM, and subject_wait(). */
int subject_stop(struct subject *subject);
/* The exit code. Fails the test unless it is one that a stop may have, and the report adds
 * up, or what it said explains why there is none. */
int subject_wait(struct subject *subject);
void subject_free(struct subject *subject);

#endif
