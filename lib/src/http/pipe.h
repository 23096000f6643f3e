/* pipe.h: a bounded buffer between the acceptor, which must not block, and one worker,
 * which may.
 *
 * Used in both directions: for a streamed request body (the acceptor puts, the worker
 * reads) and for a streamed response (the worker writes, the acceptor gets). Each side is
 * one thread. When the acceptor finds the buffer full (or empty) it is marked as waiting,
 * and the worker call that makes it worth looking again says so in *wake.
 */
#ifndef WEIR_HTTP_PIPE_H
#define WEIR_HTTP_PIPE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <weir/token.h>

#include "cancel/event.h"

#define WEIR__PIPE_SIZE ((size_t)128 * 1024)

struct weir__pipe {
	pthread_mutex_t lock;
	/* under the lock */
	char *data; /* WEIR__PIPE_SIZE bytes, allocated with the pipe */
	size_t start, used;
	bool ended; /* no more will be put or written */
	int error;  /* -errno with which it ended */
	bool acceptor_waits;
	uint64_t passed; /* bytes taken out so far */

	struct weir__event moved; /* for the worker */
};

/* 0 or -ENOMEM; *out is left alone then. */
int weir__pipe_create(struct weir__pipe **out);
/* NULL is ignored. */
void weir__pipe_destroy(struct weir__pipe *pipe);

/* The acceptor's side. */
size_t weir__pipe_put(struct weir__pipe *pipe, const void *data, size_t size);
/* Not an errno: a pipe may have ended with any of them. */
#define WEIR__PIPE_AT_END ((ssize_t)-4096)
/* Bytes; 0: nothing now, marked as waiting; WEIR__PIPE_AT_END, or the error it ended with. */
ssize_t weir__pipe_get(struct weir__pipe *pipe, void *data, size_t size);

/* The worker's side; they wait under the token. */
ssize_t weir__pipe_read(struct weir__pipe *pipe, void *data, size_t size, weir_token *token,
			bool *wake);
int weir__pipe_write(struct weir__pipe *pipe, const void *data, size_t size, weir_token *token,
		     void (*wake)(void *arg), void *arg);
/* Waits until everything has been taken out. */
int weir__pipe_flush(struct weir__pipe *pipe, weir_token *token);

/* Either side: nothing more comes. `error` 0 or -errno. Returns whether the acceptor waits. */
bool weir__pipe_end(struct weir__pipe *pipe, int error);

/* True when it has ended and everything was taken out. */
bool weir__pipe_finished(struct weir__pipe *pipe);

uint64_t weir__pipe_passed(struct weir__pipe *pipe);

#endif
