/* cancel/io/copy.c: from everything to everything. */
#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "support/descriptors.h"
#include "support/must.h"
#include "support/token.h"
#include "unit/cancel/io_ops.h"
#include "unit/faults.h"

TestSuite(io_copy, .timeout = 60);

enum kind { REGULAR, PIPE, PIPE_NONBLOCKING, FIFO, SOCKET, SOCKET_NONBLOCKING, KINDS };

static const char *const kind_names[] = {"file", "pipe",   "pipe, non-blocking",
					 "FIFO", "socket", "socket, non-blocking"};

/* More than a pipe and a socket hold, and no multiple of anything. */
enum { MUCH = 2500001 };

static char byte_at(size_t i)
{
	return (char)(i * 37 + i / 251 + i / 70001);
}

/* One side of a copy: its descriptor, and the other end of that (-1: a file). */
struct side {
	int fd, far;
};

static void side_open(struct side *side, enum kind kind, bool is_in, const struct scratch *scratch)
{
	int pair[2] = {-1, -1};

	switch (kind) {
	case REGULAR:
		pair[0] = openat(scratch->fd, is_in ? "in" : "out", O_CREAT | O_RDWR | O_CLOEXEC,
				 0600);
		break;
	case PIPE:
	case PIPE_NONBLOCKING:
		must(pipe2(pair, O_CLOEXEC) == 0, "errno %d", errno);
		break;
	case FIFO:
		must(mkfifoat(scratch->fd, is_in ? "in-fifo" : "out-fifo", 0600) == 0, "errno %d",
		     errno);
		pair[0] = openat(scratch->fd, is_in ? "in-fifo" : "out-fifo",
				 O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		pair[1] = openat(scratch->fd, is_in ? "in-fifo" : "out-fifo", O_WRONLY | O_CLOEXEC);
		io_set_nonblocking(pair[0], false);
		break;
	default:
		must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0, "errno %d",
		     errno);
		break;
	}
	side->fd = is_in || kind == REGULAR ? pair[0] : pair[1];
	side->far = is_in || kind == REGULAR ? pair[1] : pair[0];
	must(side->fd >= 0, "errno %d", errno);
	if (kind == PIPE_NONBLOCKING || kind == SOCKET_NONBLOCKING)
		io_set_nonblocking(side->fd, true);
}

static void side_close(struct side *side)
{
	(void)close(side->fd);
	if (side->far >= 0)
		(void)close(side->far);
}

struct copy {
	struct scratch scratch;
	const char *name;
	struct side in, out;
	weir_token *token;
	uint64_t size, done;
	int result;
	struct thread copier, feeder;
	bool fed;     /* a feeder was started */
	size_t limit; /* that it writes */
};

static void run_copy(void *arg)
{
	struct copy *copy = arg;

	copy->result = weir_copy(copy->token, copy->in.fd, copy->out.fd, copy->size,
				 weir_after(MUST_PATIENCE), &copy->done);
}

static void write_pattern(int fd, size_t size)
{
	char *data = malloc(size);
	ssize_t n;

	must(data, "no memory");
	for (size_t i = 0; i < size; i++)
		data[i] = byte_at(i);
	n = weir_write(NULL, fd, data, size, weir_after(MUST_PATIENCE), NULL);
	must(n == (ssize_t)size || n == -EPIPE, "%zd", n);
	free(data);
}

static void feed(void *arg)
{
	struct copy *copy = arg;

	write_pattern(copy->in.far, copy->limit);
	(void)close(copy->in.far);
	copy->in.far = -1;
}

static void copy_make(struct copy *copy, enum kind in, enum kind out, size_t limit)
{
	static char name[80];

	(void)snprintf(name, sizeof(name), "%s to %s", kind_names[in], kind_names[out]);
	*copy = (struct copy){.name = name,
			      .token = token_make(NULL),
			      .size = UINT64_MAX,
			      .limit = limit,
			      .done = 1};
	scratch_make(&copy->scratch);
	side_open(&copy->in, in, true, &copy->scratch);
	side_open(&copy->out, out, false, &copy->scratch);
}

/* `limit` bytes to be read from `in`, and then its end. */
static void copy_open(struct copy *copy, enum kind in, enum kind out, size_t limit)
{
	copy_make(copy, in, out, limit);
	if (in == REGULAR) {
		write_pattern(copy->in.fd, limit);
		must(lseek(copy->in.fd, 0, SEEK_SET) == 0, "errno %d", errno);
	} else {
		thread_start(&copy->feeder, feed, copy);
		copy->fed = true;
	}
}

static void copy_close(struct copy *copy)
{
	side_close(&copy->out);
	(void)close(copy->in.fd); /* before its feeder: that may wait for room */
	if (copy->fed)
		thread_join(&copy->feeder);
	scratch_remove(&copy->scratch);
	weir_token_unref(copy->token);
}

/* What has come out, to the end: all of it right, and how much. */
static size_t take_all(struct copy *copy)
{
	static char buffer[100000];
	int fd = copy->out.far;
	size_t at = 0;
	ssize_t n;

	if (fd < 0) {
		fd = copy->out.fd;
		must(lseek(fd, 0, SEEK_SET) == 0, "errno %d", errno);
	}
	while ((n = weir_read(NULL, fd, buffer, sizeof(buffer), weir_after(MUST_PATIENCE))) > 0)
		for (ssize_t i = 0; i < n; i++, at++)
			must(buffer[i] == byte_at(at), "%s: byte %zu is another", copy->name, at);
	must(n == 0, "%s: %zd", copy->name, n);
	return at;
}

static void finish_out(struct copy *copy)
{
	if (copy->out.far >= 0) {
		(void)close(copy->out.fd);
		copy->out.fd = -1;
	}
}

static void each_pair(void (*test)(enum kind in, enum kind out))
{
	unsigned fds = descriptors_count();

	for (enum kind in = 0; in < KINDS; in++)
		for (enum kind out = 0; out < KINDS; out++) {
			test(in, out);
			must(descriptors_count() == fds, "%s to %s: left open", kind_names[in],
			     kind_names[out]);
		}
}

static void run_and_close_out(void *arg)
{
	run_copy(arg);
	finish_out(arg);
}

static void copy_all(enum kind in, enum kind out)
{
	struct copy copy;
	size_t came;

	copy_open(&copy, in, out, MUCH);
	thread_start(&copy.copier, run_and_close_out, &copy);
	if (out == REGULAR)
		thread_join(&copy.copier);
	came = take_all(&copy);
	if (out != REGULAR)
		thread_join(&copy.copier);
	must(copy.result == 0, "%s: %d", copy.name, copy.result);
	must(came == MUCH && copy.done == MUCH, "%s: %zu came, done %ju", copy.name, came,
	     (uintmax_t)copy.done);
	copy_close(&copy);
}

Test(io_copy, all_there_is)
{
	each_pair(copy_all);
}

static void copy_some(enum kind in, enum kind out)
{
	struct copy copy;
	char next;

	copy_open(&copy, in, out, 5000);
	copy.size = 1000;
	run_copy(&copy);
	must(copy.result == 0 && copy.done == 1000, "%s: %d, done %ju", copy.name, copy.result,
	     (uintmax_t)copy.done);
	must(weir_read(NULL, copy.in.fd, &next, 1, weir_after(MUST_PATIENCE)) == 1, "%s",
	     copy.name);
	must(next == byte_at(1000), "%s: `in` is somewhere else", copy.name);
	finish_out(&copy);
	must(take_all(&copy) == 1000, "%s", copy.name);
	copy_close(&copy);
}

Test(io_copy, some_of_it_and_no_more_is_taken)
{
	each_pair(copy_some);
}

/* Waits until there is no room in `out`, and the copy sleeps. */
static void await_stuck(struct copy *copy)
{
	struct pollfd out = {.fd = copy->out.fd, .events = POLLOUT};
	weir_time until = weir_after(MUST_PATIENCE);

	while (poll(&out, 1, 0) != 0)
		must(weir_now() < until, "%s: it is never full", copy->name);
	io_await_in(&copy->copier, SYS_ppoll);
}

static void copy_and_cancel(enum kind in, enum kind out)
{
	struct copy copy;
	size_t came;
	char byte;

	if (out == REGULAR)
		return; /* it takes everything */
	copy_open(&copy, in, out, MUCH);
	thread_start(&copy.copier, run_copy, &copy);
	await_stuck(&copy);
	must(weir_token_cancel(copy.token, WEIR_REASON_REQUESTED, NULL), "again");
	thread_join(&copy.copier);
	must(copy.result == -ECANCELED, "%s: %d", copy.name, copy.result);
	finish_out(&copy);
	came = take_all(&copy);
	must(came > 0 && came == copy.done, "%s: %zu came, done %ju", copy.name, came,
	     (uintmax_t)copy.done);
	if (in == REGULAR || in == PIPE_NONBLOCKING) {
		must(weir_read(NULL, copy.in.fd, &byte, 1, WEIR_NEVER) == 1, "%s", copy.name);
		must(in != REGULAR || byte == byte_at(came), "%s: `in` is elsewhere", copy.name);
	}
	copy_close(&copy);
}

Test(io_copy, that_is_cancelled_for_want_of_room_says_how_far_it_came)
{
	each_pair(copy_and_cancel);
}

static void copy_and_cancel_empty(enum kind in, enum kind out)
{
	struct copy copy;

	if (in == REGULAR)
		return; /* it has an end */
	copy_make(&copy, in, out, 3000);
	write_pattern(copy.in.far, 3000);
	thread_start(&copy.copier, run_copy, &copy);
	io_await_in(&copy.copier, SYS_ppoll);
	must(weir_token_cancel(copy.token, WEIR_REASON_REQUESTED, NULL), "again");
	thread_join(&copy.copier);
	must(copy.result == -ECANCELED && copy.done == 3000, "%s: %d, done %ju", copy.name,
	     copy.result, (uintmax_t)copy.done);
	finish_out(&copy);
	must(take_all(&copy) == 3000, "%s", copy.name);
	(void)close(copy.in.far);
	copy_close(&copy);
}

Test(io_copy, that_is_cancelled_while_nothing_comes_says_how_far_it_came)
{
	each_pair(copy_and_cancel_empty);
}

static void copy_to_nobody(enum kind in, enum kind out)
{
	struct copy copy;

	if (out == REGULAR)
		return;
	copy_open(&copy, in, out, MUCH);
	(void)close(copy.out.far);
	copy.out.far = -1;
	run_copy(&copy);
	must(copy.result == -EPIPE && copy.done == 0, "%s: %d, done %ju", copy.name, copy.result,
	     (uintmax_t)copy.done);
	copy_close(&copy);
}

Test(io_copy, to_nobody_is_an_error_and_no_signal)
{
	sigset_t pending;

	each_pair(copy_to_nobody); /* SIGPIPE would end the test */
	cr_assert_eq(sigpending(&pending), 0);
	cr_assert_not(sigismember(&pending, SIGPIPE));
}

static void copy_nothing(enum kind in, enum kind out)
{
	struct copy copy;

	copy_open(&copy, in, out, 0);
	run_copy(&copy);
	must(copy.result == 0 && copy.done == 0, "%s: %d", copy.name, copy.result);
	copy.size = 0;
	run_copy(&copy);
	must(copy.result == 0 && copy.done == 0, "%s: %d", copy.name, copy.result);
	copy_close(&copy);
}

Test(io_copy, of_nothing_is_done)
{
	each_pair(copy_nothing);
}

Test(io_copy, of_files_can_be_cancelled_between_two_pieces)
{
	struct copy copy;

	/* 1 TiB of nothing: no disk is fast enough to be done before the trip */
	copy_open(&copy, REGULAR, REGULAR, 0);
	cr_assert_eq(ftruncate(copy.in.fd, (off_t)1 << 40), 0);
	(void)close(copy.out.fd);
	copy.out.fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	cr_assert_geq(copy.out.fd, 0);
	thread_start(&copy.copier, run_copy, &copy);
	while (lseek(copy.in.fd, 0, SEEK_CUR) == 0)
		(void)sched_yield();
	cr_assert(weir_token_cancel(copy.token, WEIR_REASON_REQUESTED, NULL));
	thread_join(&copy.copier);
	cr_assert_eq(copy.result, -ECANCELED);
	cr_assert_gt(copy.done, 0);
	cr_assert_eq(lseek(copy.in.fd, 0, SEEK_CUR), (off_t)copy.done);
	copy_close(&copy);
}

Test(io_copy, to_a_file_that_is_appended_to)
{
	for (enum kind in = 0; in < KINDS; in++) {
		struct copy copy;

		copy_open(&copy, in, REGULAR, MUCH);
		(void)close(copy.out.fd);
		copy.out.fd = openat(copy.scratch.fd, "out", O_RDWR | O_APPEND | O_CLOEXEC);
		run_copy(&copy);
		must(copy.result == 0 && copy.done == MUCH, "%s: %d", copy.name, copy.result);
		must(take_all(&copy) == MUCH, "%s", copy.name);
		copy_close(&copy);
	}
}

Test(io_copy, of_a_file_that_says_it_is_empty)
{
	for (enum kind out = 0; out < KINDS; out++) {
		struct copy copy;

		copy_open(&copy, REGULAR, out, 0);
		(void)close(copy.in.fd);
		copy.in.fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
		run_copy(&copy);
		must(copy.result == 0 && copy.done > 100, "%s: %d, done %ju", copy.name,
		     copy.result, (uintmax_t)copy.done);
		copy_close(&copy);
	}
}

Test(io_copy, gives_back_to_a_file_what_could_not_be_written)
{
	struct copy copy;
	off_t at;

	copy_open(&copy, REGULAR, REGULAR, MUCH);
	(void)close(copy.out.fd);
	copy.out.fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	run_copy(&copy);
	at = lseek(copy.in.fd, 0, SEEK_CUR);
	cr_assert_eq(copy.result, -ENOSPC);
	cr_assert_eq(copy.done, 0);
	cr_assert_eq(at, 0);
	copy_close(&copy);
}

Test(io_copy, says_what_the_system_says)
{
	int directory = open(P_tmpdir, O_RDONLY | O_CLOEXEC);
	struct copy copy;
	uint64_t done = 1;

	copy_open(&copy, REGULAR, REGULAR, 10);
	cr_assert_eq(weir_copy(NULL, -1, copy.out.fd, 1, WEIR_NEVER, &done), -EBADF);
	cr_assert_eq(done, 0);
	cr_assert_eq(weir_copy(NULL, copy.in.fd, -1, 1, WEIR_NEVER, NULL), -EBADF);
	cr_assert_eq(weir_copy(NULL, directory, copy.out.fd, 1, WEIR_NEVER, NULL), -EISDIR);
	cr_assert_eq(weir_copy(NULL, copy.in.fd, directory, 1, WEIR_NEVER, NULL), -EBADF);
	(void)close(directory);
	copy_close(&copy);
}

Test(io_copy, says_when_there_is_no_memory)
{
	struct copy copy;

	copy_open(&copy, REGULAR, SOCKET, 10);
	fault_set(FAULT_MALLOC, 0);
	run_copy(&copy);
	cr_assert_eq(copy.result, -ENOMEM);
	cr_assert(fault_struck(FAULT_MALLOC));
	cr_assert_eq(copy.done, 0);
	copy_close(&copy);
}
