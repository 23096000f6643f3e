/* transfer.c: reading and writing.
 *
 * No descriptor's flags are touched: they belong to everybody who has it. What does not
 * block is the single call:
 *
 *	socket      recv(2), send(2) with MSG_DONTWAIT
 *	file        read(2), write(2): the kernel finishes them, in pieces of 1 MiB
 *	else        preadv2(2), pwritev2(2) with RWF_NOWAIT, which pipes know since Linux 6.4;
 *	            where it is not known: poll first, then read or write within a guard
 *
 * The guard also serves where RWF_NOWAIT says EAGAIN right after poll said that it is
 * ready: with another reader at the same pipe, but also where the two have different
 * opinions (an eventfd that has room for 1, but not for the number that is to be added).
 * A blocking call waits for the right thing, and going round would be a busy loop.
 */
#include "cancel/io/transfer.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cancel/io/guard.h"
#include "cancel/io/sigpipe.h"

/* Of a file, so much is written before the token is looked at again. */
#define FILE_PIECE ((size_t)1 << 20)

int weir__io_kind(int fd, enum weir__io_kind *out)
{
	struct stat status;

	if (fstat(fd, &status) != 0)
		return -errno;
	switch (status.st_mode & S_IFMT) {
	case S_IFSOCK:
		*out = WEIR__IO_SOCKET;
		break;
	case S_IFREG:
	case S_IFBLK:
	case S_IFDIR:
		*out = WEIR__IO_FILE;
		break;
	case S_IFIFO:
		*out = WEIR__IO_PIPE;
		break;
	default:
		*out = WEIR__IO_OTHER;
		break;
	}
	return 0;
}

static ssize_t socket_call(const struct weir__transfer *transfer)
{
	const struct iovec *part = &transfer->part;

	if (transfer->events & POLLOUT)
		return send(transfer->fd, part->iov_base, part->iov_len,
			    MSG_DONTWAIT | MSG_NOSIGNAL);
	/* recv(2) of nothing would wait for something */
	return part->iov_len > 0 ? recv(transfer->fd, part->iov_base, part->iov_len, MSG_DONTWAIT)
				 : 0;
}

static ssize_t nowait_call(const struct weir__transfer *transfer)
{
	if (transfer->events & POLLOUT)
		return pwritev2(transfer->fd, &transfer->part, 1, -1, RWF_NOWAIT);
	return preadv2(transfer->fd, &transfer->part, 1, -1, RWF_NOWAIT);
}

static ssize_t plain_call(const struct weir__transfer *transfer, size_t limit)
{
	const struct iovec *part = &transfer->part;
	size_t size = part->iov_len;

	if (transfer->events & POLLOUT)
		return write(transfer->fd, part->iov_base, size < limit ? size : limit);
	return read(transfer->fd, part->iov_base, size);
}

/* Waits for it, then calls; may sleep in the call. Like a system call: -1 and errno, EINTR
 * after a trip. */
static ssize_t guarded_call(const struct weir__io_call *call, const struct weir__transfer *transfer)
{
	struct weir__guard guard;
	ssize_t result;
	int flags, error;

	error = weir__io_await(call, transfer->fd, transfer->events);
	if (error)
		goto fail;
	flags = fcntl(transfer->fd, F_GETFL);
	if (flags < 0)
		return -1;
	if ((flags & O_NONBLOCK) || (!call->token && call->until == WEIR_NEVER))
		return plain_call(transfer, SIZE_MAX);
	error = weir__guard_begin(&guard, call);
	if (error)
		goto fail;
	/* A pipe that is ready has room for PIPE_BUF. */
	result = plain_call(transfer, PIPE_BUF);
	weir__guard_end(&guard);
	return result;

fail:
	errno = -error;
	return -1;
}

/* Not a socket, not a file. */
static ssize_t stream_call(const struct weir__io_call *call, struct weir__transfer *transfer,
			   bool ready)
{
	struct weir__sigpipe held;
	ssize_t result = -1;

	if (transfer->events & POLLOUT)
		weir__sigpipe_hold(&held);
	if (!transfer->no_nowait) {
		result = nowait_call(transfer);
		if (result < 0 && (errno == EOPNOTSUPP || errno == ENOSYS))
			transfer->no_nowait = true;
	}
	if (transfer->no_nowait || (result < 0 && errno == EAGAIN && ready))
		result = guarded_call(call, transfer);
	if (transfer->events & POLLOUT)
		weir__sigpipe_release(&held, result < 0 ? errno == EPIPE
							: (size_t)result < transfer->part.iov_len);
	return result;
}

static ssize_t try_once(const struct weir__io_call *call, struct weir__transfer *transfer,
			bool ready)
{
	switch (transfer->kind) {
	case WEIR__IO_SOCKET:
		return socket_call(transfer);
	case WEIR__IO_FILE:
		return plain_call(transfer, FILE_PIECE);
	default:
		return stream_call(call, transfer, ready);
	}
}

ssize_t weir__transfer(const struct weir__io_call *call, struct weir__transfer *transfer)
{
	bool ready = false;

	for (;;) {
		int error = transfer->try_first ? 0 : weir__io_check(call);
		ssize_t result;

		transfer->try_first = false;
		if (error)
			return error;
		result = try_once(call, transfer, ready);
		if (result >= 0)
			return result;
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN && errno != EWOULDBLOCK)
			return -errno;
		error = weir__io_wait(call, transfer->fd, transfer->events);
		if (error)
			return error;
		ready = true;
	}
}

ssize_t weir_read(weir_token *token, int fd, void *buffer, size_t size, weir_time until)
{
	const struct weir__io_call call = {token, until, "weir_read()"};
	struct weir__transfer transfer = {
		.fd = fd, .events = POLLIN, .part = {.iov_base = buffer, .iov_len = size}};
	int error = weir__io_kind(fd, &transfer.kind);

	if (!error)
		return weir__transfer(&call, &transfer);
	return weir_token_check_at(token, call.name) ? -ECANCELED : error;
}

ssize_t weir_write(weir_token *token, int fd, const void *data, size_t size, weir_time until,
		   size_t *done)
{
	const struct weir__io_call call = {token, until, "weir_write()"};
	struct weir__transfer transfer = {.fd = fd, .events = POLLOUT};
	size_t written = 0;
	ssize_t result;

	if (done)
		*done = 0;
	result = size > SSIZE_MAX ? -EINVAL : weir__io_kind(fd, &transfer.kind);
	if (result)
		return weir_token_check_at(token, call.name) ? -ECANCELED : result;
	do {
		transfer.part.iov_base = (char *)data + written;
		transfer.part.iov_len = size - written;
		result = weir__transfer(&call, &transfer);
		if (result < 0)
			return result;
		written += (size_t)result;
		if (done)
			*done = written;
	} while (written < size);
	return (ssize_t)written;
}
