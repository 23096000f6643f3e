/* connect.c: connecting a socket.
 *
 * connect(2) has no flag that keeps it from sleeping, so a blocking socket is made
 * non-blocking for the length of the call. Nobody else has a use for a socket that is not
 * connected yet.
 * A Unix socket whose listener's backlog is full says EAGAIN, and there is nothing to poll
 * for; only a blocking connect(2) waits for room, so that one is called within a guard.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "cancel/io/guard.h"
#include "cancel/io/io.h"

/* Sets or clears O_NONBLOCK. 0 or -errno; `flags` are those that it has. */
static int set_nonblocking(int fd, int *flags, bool on)
{
	int wanted = on ? *flags | O_NONBLOCK : *flags & ~O_NONBLOCK;

	if (wanted == *flags)
		return 0;
	if (fcntl(fd, F_SETFL, wanted) != 0)
		return -errno;
	*flags = wanted;
	return 0;
}

/* The attempt goes on in the kernel; SO_ERROR says how it went. */
static int await_outcome(const struct weir__io_call *call, int fd)
{
	int outcome = 0;
	socklen_t size = sizeof(outcome);
	int error = weir__io_await(call, fd, POLLOUT); /* on loopback it is over already */

	if (error)
		return error;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &outcome, &size) != 0)
		return -errno;
	return -outcome;
}

/* On a blocking Unix socket: sleeps in the kernel until the backlog has room. */
static int connect_guarded(const struct weir__io_call *call, int fd, const struct sockaddr *address,
			   socklen_t size)
{
	struct weir__guard guard;
	int error, result;

	for (;;) {
		error = weir__io_check(call);
		if (!error)
			error = weir__guard_begin(&guard, call);
		if (error)
			return error;
		result = connect(fd, address, size) == 0 ? 0 : -errno;
		weir__guard_end(&guard);
		/* EAGAIN: a time limit of the socket's own (SO_SNDTIMEO) */
		if (result != -EINTR && result != -EAGAIN)
			return result;
	}
}

static int connect_with(const struct weir__io_call *call, int fd, int *flags,
			const struct sockaddr *address, socklen_t size)
{
	int error = set_nonblocking(fd, flags, true);

	if (error)
		return error;
	if (connect(fd, address, size) == 0)
		return 0;
	if (errno == EINPROGRESS || errno == EINTR)
		return await_outcome(call, fd);
	if (errno != EAGAIN || address->sa_family != AF_UNIX)
		return -errno;
	error = set_nonblocking(fd, flags, false);
	return error ? error : connect_guarded(call, fd, address, size);
}

int weir_connect(weir_token *token, int fd, const struct sockaddr *address, socklen_t size,
		 weir_time until)
{
	const struct weir__io_call call = {token, until, "weir_connect()"};
	int error = weir__io_check(&call);
	int before, flags, result;

	if (error)
		return error;
	before = flags = fcntl(fd, F_GETFL);
	if (before < 0)
		return -errno;
	result = connect_with(&call, fd, &flags, address, size);
	error = set_nonblocking(fd, &flags, before & O_NONBLOCK);
	return result ? result : error;
}
