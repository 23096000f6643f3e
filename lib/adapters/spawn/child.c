/* child.c: see child.h.
 *
 * posix_spawn(3) and not fork(2): with glibc it is a clone(CLONE_VM | CLONE_VFORK) on a stack
 * of its own with all signals blocked, so it costs the same in a large process as in a small
 * one, no handler of ours ever runs in the child, and it returns when the program has been
 * executed or could not be: a missing program is told here and not by an exit code.
 *
 * In the child, in this order: its group, its signals, 0, 1 and 2, the directory, and then
 * all descriptors from 3 on are closed. Ours are close-on-exec from their birth, so that
 * the child of another thread does not inherit them either: it would hold the pipe open.
 */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* The ends of the child's 0, 1 and 2 on their way to it. */
struct ends {
	int fds[3];
	int null;
	int directory;
};

void weir__close(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

/* Moves a descriptor out of the way of 0, 1 and 2, which the child's own will be: the process
 * may have closed its standard ones, and then a new one is one of these. */
static int above_standard(int *fd)
{
	int moved;

	if (*fd < 0 || *fd > STDERR_FILENO)
		return 0;
	moved = fcntl(*fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (moved < 0)
		return -errno;
	(void)close(*fd);
	*fd = moved;
	return 0;
}

/* A pipe: `ours` does not block, `theirs` does, as programs expect. */
static int open_pipe(int *ours, int *theirs, bool we_read)
{
	int fds[2];
	int error;

	if (pipe2(fds, O_CLOEXEC))
		return -errno;
	*ours = fds[we_read ? 0 : 1];
	*theirs = fds[we_read ? 1 : 0];
	error = above_standard(ours);
	if (!error)
		error = above_standard(theirs);
	if (!error && fcntl(*ours, F_SETFL, O_NONBLOCK))
		error = -errno;
	return error; /* the caller closes what there is */
}

static int open_null(struct ends *ends)
{
	if (ends->null < 0) {
		ends->null = open("/dev/null", O_RDWR | O_CLOEXEC);
		if (ends->null < 0)
			return -errno;
	}
	return above_standard(&ends->null);
}

static int open_ends(struct child *child, struct ends *ends,
		     const struct weir_spawn_options *options)
{
	int error = open_null(ends);

	if (!error && options->input_from_fd && fcntl(options->input_fd, F_GETFD) < 0)
		error = -errno;
	if (!error && options->input_size > 0)
		error = open_pipe(&child->input, &ends->fds[0], false);
	if (!error && options->output)
		error = open_pipe(&child->output, &ends->fds[1], true);
	if (!error && options->errors && !options->merge_errors)
		error = open_pipe(&child->errors, &ends->fds[2], true);
	return error;
}

static void close_ends(struct ends *ends)
{
	int i;

	for (i = 0; i < 3; i++)
		weir__close(&ends->fds[i]);
	weir__close(&ends->null);
	weir__close(&ends->directory);
}

/* The standard input comes first: options->input_fd may be 1 or 2. */
static int add_actions(posix_spawn_file_actions_t *actions, const struct ends *ends,
		       const struct weir_spawn_options *options)
{
	int from[3], i, error = 0;

	for (i = 0; i < 3; i++)
		from[i] = ends->fds[i] >= 0 ? ends->fds[i] : ends->null;
	if (options->input_from_fd)
		from[0] = options->input_fd;
	if (options->merge_errors)
		from[2] = STDOUT_FILENO;
	for (i = 0; i < 3 && !error; i++)
		error = posix_spawn_file_actions_adddup2(actions, from[i], i);
	if (!error && ends->directory >= 0)
		error = posix_spawn_file_actions_addfchdir_np(actions, ends->directory);
	if (!error)
		error = posix_spawn_file_actions_addclosefrom_np(actions, STDERR_FILENO + 1);
	return -error;
}

/* A group of its own; every signal at its default, none blocked: workers block them all, and
 * a server often ignores SIGPIPE, which exec(2) would pass on. */
static int set_attributes(posix_spawnattr_t *attributes)
{
	sigset_t none, all;
	int error;

	(void)sigemptyset(&none);
	(void)sigfillset(&all);
	error = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF |
							     POSIX_SPAWN_SETSIGMASK);
	if (!error)
		error = posix_spawnattr_setpgroup(attributes, 0);
	if (!error)
		error = posix_spawnattr_setsigmask(attributes, &none);
	if (!error)
		error = posix_spawnattr_setsigdefault(attributes, &all);
	return -error;
}

static int spawn(struct child *child, const struct ends *ends,
		 const struct weir_spawn_options *options, const char **failed)
{
	/* posix_spawn() changes neither strings nor pointers, but is declared as if. */
	char *const *argv = (char *const *)options->argv;
	char *const *environment =
		options->environment ? (char *const *)options->environment : environ;
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int error;

	*failed = "process";
	error = -posix_spawn_file_actions_init(&actions);
	if (error)
		return error;
	error = -posix_spawnattr_init(&attributes);
	if (error)
		goto destroy_actions;
	error = add_actions(&actions, ends, options);
	if (!error)
		error = set_attributes(&attributes);
	if (error)
		goto destroy_attributes;
	error = -posix_spawnp(&child->pid, argv[0], &actions, &attributes, argv, environment);
	if (error && error != -EAGAIN && error != -ENOMEM)
		*failed = "program";

destroy_attributes:
	(void)posix_spawnattr_destroy(&attributes);
destroy_actions:
	(void)posix_spawn_file_actions_destroy(&actions);
	return error;
}

/* pidfd_open(2): no other process has the number, unless somebody has reaped this one. */
static int watch_process(struct child *child)
{
	int status;

	child->process = (int)syscall(SYS_pidfd_open, child->pid, 0);
	if (child->process < 0) {
		int error = -errno;

		if (error == -ESRCH) /* it is reaped, and the number may be another's by now */
			return -ECHILD;
		weir__child_signal(child, SIGKILL);
		(void)weir__child_reap(child, &status);
		return error;
	}
	return 0;
}

int weir__child_start(struct child *child, const struct weir_spawn_options *options,
		      const char **failed)
{
	struct ends ends = {.fds = {-1, -1, -1}, .null = -1, .directory = -1};
	int error;

	*child = (struct child){.pid = 0, .process = -1, .input = -1, .output = -1, .errors = -1};
	if (options->directory) {
		*failed = "directory";
		ends.directory = open(options->directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (ends.directory < 0)
			return -errno;
	}
	*failed = "descriptors";
	error = above_standard(&ends.directory);
	if (error)
		goto close_ends;
	error = open_ends(child, &ends, options);
	if (error)
		goto close_ours;
	error = spawn(child, &ends, options, failed);
	if (error)
		goto close_ours;
	*failed = "descriptors";
	error = watch_process(child);
	if (error == -ECHILD)
		*failed = NULL;
	if (error)
		goto close_ours;
	*failed = NULL;
	close_ends(&ends);
	return 0;

close_ours:
	weir__close(&child->input);
	weir__close(&child->output);
	weir__close(&child->errors);
close_ends:
	close_ends(&ends);
	return error;
}

void weir__child_signal(const struct child *child, int number)
{
	/* Our children, so what can fail is that there is no such group: a child may leave its
	 * own for another one (setpgid(2)); then it is sent to the child alone. */
	if (kill(-child->pid, number) && errno == ESRCH)
		(void)kill(child->pid, number);
}

int weir__child_reap(const struct child *child, int *status)
{
	while (waitpid(child->pid, status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}
