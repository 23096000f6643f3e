/* child.h: starting a child process, and the descriptors that lead to it. */
#ifndef WEIR_SPAWN_CHILD_H
#define WEIR_SPAWN_CHILD_H

#include <sys/types.h>

#include <weir/spawn.h>

/* A child that runs, or has ended and is not reaped. What is not there is -1. */
struct child {
	pid_t pid;   /* of its process group, too */
	int process; /* a pidfd: readable when it has ended */
	int input;   /* our end of its standard input; not blocking, as the others */
	int output;
	int errors;
};

/* Starts it. 0, or a negative errno with *failed set to what could not be had, and nothing
 * left to undo. */
int weir__child_start(struct child *child, const struct weir_spawn_options *options,
		      const char **failed);

/* A signal to all of its process group. It must not have been reaped. */
void weir__child_signal(const struct child *child, int number);

/* Waits for its end and reaps it. 0 or -errno. */
int weir__child_reap(const struct child *child, int *status);

/* Closes what is open and notes that it is. */
void weir__close(int *fd);

#endif
