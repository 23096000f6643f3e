/* child.c: start, read, wait, end. */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "guard.h"
#include "say.h"

#define KILL_LIMIT (10 * BENCH_S)

static int errors_path(char *path, size_t size, const char *name)
{
	int length = snprintf(path, size, "%s/%s.err", bench_guard_dir(), name);

	return length < 0 || (size_t)length >= size ? -ENAMETOOLONG : 0;
}

/* The environment with `extra` put before it: getenv() finds the first. */
static int join_env(const char *const *extra, char ***out)
{
	size_t count = 0, extras = 0;
	char **all;

	while (environ[count])
		count++;
	while (extra && extra[extras])
		extras++;
	all = calloc(count + extras + 1, sizeof(*all));
	if (!all)
		return -ENOMEM;
	for (size_t i = 0; i < extras; i++)
		all[i] = (char *)extra[i];
	memcpy(all + extras, environ, count * sizeof(*all));
	*out = all;
	return 0;
}

/* Runs in the child, with async-signal-safe calls only. */
static _Noreturn void become(const struct bench_child_options *options, char **env, pid_t parent,
			     int in, int out, int errors)
{
	int signal = options->death_signal ? options->death_signal : SIGKILL;

	if (prctl(PR_SET_PDEATHSIG, signal) != 0 || getppid() != parent)
		_exit(127);
	if (dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
	    dup2(errors, STDERR_FILENO) < 0)
		_exit(127);
	if (options->pass_fd > 0 && fcntl(options->pass_fd, F_SETFD, 0) != 0)
		_exit(127);
	if (options->dir && chdir(options->dir) != 0)
		_exit(127);
	(void)execve(options->argv[0], (char *const *)options->argv, env);
	_exit(127);
}

int bench_child_start(struct bench_child *child, const struct bench_child_options *options)
{
	char path[PATH_MAX];
	char **env;
	int in[2], out[2], errors, pidfd, result;
	pid_t parent = getpid(), pid;

	memset(child, 0, sizeof(*child));
	result = errors_path(path, sizeof(path), options->name);
	if (result != 0)
		return result;
	result = join_env(options->env, &env);
	if (result != 0)
		return result;
	if (pipe2(in, O_CLOEXEC) != 0) {
		result = -errno;
		goto free_env;
	}
	if (pipe2(out, O_CLOEXEC) != 0) {
		result = -errno;
		goto close_in;
	}
	errors = options->merge_stderr
			 ? fcntl(out[1], F_DUPFD_CLOEXEC, 3)
			 : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
	if (errors < 0) {
		result = -errno;
		goto close_out;
	}
	pid = bench_guard_fork();
	if (pid == 0)
		become(options, env, parent, in[0], out[1], errors);
	if (pid < 0) {
		result = (int)pid;
		goto close_errors;
	}
	pidfd = pidfd_open(pid, 0);
	if (pidfd < 0) {
		int status;

		result = -errno;
		/* Reaping kills the group first. */
		(void)bench_guard_reap(pid, &status);
		goto close_errors;
	}
	close(errors);
	close(in[0]);
	close(out[1]);
	free(env);
	child->name = options->name;
	child->pid = pid;
	child->pidfd = pidfd;
	child->in = in[1];
	child->out = out[0];
	return 0;

close_errors:
	close(errors);
close_out:
	close(out[0]);
	close(out[1]);
close_in:
	close(in[0]);
	close(in[1]);
free_env:
	free(env);
	return result;
}

/* Waits until `fd` is readable: 0, -ETIMEDOUT or another errno. */
static int wait_readable(int fd, int64_t deadline)
{
	struct pollfd watched = {.fd = fd, .events = POLLIN};

	for (;;) {
		int ready = poll(&watched, 1, bench_ms_left(deadline));

		if (ready > 0)
			return 0;
		if (ready == 0 && bench_now() >= deadline)
			return -ETIMEDOUT;
		if (ready < 0 && errno != EINTR)
			return -errno;
	}
}

int bench_child_line(struct bench_child *child, int64_t deadline, char **line)
{
	*line = child->buffer;
	for (;;) {
		size_t held = child->end - child->start;
		char *newline = memchr(child->buffer + child->start, '\n', held);
		ssize_t got;
		int result;

		if (newline) {
			*newline = '\0';
			*line = child->buffer + child->start;
			child->start = (size_t)(newline - child->buffer) + 1;
			return 1;
		}
		memmove(child->buffer, child->buffer + child->start, held);
		child->start = 0;
		child->end = held;
		if (held == sizeof(child->buffer))
			return -EMSGSIZE;
		result = wait_readable(child->out, deadline);
		if (result < 0)
			return result;
		got = read(child->out, child->buffer + held, sizeof(child->buffer) - held);
		if (got == 0)
			return 0;
		if (got < 0 && errno != EINTR)
			return -errno;
		if (got > 0)
			child->end += (size_t)got;
	}
}

int bench_child_expect(struct bench_child *child, const char *word, int64_t deadline, char **rest)
{
	int result = bench_child_line(child, deadline, rest);

	if (result == 0)
		result = -EPIPE;
	if (result == 1 && strncmp(*rest, word, strlen(word)) != 0)
		result = -EBADMSG;
	if (result < 0) {
		bench_child_complain(child, strerror(-result));
		return result;
	}
	*rest += strlen(word);
	return 0;
}

int bench_child_tell(struct bench_child *child, const char *text)
{
	size_t size = strlen(text);

	while (size > 0) {
		ssize_t put = write(child->in, text, size);

		if (put < 0 && errno != EINTR)
			return -errno;
		if (put > 0) {
			text += put;
			size -= (size_t)put;
		}
	}
	return 0;
}

int bench_child_wait(struct bench_child *child, int64_t deadline, int *status, int64_t *when)
{
	int result = wait_readable(child->pidfd, deadline);

	if (result != 0)
		return result;
	if (when)
		*when = bench_now();
	result = bench_guard_reap(child->pid, status);
	child->pid = 0;
	close(child->pidfd);
	return result;
}

int bench_child_expect_success(struct bench_child *child, int64_t deadline)
{
	char what[64];
	int status;
	int result = bench_child_wait(child, deadline, &status, NULL);

	if (result != 0) {
		bench_child_complain(child,
				     result == -ETIMEDOUT ? "does not end" : strerror(-result));
		return result;
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (WIFEXITED(status))
		(void)snprintf(what, sizeof(what), "ended with exit code %d", WEXITSTATUS(status));
	else
		(void)snprintf(what, sizeof(what), "was ended by signal %d", WTERMSIG(status));
	bench_child_complain(child, what);
	return -EIO;
}

void bench_child_end(struct bench_child *child)
{
	int status, result;

	if (!child->name)
		return;
	if (child->pid != 0) {
		(void)bench_guard_signal_group(child->pid, SIGKILL);
		result = bench_child_wait(child, bench_now() + KILL_LIMIT, &status, NULL);
		if (result == -ETIMEDOUT) {
			/* In the kernel and not to be killed: the guard still knows it. */
			bench_say("%s does not die", child->name);
			close(child->pidfd);
		}
	}
	close(child->in);
	close(child->out);
	memset(child, 0, sizeof(*child));
}

void bench_child_complain(const struct bench_child *child, const char *what)
{
	char path[PATH_MAX], line[256];
	FILE *file = NULL;

	if (errors_path(path, sizeof(path), child->name) == 0)
		file = fopen(path, "re");
	if (file && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		bench_say("%s %s: %s", child->name, what, line);
	} else {
		bench_say("%s %s", child->name, what);
	}
	if (file)
		(void)fclose(file);
}

int bench_child_first_line(const struct bench_child_options *options, int64_t deadline, char *line,
			   size_t size)
{
	struct bench_child child;
	char *text;
	bool first = true;
	int status;
	int result = bench_child_start(&child, options);

	if (result != 0)
		return result;
	line[0] = '\0';
	while ((result = bench_child_line(&child, deadline, &text)) == 1) {
		if (first && snprintf(line, size, "%s", text) < 0)
			line[0] = '\0';
		first = false;
	}
	if (result == 0 && options->any_exit)
		result = bench_child_wait(&child, deadline, &status, NULL);
	else if (result == 0)
		result = bench_child_expect_success(&child, deadline);
	bench_child_end(&child);
	return result;
}
