/* support/process.c: see process.h.
 *
 * The child is watched through a pidfd, so waiting for it has a deadline like every other
 * wait.
 */
#include "support/process.h"
#include "support/must.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define READ_SIZE 4096

/* Only calls that are safe after a fork. */
static _Noreturn void become(pid_t parent, int output, const char *directory,
			     const char *const argv[])
{
	sigset_t none;
	(void)sigemptyset(&none);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent ||
	    sigprocmask(SIG_SETMASK, &none, NULL) != 0 || dup2(output, STDOUT_FILENO) < 0 ||
	    dup2(output, STDERR_FILENO) < 0 || (directory != NULL && chdir(directory) != 0))
		_exit(126);
	(void)execv(argv[0], (char *const *)argv);
	_exit(127);
}

void process_start(struct process *process, const char *directory, const char *const argv[])
{
	int ends[2];
	must(pipe2(ends, O_CLOEXEC) == 0, "pipe: %s", strerror(errno));
	*process = (struct process){.output = ends[0]};
	pid_t parent = getpid();
	process->pid = fork();
	must(process->pid >= 0, "fork: %s", strerror(errno));
	if (process->pid == 0)
		become(parent, ends[1], directory, argv);
	(void)close(ends[1]);
}

static _Noreturn void give_up(struct process *process, const char *what)
{
	(void)kill(process->pid, SIGKILL);
	must(false, "%s; it had said:\n%.*s", what, (int)process->text_size,
	     process->text != NULL ? process->text : "");
	abort();
}

static void await_readable(struct process *process, int fd, const char *what)
{
	if (!must_poll(fd, POLLIN, weir_after(MUST_PATIENCE)))
		give_up(process, what);
}

/* Receives once more; 0 at the end. */
static size_t receive(struct process *process)
{
	if (process->text_room - process->text_size < READ_SIZE + 1) {
		process->text_room += 4 * (size_t)READ_SIZE;
		process->text = realloc(process->text, process->text_room);
		must(process->text != NULL, "out of memory");
	}
	await_readable(process, process->output, "the process said nothing more and did not end");
	ssize_t count = read(process->output, process->text + process->text_size, READ_SIZE);
	must(count >= 0, "read: %s", strerror(errno));
	process->text_size += (size_t)count;
	process->text[process->text_size] = '\0';
	return (size_t)count;
}

const char *process_line(struct process *process)
{
	for (;;) {
		size_t left = process->text_size - process->taken;
		const char *start = process->text + process->taken;
		const char *end = left > 0 ? memchr(start, '\n', left) : NULL;
		if (end == NULL) {
			if (receive(process) > 0)
				continue;
			if (left == 0)
				return NULL;
			start = process->text + process->taken;
			end = start + left;
		}
		free(process->line);
		process->line = strndup(start, (size_t)(end - start));
		must(process->line != NULL, "out of memory");
		process->taken += (size_t)(end - start) + (*end == '\n');
		return process->line;
	}
}

const char *process_await_line(struct process *process, const char *start)
{
	for (const char *line; (line = process_line(process)) != NULL;) {
		if (strncmp(line, start, strlen(start)) == 0)
			return line + strlen(start);
	}
	must(false, "no line began with \"%s\"; it had said:\n%.*s", start, (int)process->text_size,
	     process->text);
	return NULL;
}

void process_signal(struct process *process, int number)
{
	must(kill(process->pid, number) == 0, "kill: %s", strerror(errno));
}

int process_wait(struct process *process)
{
	while (receive(process) > 0)
		continue;
	int watch = (int)syscall(SYS_pidfd_open, process->pid, 0);
	must(watch >= 0, "pidfd_open: %s", strerror(errno));
	await_readable(process, watch, "the process closed its output and did not end");
	(void)close(watch);
	int status;
	must(waitpid(process->pid, &status, 0) == process->pid, "waitpid: %s", strerror(errno));
	process->pid = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void process_free(struct process *process)
{
	if (process->pid > 0) {
		(void)kill(process->pid, SIGKILL);
		(void)waitpid(process->pid, NULL, 0);
	}
	(void)close(process->output);
	free(process->text);
	free(process->line);
	*process = (struct process){.output = -1};
}
