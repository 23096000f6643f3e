/* cancel/io/transfer.c: what is read and written. */
#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <weir/interrupt.h>

#include "support/must.h"
#include "support/token.h"
#include "unit/cancel/io_ops.h"

TestSuite(io_transfer, .timeout = 60);

/* More than any of the ways holds. */
enum { MUCH = 3 * 1024 * 1024 };

/* Operations to write by, of io_transfer_ops.c. */
static const char *const ways[] = {"write socket", "write pipe", "write pipe, non-blocking",
				   "write FIFO"};
enum { WAYS = sizeof(ways) / sizeof(ways[0]) };

static const struct io_op *find(const char *name)
{
	for (const struct io_op *op = io_transfer_ops; op->name; op++)
		if (strcmp(op->name, name) == 0)
			return op;
	must(false, "no operation \"%s\"", name);
	return NULL;
}

/* An empty way: to write into `ours`, to read from `theirs`. */
static void open_way(const char *name, struct io_state *state)
{
	io_open(find(name), state);
	(void)io_drain(state->theirs);
}

/* A byte that says where it is. */
static char byte_at(size_t i)
{
	return (char)(i * 31 + i / 256 + i / 65536);
}

struct writer {
	struct io_state state;
	weir_token *token;
	weir_time until;
	char *data;
	ssize_t result;
	size_t done;
	struct thread thread;
};

static void write_much(void *arg)
{
	struct writer *writer = arg;

	writer->result = weir_write(writer->token, writer->state.ours, writer->data, MUCH,
				    writer->until, &writer->done);
}

static void writer_start(struct writer *writer, const char *way)
{
	*writer = (struct writer){.token = token_make(NULL), .until = weir_after(MUST_PATIENCE)};
	open_way(way, &writer->state);
	writer->data = malloc(MUCH);
	must(writer->data, "no memory");
	for (size_t i = 0; i < MUCH; i++)
		writer->data[i] = byte_at(i);
	thread_start(&writer->thread, write_much, writer);
	io_await_in(&writer->thread, SYS_ppoll);
}

static void writer_close(struct writer *writer)
{
	io_close(&writer->state);
	weir_token_unref(writer->token);
	free(writer->data);
}

/* Reads on from byte `at` to byte `size` or the end, and looks at what comes. Returns where
 * that was. */
static size_t read_and_compare(int fd, size_t at, size_t size)
{
	static char buffer[100000];

	while (at < size) {
		ssize_t n = weir_read(NULL, fd, buffer, sizeof(buffer), weir_after(MUST_PATIENCE));

		must(n >= 0, "%zd", n);
		if (n == 0)
			break;
		for (ssize_t i = 0; i < n; i++, at++)
			must(buffer[i] == byte_at(at), "byte %zu is another", at);
	}
	return at;
}

Test(io_transfer, all_is_written_however_slowly_it_is_read)
{
	for (int i = 0; i < WAYS; i++) {
		struct writer writer;

		writer_start(&writer, ways[i]);
		must(read_and_compare(writer.state.theirs, 0, MUCH) == MUCH, "%s", ways[i]);
		thread_join(&writer.thread);
		must(writer.result == MUCH && writer.done == MUCH, "%s: %zd, done %zu", ways[i],
		     writer.result, writer.done);
		writer_close(&writer);
	}
}

Test(io_transfer, a_cancelled_write_says_what_the_reader_finds)
{
	for (int i = 0; i < WAYS; i++) {
		struct writer writer;
		size_t at;

		writer_start(&writer, ways[i]);
		at = read_and_compare(writer.state.theirs, 0, 1);
		io_await_in(&writer.thread, SYS_ppoll);
		must(weir_token_cancel(writer.token, WEIR_REASON_REQUESTED, NULL), "again");
		thread_join(&writer.thread);
		must(writer.result == -ECANCELED, "%s: %zd", ways[i], writer.result);
		(void)close(writer.state.ours);
		writer.state.ours = -1;
		at = read_and_compare(writer.state.theirs, at, MUCH);
		must(at == writer.done, "%s: %zu, not %zu", ways[i], at, writer.done);
		writer_close(&writer);
	}
}

static bool sigpipe_is(int (*in)(sigset_t *))
{
	sigset_t set;

	must(in(&set) == 0, "errno %d", errno);
	return sigismember(&set, SIGPIPE);
}

static int blocked(sigset_t *set)
{
	return pthread_sigmask(SIG_BLOCK, NULL, set);
}

Test(io_transfer, nobody_who_reads_is_an_error_and_no_signal)
{
	/* SIGPIPE has its default action: it would end the test */
	for (int i = 0; i < WAYS; i++) {
		struct io_state state;
		size_t done = 1;

		open_way(ways[i], &state);
		(void)close(state.theirs);
		state.theirs = -1;
		must(weir_write(NULL, state.ours, "x", 1, WEIR_NEVER, &done) == -EPIPE, "%s",
		     ways[i]);
		must(done == 0, "%s: %zu", ways[i], done);
		must(!sigpipe_is(sigpending) && !sigpipe_is(blocked), "%s: left over", ways[i]);
		io_close(&state);
	}
}

Test(io_transfer, a_reader_who_goes_ends_a_write_that_waits)
{
	for (int i = 0; i < WAYS; i++) {
		struct writer writer;

		writer_start(&writer, ways[i]);
		(void)close(writer.state.theirs);
		writer.state.theirs = -1;
		thread_join(&writer.thread);
		must(writer.result == -EPIPE && writer.done > 0, "%s: %zd, done %zu", ways[i],
		     writer.result, writer.done);
		writer_close(&writer);
	}
}

Test(io_transfer, a_sigpipe_of_the_programs_own_stays_pending)
{
	struct io_state state;
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGPIPE);
	cr_assert_eq(pthread_sigmask(SIG_BLOCK, &set, NULL), 0);
	cr_assert_eq(raise(SIGPIPE), 0);
	open_way("write pipe", &state);
	cr_assert_eq(weir_write(NULL, state.ours, "x", 1, WEIR_NEVER, NULL), 1);
	(void)close(state.theirs);
	state.theirs = -1;
	cr_assert_eq(weir_write(NULL, state.ours, "x", 1, WEIR_NEVER, NULL), -EPIPE);
	cr_assert(sigpipe_is(sigpending));
	cr_assert(sigpipe_is(blocked));
	io_close(&state);
}

Test(io_transfer, reads_what_is_there_and_then_the_end)
{
	for (int i = 0; i < WAYS; i++) {
		struct io_state state;
		char buffer[8];

		open_way(ways[i], &state);
		must(weir_write(NULL, state.ours, "hello", 5, WEIR_NEVER, NULL) == 5, "%s",
		     ways[i]);
		must(weir_read(NULL, state.theirs, buffer, 0, WEIR_NEVER) == 0, "%s", ways[i]);
		must(weir_read(NULL, state.theirs, buffer, 2, WEIR_NEVER) == 2, "%s", ways[i]);
		must(weir_read(NULL, state.theirs, buffer + 2, 6, WEIR_NEVER) == 3, "%s", ways[i]);
		must(memcmp(buffer, "hello", 5) == 0, "%s", ways[i]);
		(void)close(state.ours);
		state.ours = -1;
		must(weir_read(NULL, state.theirs, buffer, 8, WEIR_NEVER) == 0, "%s", ways[i]);
		io_close(&state);
	}
}

Test(io_transfer, nothing_to_read_or_write_waits_for_nothing)
{
	weir_token *token = token_make(NULL);

	for (int i = 0; i < WAYS; i++) {
		struct io_state state;

		open_way(ways[i], &state);
		must(weir_read(token, state.theirs, NULL, 0, weir_after(MUST_PATIENCE)) == 0, "%s",
		     ways[i]);
		(void)io_fill(state.ours);
		must(weir_write(token, state.ours, NULL, 0, weir_after(MUST_PATIENCE), NULL) == 0,
		     "%s", ways[i]);
		io_close(&state);
	}
	weir_token_unref(token);
}

Test(io_transfer, of_files)
{
	struct scratch scratch;
	weir_token *token = token_make(NULL);
	char *data = malloc(MUCH), *back;
	size_t size = 0, done = 0;
	char buffer[16];
	int fd;

	cr_assert_not_null(data);
	for (size_t i = 0; i < MUCH; i++)
		data[i] = byte_at(i);
	scratch_make(&scratch);
	fd = openat(scratch.fd, "file", O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	cr_assert_eq(weir_write(token, fd, data, MUCH, weir_after(MUST_PATIENCE), &done), MUCH);
	cr_assert_eq(done, MUCH);
	back = scratch_read(&scratch, "file", &size);
	cr_assert_eq(size, MUCH);
	cr_assert_eq(memcmp(back, data, MUCH), 0);
	cr_assert_eq(weir_read(token, fd, buffer, sizeof(buffer), weir_after(MUST_PATIENCE)), 0);
	cr_assert_eq(lseek(fd, MUCH - 3, SEEK_SET), MUCH - 3);
	cr_assert_eq(weir_read(token, fd, buffer, sizeof(buffer), weir_after(MUST_PATIENCE)), 3);
	cr_assert_eq(memcmp(buffer, data + MUCH - 3, 3), 0);
	(void)close(fd);
	free(back);
	free(data);
	scratch_remove(&scratch);
	weir_token_unref(token);
}

Test(io_transfer, says_what_the_system_says)
{
	char buffer[4];
	int directory = open(P_tmpdir, O_RDONLY | O_CLOEXEC), event = eventfd(0, EFD_CLOEXEC);
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

	cr_assert_eq(weir_read(NULL, -1, buffer, 4, WEIR_NEVER), -EBADF);
	cr_assert_eq(weir_write(NULL, -1, buffer, 4, WEIR_NEVER, NULL), -EBADF);
	cr_assert_eq(weir_read(NULL, directory, buffer, 4, WEIR_NEVER), -EISDIR);
	cr_assert_eq(weir_write(NULL, directory, buffer, 4, WEIR_NEVER, NULL), -EBADF);
	cr_assert_eq(weir_read(NULL, event, buffer, 4, WEIR_NEVER), -EINVAL);
	cr_assert_eq(weir_write(NULL, event, buffer, 4, WEIR_NEVER, NULL), -EINVAL);
	cr_assert_eq(weir_write(NULL, full, buffer, 4, WEIR_NEVER, NULL), -ENOSPC);
	cr_assert_eq(weir_write(NULL, full, buffer, (size_t)SSIZE_MAX + 1, WEIR_NEVER, NULL),
		     -EINVAL);
	(void)close(directory);
	(void)close(event);
	(void)close(full);
}

/* --- two readers of one descriptor --- */

struct reader {
	int fd;
	weir_token *token;
	ssize_t result;
	struct thread thread;
};

static void read_one(void *arg)
{
	struct reader *reader = arg;
	char byte;

	reader->result = weir_read(reader->token, reader->fd, &byte, 1, weir_after(MUST_PATIENCE));
}

/* Both see that something is there, one gets it; the other one, if that made it sleep in
 * read(2), is reached there. */
static void share(const char *way)
{
	struct reader readers[2];
	struct io_state state;
	ssize_t sum;

	open_way(way, &state);
	for (int i = 0; i < 2; i++) {
		readers[i] = (struct reader){.fd = state.theirs, .token = token_make(NULL)};
		thread_start(&readers[i].thread, read_one, &readers[i]);
	}
	for (int i = 0; i < 2; i++)
		thread_await_waiting(&readers[i].thread);
	must(write(state.ours, "x", 1) == 1, "errno %d", errno);
	for (int i = 0; i < 2; i++)
		(void)weir_token_cancel(readers[i].token, WEIR_REASON_REQUESTED, NULL);
	for (int i = 0; i < 2; i++)
		thread_join(&readers[i].thread);
	sum = 0;
	for (int i = 0; i < 2; i++) {
		must(readers[i].result == 1 || readers[i].result == -ECANCELED, "%s: %zd", way,
		     readers[i].result);
		sum += readers[i].result == 1;
		weir_token_unref(readers[i].token);
	}
	must(sum == 1 || io_drain(state.theirs) == 1, "%s: the byte is gone", way);
	io_close(&state);
}

Test(io_transfer, of_two_readers_one_gets_it_and_the_other_can_be_cancelled)
{
	for (int i = 0; i < WAYS; i++)
		for (int round = 0; round < 50; round++)
			share(ways[i]);
}

/* --- a call that sleeps where poll does not reach --- */

static void own_handler(int number)
{
	(void)number;
}

Test(io_transfer, says_when_the_signal_it_needs_belongs_to_the_program)
{
	struct sigaction action = {.sa_handler = own_handler};
	weir_token *token = token_make(NULL);
	struct io_state state;
	char byte;

	cr_assert_eq(sigaction(weir_interrupt_signal(), &action, NULL), 0);
	open_way("write FIFO", &state);
	cr_assert_eq(write(state.ours, "x", 1), 1);
	cr_assert_eq(weir_read(token, state.theirs, &byte, 1, WEIR_NEVER), -EBUSY);
	io_set_nonblocking(state.theirs, true);
	cr_assert_eq(weir_read(token, state.theirs, &byte, 1, WEIR_NEVER), 1);
	io_close(&state);
	weir_token_unref(token);
}
