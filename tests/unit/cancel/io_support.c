/* unit/cancel/io_support.c: what the tests of the blocking calls share; see io_ops.h. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/descriptors.h"
#include "support/must.h"
#include "unit/cancel/io_ops.h"

void io_await_fds(unsigned count, const char *where)
{
	weir_time until = weir_after(MUST_PATIENCE);

	while (descriptors_count() != count) {
		must(weir_now() < until, "%s: %u descriptors, not %u", where, descriptors_count(),
		     count);
		(void)sched_yield();
	}
}

static long syscall_of(pid_t id)
{
	char path[64];
	long number = -1;
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", (int)id);
	file = fopen(path, "re");
	must(file, "no thread %d", (int)id);
	if (fscanf(file, "%ld", &number) != 1)
		number = -1; /* "running" */
	(void)fclose(file);
	return number;
}

void io_await_in(struct thread *thread, long number)
{
	weir_time until = weir_after(MUST_PATIENCE);

	while (atomic_load(&thread->id) == 0 || syscall_of(atomic_load(&thread->id)) != number) {
		must(weir_now() < until, "the thread does not come to system call %ld", number);
		(void)sched_yield();
	}
	thread_await_asleep(atomic_load(&thread->id));
}

void io_set_nonblocking(int fd, bool on)
{
	int flags = fcntl(fd, F_GETFL);

	must(flags >= 0, "F_GETFL: errno %d", errno);
	flags = on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
	must(fcntl(fd, F_SETFL, flags) == 0, "F_SETFL: errno %d", errno);
}

bool io_is_nonblocking(int fd)
{
	return fcntl(fd, F_GETFL) & O_NONBLOCK;
}

static size_t until_again(int fd, ssize_t (*fn)(int fd, char *buffer, size_t size))
{
	static char buffer[65536];
	bool before = io_is_nonblocking(fd);
	size_t total = 0;
	ssize_t n;

	io_set_nonblocking(fd, true);
	while ((n = fn(fd, buffer, sizeof(buffer))) > 0)
		total += (size_t)n;
	/* a socket may have room for some bytes, but not for so many */
	while (n < 0 && (n = fn(fd, buffer, 1)) > 0)
		total += (size_t)n;
	must(n == 0 || errno == EAGAIN, "errno %d", errno);
	io_set_nonblocking(fd, before);
	return total;
}

static ssize_t put(int fd, char *buffer, size_t size)
{
	return write(fd, buffer, size);
}

static ssize_t take(int fd, char *buffer, size_t size)
{
	return read(fd, buffer, size);
}

size_t io_fill(int fd)
{
	return until_again(fd, put);
}

size_t io_drain(int fd)
{
	return until_again(fd, take);
}

void io_open(const struct io_op *op, struct io_state *state)
{
	*state = (struct io_state){
		.ours = -1, .theirs = -1, .other = -1, .file = -1, .scratch = {.fd = -1}};
	op->open(state);
}

void io_close(struct io_state *state)
{
	const int fds[] = {state->ours, state->theirs, state->other, state->file};

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			(void)close(fds[i]);
	if (state->pid > 0)
		must(waitpid(state->pid, NULL, 0) == state->pid, "errno %d", errno);
	if (state->scratch.fd >= 0)
		scratch_remove(&state->scratch);
	io_names_close();
}

void io_each(void (*fn)(const struct io_op *op))
{
	for (const struct io_op *op = io_transfer_ops; op->name; op++)
		fn(op);
	for (const struct io_op *op = io_peer_ops; op->name; op++)
		fn(op);
}
