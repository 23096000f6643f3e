/* accept.c: taking a connection.
 *
 * A listener that does not block is simply asked first. One that does is polled first, and
 * then asked within a guard: another thread or process may have been quicker, and then
 * accept4(2) sleeps where poll does not reach.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

#include "cancel/io/guard.h"
#include "cancel/io/io.h"

/* A connection that has ended before it was taken: there may be others behind it. Linux
 * also hands out here what the network has said to the new socket (accept(2)). */
static bool is_about_the_connection(int error)
{
	return error == ECONNABORTED || error == EPROTO || error == ENOPROTOOPT ||
	       error == ENETDOWN || error == ENETUNREACH || error == ENONET || error == EHOSTDOWN ||
	       error == EHOSTUNREACH;
}

struct listener {
	int fd, flags;
	bool nonblocking;
	struct sockaddr *address;
	socklen_t *size, room;
};

/* The descriptor or -errno. */
static int take(const struct listener *listener)
{
	int fd;

	if (listener->size)
		*listener->size = listener->room;
	fd = accept4(listener->fd, listener->address, listener->size, listener->flags);
	return fd >= 0 ? fd : -errno;
}

static int take_blocking(const struct weir__io_call *call, const struct listener *listener)
{
	struct weir__guard guard;
	int fd;
	int error = weir__io_await(call, listener->fd, POLLIN);

	if (!error)
		error = weir__guard_begin(&guard, call);
	if (error)
		return error;
	fd = take(listener);
	weir__guard_end(&guard);
	return fd;
}

int weir_accept(weir_token *token, int fd, struct sockaddr *address, socklen_t *size, int flags,
		weir_time until)
{
	const struct weir__io_call call = {token, until, "weir_accept()"};
	struct listener listener = {
		.fd = fd,
		.flags = flags | SOCK_CLOEXEC,
		.address = address,
		.size = size,
		.room = size ? *size : 0,
	};
	int error = weir__io_check(&call);
	int status, result;

	if (error)
		return error;
	status = fcntl(fd, F_GETFL);
	if (status < 0)
		return -errno;
	listener.nonblocking = status & O_NONBLOCK;
	for (;;) {
		result = listener.nonblocking ? take(&listener) : take_blocking(&call, &listener);
		if (result == -EAGAIN)
			error = weir__io_wait(&call, fd, POLLIN);
		else if (result != -EINTR && !is_about_the_connection(-result))
			return result;
		if (!error)
			error = weir__io_check(&call);
		if (error)
			return error;
	}
}
