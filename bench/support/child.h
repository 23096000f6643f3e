/* child.h: a program that the bench has started, and talks to by lines.
 *
 * Its stdout is a pipe that is read line by line under a deadline. Its stderr goes to a
 * file in the temporary directory, of which the first line is shown if it fails. It is
 * killed when the bench dies. Not thread-safe: one thread starts and uses children.
 */
#ifndef BENCH_CHILD_H
#define BENCH_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct bench_child_options {
	const char *name;        /* for messages and the name of the stderr file; borrowed */
	const char *const *argv; /* argv[0] is a path; ends with NULL */
	const char *const *env;  /* "NAME=value" added to the environment, or NULL */
	const char *dir;         /* working directory; NULL: the bench's */
	int pass_fd;             /* a descriptor that it inherits; 0: none */
	int death_signal;        /* sent when the bench dies; 0: SIGKILL */
	bool merge_stderr;       /* stderr into the same pipe as stdout */
	bool any_exit;           /* bench_child_first_line() takes every exit code for success */
};

/* All zero: no child. */
struct bench_child {
	const char *name;
	pid_t pid;
	int pidfd;
	int in;  /* its stdin */
	int out; /* its stdout */
	char buffer[4096];
	size_t start, end; /* what has been read and not yet returned */
};

/* Returns 0 or a negative errno; *child is all zero on failure. */
int bench_child_start(struct bench_child *child, const struct bench_child_options *options);

/* Reads one line; *line is valid until the next call. Returns 1, 0 at the end of its
 * output, -ETIMEDOUT, -EMSGSIZE (a line that does not fit), or another errno. */
int bench_child_line(struct bench_child *child, int64_t deadline, char **line);

/* Reads a line that has to begin with `word`; *rest is what follows. 0, or a negative errno after a
 * complaint: -EPIPE at the end of its output, -EBADMSG for another line. */
int bench_child_expect(struct bench_child *child, const char *word, int64_t deadline, char **rest);

/* Writes to its stdin. Returns 0 or a negative errno. */
int bench_child_tell(struct bench_child *child, const char *text);

/* Waits for its end and reaps it. *status is as waitpid() gives it; *when, if asked for,
 * the moment at which the bench saw it end. Returns 0, -ETIMEDOUT (it still runs), or
 * another errno. */
int bench_child_wait(struct bench_child *child, int64_t deadline, int *status, int64_t *when);

/* bench_child_wait(), and a complaint unless it ended with exit code 0: then -EIO. */
int bench_child_expect_success(struct bench_child *child, int64_t deadline);

/* Kills it if it still runs, reaps it, closes the pipes. Harmless on no child. */
void bench_child_end(struct bench_child *child);

/* Says what went wrong with it, and the first line of its stderr if there is one. */
void bench_child_complain(const struct bench_child *child, const char *what);

/* Runs a program to its end and keeps the first line of its output, without the newline
 * (`merge_stderr` in the options decides about stderr). Returns 0, -EIO if it failed, or
 * another errno. */
int bench_child_first_line(const struct bench_child_options *options, int64_t deadline, char *line,
			   size_t size);

#endif
