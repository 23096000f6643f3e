/* unit/cancel/io_ops.h: every call of weir/io.h that waits, on every sort of descriptor that
 * it treats differently, in a form in which one test can be written for all of them.
 *
 * An operation is opened so that its call would wait; made ready, so that the call is done;
 * called, any number of times; closed.
 */
#ifndef WEIR_TESTS_UNIT_IO_OPS_H
#define WEIR_TESTS_UNIT_IO_OPS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <weir/io.h>

#include "support/scratch.h"
#include "unit/threads.h"

struct io_state {
	int ours, theirs, other; /* descriptors; -1: none */
	pid_t pid;
	int file; /* for copies */
	struct scratch scratch;
};

struct io_op {
	const char *name;
	void (*open)(struct io_state *state);
	void (*ready)(struct io_state *state);
	/* 0 for done, or the error */
	int (*call)(struct io_state *state, weir_token *token, weir_time until);
	long waits_in; /* the system call that it sleeps in */
	bool once;     /* the call cannot be made again after it was ended */
	bool no_fd;    /* it waits without the token's descriptor */
};

/* Each ends with one that has no name. */
extern const struct io_op io_transfer_ops[], io_peer_ops[];

void io_each(void (*fn)(const struct io_op *op));

void io_open(const struct io_op *op, struct io_state *state);
void io_close(struct io_state *state);

/* Waits until so many descriptors are open: the timer thread gives tokens back a moment after their
 * trip. */
void io_await_fds(unsigned count, const char *where);
/* Waits until the thread sleeps in this system call. */
void io_await_in(struct thread *thread, long number);
void io_set_nonblocking(int fd, bool on);
bool io_is_nonblocking(int fd);
/* Writes into a pipe or socket until no more goes in; returns how much that was. */
size_t io_fill(int fd);
/* Takes everything out that is there now; returns how much that was. */
size_t io_drain(int fd);

/* The test program's getaddrinfo(3): "slow" waits at a door, which is closed at first;
 * "fail-N" says -N; other names are answered at once. */
void io_names_open(void);
/* Closes the door when all who waited there are through, the given-up ones included. */
void io_names_close(void);
/* How many threads of weir_getaddrinfo() there are. */
unsigned io_names_threads(void);

#endif
