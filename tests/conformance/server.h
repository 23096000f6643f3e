/* server.h: the server that the cases are sent to (case.h says what it has), as a process of its
 * own: each case is run in a child of a process without threads.
 */
#ifndef WEIR_TESTS_CONFORMANCE_SERVER_H
#define WEIR_TESTS_CONFORMANCE_SERVER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

struct conformance_server {
	pid_t pid;
	int stop; /* closing it stops the server */
	char url[64];
	atomic_uint *smuggled; /* how often that target was reached; shared */
};

void conformance_server_start(struct conformance_server *server);
/* False unless it stopped cleanly, with its accounts in order. */
bool conformance_server_stop(struct conformance_server *server);

#endif
