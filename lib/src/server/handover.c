/* handover.c: the listening sockets go to a new process; see weir/handover.h.
 *
 *	duplicates of the sockets, a pipe -> fork, exec -> "ready" -> let go of the listeners
 *	                                              \-> anything else: end the child, as before
 *
 * What is between fork and exec runs in a copy of a threaded process and may call only what is
 * async-signal-safe (fork(2)): everything is put together before. The child has descriptors 3 to
 * 3 + n - 1, as sd_listen_fds(3) has them, the pipe behind them, and nothing else of ours, which is
 * all close-on-exec.
 *
 * Once the listeners are let go, a stop waits for the connections that are left, each of which is
 * told to close by its next answer: a lame-duck time as long as the grace, which ends early when
 * there are none. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <weir/io.h>

#include "server/inherit.h"
#include "server/server_private.h"

#define FIRST_FD 3
#define MOST_LISTENERS 64
#define USUAL_TIMEOUT (30 * WEIR_SECOND)
/* How long a child that has failed may take to end by SIGTERM. */
#define END_PATIENCE (2 * WEIR_SECOND)
#define PID_DIGITS 20

struct launch {
	int sources[MOST_LISTENERS + 1]; /* the last one is the pipe's; all above their targets */
	size_t count;                    /* listeners */
	char names[MOST_LISTENERS * 8];
	char **environment;
	char listen_pid[sizeof("LISTEN_PID=") + PID_DIGITS];
	char watchdog_pid[sizeof("WATCHDOG_PID=") + PID_DIGITS];
	char listen_fds[32], listen_names[sizeof("LISTEN_FDNAMES=") + MOST_LISTENERS * 8];
	char pipe_variable[64];
	int error;
};

/* --- what is handed over --- */

static void duplicate(struct launch *launch, const struct weir__listener *listener)
{
	const char *name =
		listener->scope == WEIR_SCOPE_ADMIN ? WEIR__INHERIT_ADMIN : WEIR__INHERIT_PUBLIC;
	size_t used = strlen(launch->names);
	int fd;

	if (launch->count == MOST_LISTENERS) {
		launch->error = -EMFILE;
		return;
	}
	/* Above all targets, so that none of those is one that is still to be copied. */
	fd = fcntl(listener->fd, F_DUPFD_CLOEXEC, FIRST_FD + MOST_LISTENERS + 1);
	if (fd < 0) {
		launch->error = -errno;
		return;
	}
	(void)snprintf(launch->names + used, sizeof(launch->names) - used, "%s%s", used ? ":" : "",
		       name);
	launch->sources[launch->count++] = fd;
}

static void collect(struct weir__acceptor *acceptor, void *arg)
{
	struct launch *launch = arg;
	struct weir__list *node;

	if (acceptor->draining) {
		launch->error = -ECANCELED;
		return;
	}
	weir__list_each (node, &acceptor->listeners->list) {
		const struct weir__listener *listener =
			weir__container(node, struct weir__listener, all);

		if (listener->fd >= 0 && !launch->error)
			duplicate(launch, listener);
	}
}

static void close_sources(struct launch *launch)
{
	while (launch->count > 0)
		(void)close(launch->sources[--launch->count]);
}

static bool is_ours(const char *variable)
{
	static const char *const names[] = {"WATCHDOG_PID=", "LISTEN_PID=", "LISTEN_FDS=",
					    "LISTEN_FDNAMES=", WEIR__HANDOVER_VARIABLE "="};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strncmp(variable, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

static int make_environment(struct launch *launch)
{
	size_t count = 0, kept = 0, i;

	while (environ[count])
		count++;
	launch->environment = calloc(count + 6, sizeof(char *));
	if (!launch->environment)
		return -ENOMEM;
	for (i = 0; i < count; i++)
		if (!is_ours(environ[i]))
			launch->environment[kept++] = environ[i];
	(void)snprintf(launch->listen_pid, sizeof(launch->listen_pid), "LISTEN_PID=");
	(void)snprintf(launch->listen_fds, sizeof(launch->listen_fds), "LISTEN_FDS=%zu",
		       launch->count);
	(void)snprintf(launch->listen_names, sizeof(launch->listen_names), "LISTEN_FDNAMES=%s",
		       launch->names);
	(void)snprintf(launch->pipe_variable, sizeof(launch->pipe_variable),
		       WEIR__HANDOVER_VARIABLE "=%zu", FIRST_FD + launch->count);
	launch->environment[kept++] = launch->listen_pid;
	launch->environment[kept++] = launch->listen_fds;
	launch->environment[kept++] = launch->listen_names;
	launch->environment[kept++] = launch->pipe_variable;
	(void)snprintf(launch->watchdog_pid, sizeof(launch->watchdog_pid), "WATCHDOG_PID=");
	if (getenv("WATCHDOG_PID")) /* the new process is the one that is watched */
		launch->environment[kept] = launch->watchdog_pid;
	return 0;
}

/* --- the child, up to exec: async-signal-safe calls only --- */

static void write_pid(char *out, pid_t pid)
{
	char digits[PID_DIGITS];
	size_t count = 0;

	for (; pid > 0 && count < sizeof(digits); pid /= 10)
		digits[count++] = (char)('0' + pid % 10);
	while (count > 0)
		*out++ = digits[--count];
	*out = '\0';
}

static void reset_signals(void)
{
	const struct sigaction standard = {.sa_handler = SIG_DFL};
	sigset_t none;
	int number;

	for (number = 1; number < NSIG; number++)
		(void)sigaction(number, &standard, NULL); /* some cannot be, and need not */
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static _Noreturn void become(struct launch *launch, const struct weir_handover_options *options)
{
	static const char problem[] = "failed the program cannot be started\n";
	size_t i;

	reset_signals();
	for (i = 0; i <= launch->count; i++)
		if (dup2(launch->sources[i], FIRST_FD + (int)i) < 0)
			_exit(127);
	/* Not all that a library opens is close-on-exec (libcurl's socket pairs are not): without
	 * this each upgrade would hand on what it was handed. close_range(2), Linux 5.9. */
	if (close_range((unsigned)FIRST_FD + (unsigned)launch->count + 1, ~0U, 0) != 0)
		_exit(127);
	write_pid(launch->listen_pid + strlen("LISTEN_PID="), getpid());
	write_pid(launch->watchdog_pid + strlen("WATCHDOG_PID="), getpid());
	(void)execve(options->path, (char *const *)options->argv, launch->environment);
	(void)!write(FIRST_FD + (int)launch->count, problem, sizeof(problem) - 1);
	_exit(127);
}

/* --- what becomes of the child --- */

static void say_how_it_ended(int status, char *reason, size_t size)
{
	if (WIFSIGNALED(status))
		(void)snprintf(reason, size,
			       "the new process was ended by signal %d before it was "
			       "ready",
			       WTERMSIG(status));
	else
		(void)snprintf(reason, size,
			       "the new process ended with exit code %d before it was "
			       "ready",
			       WEXITSTATUS(status));
}

/* Ends the child, if it has not ended, and reaps it. Nothing that it does can hold us up. */
static void end_child(pid_t pid, bool ended, int *status)
{
	if (weir_waitpid(NULL, pid, status, ended ? weir_after(END_PATIENCE) : 0) == 0)
		return;
	(void)kill(pid, SIGTERM);
	if (weir_waitpid(NULL, pid, status, weir_after(END_PATIENCE)) == 0)
		return;
	(void)kill(pid, SIGKILL);
	(void)weir_waitpid(NULL, pid, status, WEIR_NEVER);
}

/* One line from the pipe. Returns its length, 0 at its end, or what weir_read() says. */
static ssize_t read_line(int fd, weir_token *token, weir_time until, char *line, size_t size)
{
	size_t used = 0;

	while (used + 1 < size) {
		ssize_t got = weir_read(token, fd, line + used, size - 1 - used, until);

		if (got < 0)
			return got;
		if (got == 0)
			break;
		used += (size_t)got;
		if (line[used - 1] == '\n')
			break;
	}
	line[used] = '\0';
	line[strcspn(line, "\n")] = '\0';
	return (ssize_t)used;
}

/* 0: it serves. */
static int await_ready(pid_t pid, int fd, const struct weir_handover_options *options,
		       struct weir_handover *out)
{
	weir_time timeout = options->timeout ? options->timeout : USUAL_TIMEOUT;
	char line[sizeof(out->reason) + sizeof("failed ")];
	ssize_t got = read_line(fd, options->token, weir_after(timeout), line, sizeof(line));
	int status = 0;

	if (got > 0 && strcmp(line, "ready") == 0)
		return 0;
	end_child(pid, got == 0, &status);
	if (got < 0) {
		(void)snprintf(out->reason, sizeof(out->reason), "%s",
			       got == -ETIMEDOUT   ? "the new process was not ready in time"
			       : got == -ECANCELED ? "given up, because of a stop"
						   : "the new process could not be heard");
		return (int)got;
	}
	if (got == 0)
		say_how_it_ended(status, out->reason, sizeof(out->reason));
	else
		(void)snprintf(out->reason, sizeof(out->reason), "%.*s",
			       (int)sizeof(out->reason) - 1,
			       strncmp(line, "failed ", 7) == 0 ? line + 7
								: "the new process said nonsense");
	return -ECHILD;
}

/* --- afterwards --- */

static void let_go(struct weir__acceptor *acceptor, void *unused)
{
	struct weir__list *node;

	(void)unused;
	acceptor->handed_over = true;
	weir__list_each (node, &acceptor->listeners->list) {
		struct weir__listener *listener = weir__container(node, struct weir__listener, all);

		if (listener->fd < 0)
			continue;
		listener->handed_over = true;
		weir__accept_end(acceptor, listener);
	}
}

static int launch_child(struct launch *launch, const struct weir_handover_options *options,
			struct weir_handover *out)
{
	int ends[2], result;

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	launch->sources[launch->count] =
		fcntl(ends[1], F_DUPFD_CLOEXEC, FIRST_FD + MOST_LISTENERS + 1);
	(void)close(ends[1]);
	if (launch->sources[launch->count] < 0) {
		result = -errno;
		goto close_pipe;
	}
	out->pid = fork();
	if (out->pid == 0)
		become(launch, options);
	result = out->pid < 0 ? -errno : 0;
	(void)close(launch->sources[launch->count]);
	if (!result)
		result = await_ready(out->pid, ends[0], options, out);
	if (result)
		out->pid = 0;

close_pipe:
	(void)close(ends[0]);
	return result;
}

static int hand_over(struct weir_server *server, const struct weir_handover_options *options,
		     struct weir_handover *out)
{
	struct launch launch = {.count = 0};
	int result;

	weir__acceptor_call(&server->acceptor, collect, &launch);
	result = launch.error;
	if (!result)
		result = make_environment(&launch);
	if (!result)
		result = launch_child(&launch, options, out);
	free(launch.environment);
	close_sources(&launch);
	if (result)
		return result;
	weir__drain_lame_duck(&server->drain, weir__drain_times(&server->drain).grace);
	weir__acceptor_call(&server->acceptor, let_go, NULL);
	atomic_store_explicit(&server->handed_over, true, memory_order_release);
	return 0;
}

int weir_server_handover(weir_server *server, const struct weir_handover_options *options,
			 struct weir_handover *out)
{
	int result = 0;

	*out = (struct weir_handover){.pid = 0};
	if (!options || !options->path || !options->argv || options->timeout < 0)
		return -EINVAL;
	if (weir__server_running(server) != 1)
		result = -ECANCELED;
	(void)pthread_mutex_lock(&server->lock);
	if (result == 0 && server->handing_over)
		result = -EBUSY;
	else if (result == 0)
		server->handing_over = true;
	(void)pthread_mutex_unlock(&server->lock);
	if (!result) {
		result = hand_over(server, options, out);
		(void)pthread_mutex_lock(&server->lock);
		server->handing_over = false;
		(void)pthread_mutex_unlock(&server->lock);
	}
	if (result && !out->reason[0])
		(void)snprintf(out->reason, sizeof(out->reason), "%s",
			       result == -EBUSY       ? "another handover is under way"
			       : result == -ECANCELED ? "the server is stopping"
						      : strerror(-result));
	return result;
}
