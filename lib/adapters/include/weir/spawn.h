/* weir/spawn.h: runs a program to its end, under a token.
 *
 * weir_spawn() starts a child process in a process group of its own, feeds it its input,
 * hands its output to callbacks piece by piece, and returns when it has ended. When the
 * token trips, or `until` comes, the group gets SIGTERM, and SIGKILL after a grace. Whatever
 * happens, the child is reaped, every descriptor is closed again, and nothing of the group
 * is left running when the call returns.
 *
 *	static int print(void *arg, const void *data, size_t size)
 *	{
 *		return weir_response_write(arg, data, size);
 *	}
 *
 *	const char *const argv[] = {"git", "log", "--oneline", NULL};
 *	const struct weir_spawn_options options = {.argv = argv, .output = print, .arg = response};
 *	struct weir_spawn_result result;
 *
 *	error = weir_spawn(&options, &result, token, WEIR_NEVER);
 *
 * No shell is involved: the words of argv reach the program as they are.
 *
 * What the child gets: descriptors 0, 1 and 2 and no other, whatever the rest of the process
 * has forgotten to mark close-on-exec; no blocked and no ignored signal; its own process
 * group, so that a signal to it reaches its children too, and one to ours does not reach it.
 * What leaves the group (setsid(2)) is out of reach, and is not waited for.
 *
 * The process must not reap children that it does not know (waitpid(-1), SIGCHLD ignored,
 * SA_NOCLDWAIT): the status is lost then, and the call returns -ECHILD.
 * A child that runs as another user may not be ours to signal, and one in an uninterruptible
 * system call does not die: the call then waits for its end.
 *
 * Thread safety: any thread, any number at a time; inside handlers above all.
 */
#ifndef WEIR_SPAWN_H
#define WEIR_SPAWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <weir/time.h>
#include <weir/token.h>
#include <weir/visibility.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The longest piece of output that a callback is given at once. */
#define WEIR_SPAWN_PIECE 65536

/** Takes a piece of output, 1 to WEIR_SPAWN_PIECE bytes, which are gone when it returns.
 *  Runs on the thread that called weir_spawn(). While it blocks, nothing is read and so
 *  the child will wait, too: let it block in nothing but calls that take the same token.
 *  Returns 0, or a negative errno, which ends the child like a trip does and is what
 *  weir_spawn() returns. */
typedef int (*weir_spawn_output)(void *arg, const void *data, size_t size);

/** All pointers are borrowed for the length of the call; zero is the default. */
struct weir_spawn_options {
	/** Required: the program and its arguments, ended by NULL. A name without a slash is
	 *  looked for in the PATH of this process; a relative path starts at `directory`. */
	const char *const *argv;
	/** "NAME=value", ended by NULL. Default: the environment of this process. */
	const char *const *environment;
	/** The working directory. Default: that of this process. */
	const char *directory;
	/** What it reads from its standard input; then comes the end. Default: nothing. A
	 *  child that does not read it all is no error. */
	const void *input;
	size_t input_size;
	/** A descriptor to be its standard input, in place of `input`; counts where
	 *  input_from_fd is set. It stays open. */
	int input_fd;
	bool input_from_fd;
	/** Put its error output into its standard output, in the order of its writes. */
	bool merge_errors;
	/** Take its standard output and its error output. Default: thrown away. */
	weir_spawn_output output;
	weir_spawn_output errors;
	/** The callbacks' first argument. */
	void *arg;
	/** Nanoseconds from SIGTERM to SIGKILL; also how long the output is waited for when
	 *  the child has ended and something that it started holds on to it. Default: 2 s;
	 *  negative: none. */
	weir_time grace;
};

/** How it went. Filled in by every call. */
struct weir_spawn_result {
	/** The child, which is gone by now; 0: there never was one. */
	pid_t pid;
	/** Its wait status, for WIFEXITED() and the like of <sys/wait.h>. */
	int status;
	/** The exit code; -1: it was ended by a signal, or never began. */
	int exit_code;
	/** The signal that ended it, or 0. */
	int signal;
	/** SIGTERM was sent to it, and SIGKILL before it had ended. */
	bool terminated, killed;
	/** Something else of its group held on to its output for longer than the grace, or
	 *  left the group with it; what that wrote later is lost. */
	bool output_cut;
	/** Bytes: of the input that it took (or that the pipe holds), of output and errors. */
	uint64_t input_bytes, output_bytes, error_bytes;
	/** What could not be had, if the child could not be started ("program", "directory",
	 *  "descriptors", "process"): a literal for messages. Else NULL. */
	const char *failed;
};

/** Runs a program to its end. Returns
 *    0            it ended by itself: result->exit_code and ->signal say how;
 *    -ECANCELED   the token was tripped (before: nothing was started);
 *    -ETIMEDOUT   `until` came, likewise;
 *    what a callback returned;
 *    -ENOENT, -EACCES, -ENOTDIR, -ENOEXEC, -E2BIG, -EAGAIN, -EMFILE, -ENFILE, -ENOMEM, ...
 *                 it could not be started, see result->failed;
 *    -EINVAL      no argv, or two inputs;
 *    -ECHILD      somebody else reaped it.
 *  After -ECANCELED, -ETIMEDOUT and an error of a callback the result still says how the
 *  child ended. `result` may be NULL. */
WEIR_API int weir_spawn(const struct weir_spawn_options *options, struct weir_spawn_result *result,
			weir_token *token, weir_time until);

#ifdef __cplusplus
}
#endif

#endif
