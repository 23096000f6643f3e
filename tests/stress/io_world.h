/* stress/io_world.h: what the calls of stress/io.c are made on, and what never lets them be done.
 */
#ifndef WEIR_TESTS_STRESS_IO_WORLD_H
#define WEIR_TESTS_STRESS_IO_WORLD_H

#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>

enum sort { PIPE, FIFO, LISTENER, SORTS }; /* of what is shared */

struct shared {
	int ours, theirs; /* LISTENER: only ours */
	_Atomic unsigned long brought, taken;
};

struct world {
	struct shared shared[SORTS];
	struct sockaddr_un listener, crowded; /* where to connect to */
	socklen_t listener_size, crowded_size;
	int full_pipe, full_socket;
	pid_t child;
};

/* While there is one thread: it forks. */
void world_make(struct world *world);

/* What is still there of what was brought. Takes it. */
unsigned long world_left(struct world *world, enum sort sort);

/* Ends the child; the descriptors are left to the process. */
void world_end(struct world *world);

#endif
