/* copy.c: from one descriptor to another.
 *
 * Ways, the first that serves is taken:
 *
 *	RANGE     copy_file_range(2)   file to file
 *	SPLICE    splice(2)            a pipe on at least one side
 *	SENDFILE  sendfile(2)          file to socket
 *	BUFFER    read and write       everything else, and what the kernel refuses to the others
 *
 * Of these SPLICE and SENDFILE have no flag that keeps them from sleeping in a socket
 * (SPLICE_F_NONBLOCK is about the pipe), so they are used with sockets that are O_NONBLOCK
 * only; the rest is for recv(2) and send(2) with MSG_DONTWAIT.
 *
 * What is lost on the way: nothing, if the kernel moves the bytes. BUFFER waits for room
 * in `out` before it takes anything from `in`. If it is ended between the two all the same,
 * what a file gave is given back by its position; what a pipe or socket gave, and there was
 * suddenly no room for, is gone.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "cancel/io/io.h"
#include "cancel/io/sigpipe.h"
#include "cancel/io/transfer.h"

/* So much is copied before token and time are looked at again. */
#define PIECE ((uint64_t)1 << 20)
#define BUFFER_SIZE ((size_t)64 << 10)

enum way { RANGE, SPLICE, SENDFILE, BUFFER };

struct copy {
	struct weir__io_call call;
	struct weir__transfer in, out;
	uint64_t size, done;
	char *buffer; /* made when it is needed */
	enum way way;
	unsigned misses; /* EAGAIN in a row, each after both sides had been ready */
};

/* After so many misses BUFFER takes over, which tells the two sides apart: nothing may go
 * round without waiting. */
enum { MOST_MISSES = 3 };

static size_t next_size(const struct copy *copy, uint64_t most)
{
	uint64_t left = copy->size - copy->done;

	return (size_t)(left < most ? left : most);
}

/* What the kernel moves, as a system call says it. */
static ssize_t move(const struct copy *copy)
{
	int in = copy->in.fd, out = copy->out.fd;
	size_t size = next_size(copy, PIECE);

	switch (copy->way) {
	case RANGE:
		return copy_file_range(in, NULL, out, NULL, size, 0);
	case SPLICE:
		return splice(in, NULL, out, NULL, size, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
	default:
		return sendfile(out, in, NULL, size);
	}
}

/* Waits for both sides: which one said EAGAIN is not told. A file is always ready. */
static int await_both(const struct copy *copy)
{
	int error = weir__io_await(&copy->call, copy->in.fd, POLLIN);

	return error ? error : weir__io_await(&copy->call, copy->out.fd, POLLOUT);
}

/* The kernel does not do this with these two: not at all, not for a file that is appended
 * to, not across these file systems, not on this kernel. Whether it is a mistake of the
 * caller's is what BUFFER will find. */
static bool is_refusal(int error)
{
	return error == EINVAL || error == EXDEV || error == EBADF || error == ENOSYS ||
	       error == EOPNOTSUPP || error == EPERM || error == ETXTBSY || error == EISDIR;
}

/* A step of every way: how many bytes were written to `out`, > 0; 0 if there are no more,
 * or -errno. `again`: none of it, but call again. */
static ssize_t step_in_kernel(struct copy *copy, bool *again)
{
	ssize_t moved = move(copy);

	if (moved > 0) {
		copy->misses = 0;
		return moved;
	}
	/* Files that the kernel makes up while they are read say that they are empty here
	 * (copy_file_range(2), BUGS); read(2) knows better. */
	if (moved == 0 && copy->in.kind != WEIR__IO_FILE)
		return 0;
	*again = true;
	if (moved < 0 && errno == EINTR)
		return 0;
	if (moved < 0 && errno == EAGAIN && copy->misses++ < MOST_MISSES)
		return await_both(copy);
	if (moved < 0 && errno != EAGAIN && !is_refusal(errno))
		return -errno;
	copy->way = BUFFER;
	return 0;
}

/* Gives back what was read from a file and not written. */
static void give_back(const struct copy *copy, size_t unwritten)
{
	if (unwritten > 0 && copy->in.kind == WEIR__IO_FILE)
		(void)lseek(copy->in.fd, -(off_t)unwritten, SEEK_CUR);
}

/* Writes all of it. 0 or -errno; copy->done counts. A file takes it whatever the token says:
 * there is nothing to wait for, and what was read would be lost. */
static int write_out(struct copy *copy, size_t size)
{
	static const struct weir__io_call unlimited = {NULL, WEIR_NEVER, "weir_copy()"};
	const struct weir__io_call *call =
		copy->out.kind == WEIR__IO_FILE ? &unlimited : &copy->call;
	size_t written = 0;

	copy->out.try_first = true; /* there was room, and what was read would be lost */
	while (written < size) {
		ssize_t result;

		copy->out.part.iov_base = copy->buffer + written;
		copy->out.part.iov_len = size - written;
		result = weir__transfer(call, &copy->out);
		if (result < 0) {
			give_back(copy, size - written);
			return (int)result;
		}
		written += (size_t)result;
		copy->done += (uint64_t)result;
	}
	return 0;
}

/* 1: some was copied, and counted. 0: there are no more. */
static int step_by_buffer(struct copy *copy)
{
	ssize_t size;
	int error;

	if (!copy->buffer)
		copy->buffer = malloc(BUFFER_SIZE);
	if (!copy->buffer)
		return -ENOMEM;
	if (copy->in.kind != WEIR__IO_FILE && copy->out.kind != WEIR__IO_FILE) {
		error = await_both(copy);
		if (error)
			return error;
	}
	copy->in.part.iov_base = copy->buffer;
	copy->in.part.iov_len = next_size(copy, BUFFER_SIZE);
	size = weir__transfer(&copy->call, &copy->in);
	if (size <= 0)
		return (int)size;
	error = write_out(copy, (size_t)size);
	return error ? error : 1;
}

/* 1, 0 or -errno, like step_by_buffer(). */
static int step(struct copy *copy)
{
	bool again = false;
	ssize_t moved;

	if (copy->way == BUFFER)
		return step_by_buffer(copy);
	moved = step_in_kernel(copy, &again);
	if (moved < 0)
		return (int)moved;
	copy->done += (uint64_t)moved;
	return moved > 0 || again;
}

/* A socket that the kernel will not make us sleep in. */
static bool is_nonblocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags >= 0 && (flags & O_NONBLOCK);
}

static enum way choose_way(const struct copy *copy)
{
	enum weir__io_kind in = copy->in.kind, out = copy->out.kind;

	if (in == WEIR__IO_OTHER || out == WEIR__IO_OTHER)
		return BUFFER;
	if (in == WEIR__IO_FILE && out == WEIR__IO_FILE)
		return RANGE;
	if ((in == WEIR__IO_SOCKET && !is_nonblocking(copy->in.fd)) ||
	    (out == WEIR__IO_SOCKET && !is_nonblocking(copy->out.fd)))
		return BUFFER;
	if (in == WEIR__IO_PIPE || out == WEIR__IO_PIPE)
		return SPLICE;
	return in == WEIR__IO_FILE ? SENDFILE : BUFFER;
}

static int run(struct copy *copy)
{
	int result = 1;

	while (result > 0 && copy->done < copy->size) {
		result = weir__io_check(&copy->call);
		if (!result)
			result = step(copy);
	}
	return result < 0 ? result : 0;
}

int weir_copy(weir_token *token, int in, int out, uint64_t size, weir_time until, uint64_t *done)
{
	struct copy copy = {
		.call = {token, until, "weir_copy()"},
		.in = {.fd = in, .events = POLLIN},
		.out = {.fd = out, .events = POLLOUT},
		.size = size,
	};
	struct weir__sigpipe held;
	int error = weir__io_check(&copy.call);

	if (done)
		*done = 0;
	if (!error)
		error = weir__io_kind(in, &copy.in.kind);
	if (!error)
		error = weir__io_kind(out, &copy.out.kind);
	if (error)
		return error;
	copy.way = choose_way(&copy);
	weir__sigpipe_hold(&held);
	error = run(&copy);
	weir__sigpipe_release(&held, true);
	free(copy.buffer);
	if (done)
		*done = copy.done;
	return error;
}
