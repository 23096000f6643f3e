/* io.h: what the blocking calls of weir/io.h have in common.
 *
 * Each is the same loop: look at token and time; try without blocking; if that would block,
 * wait for descriptor, token and time at once; again. A trip is never lost: the token's
 * descriptor stays readable from the trip on, however long before the wait that was
 * (locking.md, "register, then recheck": here the kernel does both).
 *
 * The token's descriptor is made when a call has to wait for the first time, and not for
 * calls that can be done at once.
 */
#ifndef WEIR_CANCEL_IO_IO_H
#define WEIR_CANCEL_IO_IO_H

#include <weir/io.h>

/* What ends a call, and its name for reports of where a token was last looked at. */
struct weir__io_call {
	weir_token *token;
	weir_time until;
	const char *name; /* "weir_read()", static */
};

/* 0; -ECANCELED if the token is tripped; else -ETIMEDOUT if the time has come. A look of the
 * handler's at its token. */
int weir__io_check(const struct weir__io_call *call);

/* Waits for one of `events` (poll(2)), an error or a hang-up on `fd`, of which is known that
 * it was not ready a moment ago. 0 (try again), -ECANCELED, -ETIMEDOUT, or as
 * weir_token_fd(). */
int weir__io_wait(const struct weir__io_call *call, int fd, short events);

/* The same for a descriptor that may well be ready: asks before it makes the token's
 * descriptor. */
int weir__io_await(const struct weir__io_call *call, int fd, short events);

#endif
