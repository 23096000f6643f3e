/* spawn.c: one child process, from its start to its end.
 *
 *	RUNNING --trip, until, callback's error--> TERMINATING (SIGTERM sent)
 *	   |  \                                          |    \
 *	   |   the child ends, its output is open        |     grace over, or failure to wait
 *	   |                  |                          |                     |
 *	   |             LINGERING --trip, ...-->--------'                     |
 *	   |                  |                          |                     |
 *	   '---- ended, output at its end, or given up --+---------------------'
 *	                                  v
 *	                 SIGKILL to what is left of the group, reap
 *
 * The child is reaped last. Up to then it is a zombie at least, so its number, which is that
 * of its group too, cannot be another's, and signals to it never reach a stranger.
 *
 * There is one place to wait, weir_poll(): for the end of the child (a pidfd), for its pipes,
 * and, until the first reason to end it, for the token.
 */
#include <weir/spawn.h>

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <weir/io.h>

#include "child.h"
#include "pipe_write.h"

#define DEFAULT_GRACE (2 * WEIR_SECOND)

/* What is read after the end from a pipe that somebody still writes to; twice what a pipe
 * holds by default. */
enum { LAST_PIECES = 2 };

enum phase { RUNNING, LINGERING, TERMINATING };

struct run {
	const struct weir_spawn_options *options;
	struct weir_spawn_result *result;
	weir_token *token;
	weir_time until;
	struct child child;
	char *buffer; /* WEIR_SPAWN_PIECE */
	enum phase phase;
	weir_time limit; /* of the phase */
	bool ended;      /* the child; not reaped */
	bool deaf;       /* a callback has failed: the rest of the output is thrown away */
	int outcome;     /* the first reason to end it */
};

static weir_time grace_of(const struct weir_spawn_options *options)
{
	if (options->grace == 0)
		return DEFAULT_GRACE;
	return options->grace < 0 ? 0 : options->grace;
}

/* Asks the group to end, once. What is stopped has to go on to hear it. */
static void terminate(struct run *run, int reason)
{
	if (run->phase == TERMINATING)
		return;
	run->outcome = reason;
	run->phase = TERMINATING;
	run->limit = weir_after(grace_of(run->options));
	run->result->terminated = !run->ended;
	weir__child_signal(&run->child, SIGTERM);
	weir__child_signal(&run->child, SIGCONT);
}

static void feed(struct run *run)
{
	const struct weir_spawn_options *options = run->options;
	uint64_t *done = &run->result->input_bytes;
	ssize_t count;

	count = weir__spawn_pipe_write(run->child.input, (const char *)options->input + *done,
				       options->input_size - (size_t)*done);
	if (count == -EAGAIN || count == -EINTR)
		return;
	if (count > 0)
		*done += (uint64_t)count;
	/* -EPIPE: it does not want more, which is its right. After any other error it would take a
	 * part of its input for the whole. */
	if (count < 0 && count != -EPIPE)
		terminate(run, (int)count);
	if (count < 0 || *done == options->input_size)
		weir__close(&run->child.input);
}

/* One read of an output, and its callback. False when there was nothing to read now. */
static bool drain(struct run *run, int *fd, weir_spawn_output take, uint64_t *bytes)
{
	ssize_t count = read(*fd, run->buffer, WEIR_SPAWN_PIECE);
	int error = 0;

	if (count < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (count <= 0) {
		if (count < 0)
			terminate(run, -errno);
		weir__close(fd);
		return false;
	}
	*bytes += (uint64_t)count;
	if (!run->deaf)
		error = take(run->options->arg, run->buffer, (size_t)count);
	if (error) {
		run->deaf = true;
		terminate(run, error);
	}
	return true;
}

static bool drain_output(struct run *run)
{
	return run->child.output >= 0 &&
	       drain(run, &run->child.output, run->options->output, &run->result->output_bytes);
}

static bool drain_errors(struct run *run)
{
	return run->child.errors >= 0 &&
	       drain(run, &run->child.errors, run->options->errors, &run->result->error_bytes);
}

static bool output_is_open(const struct run *run)
{
	return run->child.output >= 0 || run->child.errors >= 0;
}

static void note_end(struct run *run)
{
	run->ended = true;
	weir__close(&run->child.input);
	if (run->phase != RUNNING || !output_is_open(run))
		return;
	/* Something that it started has its output, or there is more in the pipe. */
	run->phase = LINGERING;
	run->limit = weir_after(grace_of(run->options));
}

/* The time of the phase is over, the token is tripped, or it could not be waited. True when
 * nothing more is waited for. */
static bool interrupted(struct run *run, int reason)
{
	if (run->phase == TERMINATING)
		return true;
	if (run->phase == LINGERING && reason == -ETIMEDOUT && weir_now() < run->until)
		return true;
	terminate(run, reason);
	return false;
}

/* Waits until something happens, and deals with it. True when nothing more is waited for. */
static bool step(struct run *run)
{
	struct pollfd fds[] = {
		{.fd = run->child.output, .events = POLLIN},
		{.fd = run->child.errors, .events = POLLIN},
		{.fd = run->child.input, .events = POLLOUT},
		{.fd = run->ended ? -1 : run->child.process, .events = POLLIN},
	};
	bool terminating = run->phase == TERMINATING;
	weir_time limit = run->limit;
	int count;

	if (!terminating && run->until < limit)
		limit = run->until;
	count = weir_poll(terminating ? NULL : run->token, fds, 4, limit);
	if (count < 0)
		return interrupted(run, count);
	if (fds[0].revents)
		(void)drain_output(run);
	if (fds[1].revents)
		(void)drain_errors(run);
	if (fds[2].revents && run->child.input >= 0)
		feed(run);
	if (fds[3].revents)
		note_end(run);
	return run->ended && !output_is_open(run);
}

/* What was written up to now by those that are gone. */
static void drain_the_last(struct run *run)
{
	int i;

	for (i = 0; i < LAST_PIECES && drain_output(run); i++)
		;
	for (i = 0; i < LAST_PIECES && drain_errors(run); i++)
		;
	run->result->output_cut = output_is_open(run);
}

static int finish(struct run *run)
{
	struct weir_spawn_result *result = run->result;
	int error;

	weir__close(&run->child.input);
	weir__child_signal(&run->child, SIGKILL);
	result->killed = !run->ended;
	error = weir__child_reap(&run->child, &result->status);
	run->phase = TERMINATING; /* there is nobody left to be told */
	drain_the_last(run);
	weir__close(&run->child.output);
	weir__close(&run->child.errors);
	weir__close(&run->child.process);
	if (error)
		return error;
	if (WIFEXITED(result->status))
		result->exit_code = WEXITSTATUS(result->status);
	if (WIFSIGNALED(result->status))
		result->signal = WTERMSIG(result->status);
	return run->outcome;
}

static int refuse(const struct weir_spawn_options *options, weir_token *token, weir_time until)
{
	if (!options->argv || !options->argv[0])
		return -EINVAL;
	if (options->input_size > 0 && (options->input_from_fd || !options->input))
		return -EINVAL;
	if (weir_token_check(token))
		return -ECANCELED;
	return until <= weir_now() ? -ETIMEDOUT : 0;
}

int weir_spawn(const struct weir_spawn_options *options, struct weir_spawn_result *result,
	       weir_token *token, weir_time until)
{
	struct weir_spawn_result unwanted;
	struct run run = {
		.options = options,
		.result = result ? result : &unwanted,
		.token = token,
		.until = until,
		.limit = WEIR_NEVER,
	};
	int error;

	*run.result = (struct weir_spawn_result){.exit_code = -1};
	error = refuse(options, token, until);
	if (error)
		return error;
	run.buffer = malloc(WEIR_SPAWN_PIECE);
	if (!run.buffer)
		return -ENOMEM;
	error = weir__child_start(&run.child, options, &run.result->failed);
	if (error)
		goto free_buffer;
	run.result->pid = run.child.pid;
	while (!step(&run))
		;
	error = finish(&run);

free_buffer:
	free(run.buffer);
	return error;
}
