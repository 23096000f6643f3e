/* weir_spawn(): what the child gets, and what is said when it cannot begin. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "adapters/spawn_support.h"
#include "support/descriptors.h"
#include "support/scratch.h"

Test(spawn_start, words_reach_the_program_as_they_are)
{
	struct spawn_run run;

	spawn_prepare(&run, "arguments", "two words");
	run.argv[3] = "";
	run.argv[4] = "$(touch x); 'q' \"q\" * \\";
	cr_assert_eq(spawn_go(&run), 0);
	cr_assert_eq(run.result.exit_code, 0);
	cr_assert_eq(run.result.signal, 0);
	cr_assert_str_eq(run.output, "<two words><><$(touch x); 'q' \"q\" * \\>");
}

Test(spawn_start, exit_codes_and_signals)
{
	struct spawn_run run;

	spawn_prepare(&run, "exit", "42");
	cr_assert_eq(spawn_go(&run), 0);
	cr_assert_eq(run.result.exit_code, 42);
	cr_assert_eq(run.result.signal, 0);

	spawn_prepare(&run, "raise", "9");
	cr_assert_eq(spawn_go(&run), 0);
	cr_assert_eq(run.result.exit_code, -1);
	cr_assert_eq(run.result.signal, SIGKILL);
	cr_assert_not(run.result.killed, "it was not us");
	cr_assert_not(run.result.terminated);
}

Test(spawn_start, a_name_is_looked_for_in_the_path)
{
	struct spawn_run run;

	spawn_prepare(&run, "-c", "echo found");
	run.argv[0] = "sh";
	cr_assert_eq(spawn_go(&run), 0);
	cr_assert_str_eq(run.output, "found\n");
}

static uint64_t signals(const char *state, const char *key)
{
	const char *line = strstr(state, key);

	cr_assert(line);
	return strtoull(line + strlen(key), NULL, 16);
}

/* A worker's state: all signals blocked, SIGPIPE ignored, descriptors that are not
 * close-on-exec. */
Test(spawn_start, the_child_inherits_nothing_that_it_should_not)
{
	static const char *const environment[] = {"WEIR_TEST=set", NULL};
	const char *line;
	struct scratch scratch;
	struct spawn_run run;
	sigset_t all;
	int fd;

	scratch_make(&scratch);
	fd = open("/dev/null", O_RDONLY); /* NOLINT(android-cloexec-open): that is the point */
	cr_assert(fd > STDERR_FILENO);
	(void)sigfillset(&all);
	cr_assert_eq(pthread_sigmask(SIG_BLOCK, &all, NULL), 0);
	cr_assert_neq(signal(SIGPIPE, SIG_IGN), SIG_ERR);

	spawn_prepare(&run, "state", NULL);
	run.options.directory = scratch.path;
	run.options.environment = environment;
	cr_assert_eq(spawn_go(&run), 0);
	cr_assert_eq(run.result.exit_code, 0);
	for (line = strstr(run.output, "fd "); line; line = strstr(line + 1, "fd "))
		cr_assert(strncmp(line, "fd 0\n", 5) == 0 || strncmp(line, "fd 1\n", 5) == 0 ||
				  strncmp(line, "fd 2\n", 5) == 0,
			  "%.20s", line);
	cr_assert_eq(signals(run.output, "SigBlk:"), 0, "%s", run.output);
	/* 32 and 33 are glibc's own, which its posix_spawn() leaves ignored. */
	cr_assert_eq(signals(run.output, "SigIgn:") & ~UINT64_C(0x180000000), 0, "%s", run.output);
	cr_assert(strstr(run.output, "group own\n"), "%s", run.output);
	cr_assert(strstr(run.output, "variable set\n"), "%s", run.output);
	line = strstr(run.output, "directory ");
	cr_assert(line);
	cr_assert_eq(strncmp(line + 10, scratch.path, strlen(scratch.path)), 0, "%s", line);
	(void)close(fd);
	scratch_remove(&scratch);
}

/* The pipes then begin as 0, 1 and 2, where the child's own will be. */
Test(spawn_start, a_process_without_standard_descriptors)
{
	struct spawn_run run;
	int saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10);

	cr_assert(saved >= 10);
	(void)close(STDIN_FILENO);
	(void)close(STDOUT_FILENO);
	(void)close(STDERR_FILENO);
	spawn_prepare(&run, "copy", NULL);
	run.options.input = "through";
	run.options.input_size = 7;
	cr_assert_eq(spawn_go(&run), 0);
	(void)dup2(saved, STDERR_FILENO);
	cr_assert_str_eq(run.output, "through");
	cr_assert_eq(run.result.exit_code, 0);
}

/* /dev/null is then 1 itself, before the child's 1 is put there. */
Test(spawn_start, a_process_without_a_standard_output)
{
	struct spawn_run run;

	spawn_prepare(&run, "both", NULL);
	run.options.errors = NULL;
	(void)close(STDOUT_FILENO);
	run.descriptors--;
	cr_assert_eq(spawn_go(&run), 0);
	cr_assert_str_eq(run.output, "out");
}

static void fails(struct spawn_run *run, int error, const char *what)
{
	cr_assert_eq(spawn_go(run), error);
	cr_assert_eq(run->result.pid, 0);
	cr_assert_eq(run->result.exit_code, -1);
	if (what)
		cr_assert_str_eq(run->result.failed, what);
	else
		cr_assert_null(run->result.failed);
}

Test(spawn_start, a_program_that_cannot_be_run_is_told_at_once)
{
	struct scratch scratch;
	struct spawn_run run;
	char path[PATH_MAX + 8];

	scratch_make(&scratch);
	spawn_prepare(&run, NULL, NULL);
	run.argv[0] = "/nonexistent/program";
	fails(&run, -ENOENT, "program");
	spawn_prepare(&run, NULL, NULL);
	run.argv[0] = "no-program-of-this-name";
	fails(&run, -ENOENT, "program");

	scratch_write(&scratch, "text", "hello\n", 6);
	(void)snprintf(path, sizeof(path), "%s/text", scratch.path);
	spawn_prepare(&run, NULL, NULL);
	run.argv[0] = path;
	fails(&run, -EACCES, "program");
	cr_assert_eq(chmod(path, 0700), 0);
	spawn_prepare(&run, NULL, NULL);
	run.argv[0] = path;
	fails(&run, -ENOEXEC, "program"); /* and no shell has a look at it */
	scratch_remove(&scratch);
}

Test(spawn_start, a_directory_that_is_not_there_is_told_apart)
{
	struct spawn_run run;

	spawn_prepare(&run, "exit", "0");
	run.options.directory = "/nonexistent";
	fails(&run, -ENOENT, "directory");
	spawn_prepare(&run, "exit", "0");
	run.options.directory = "/dev/null";
	fails(&run, -ENOTDIR, "directory");
}

Test(spawn_start, what_makes_no_sense_is_refused)
{
	struct spawn_run run;

	spawn_prepare(&run, NULL, NULL);
	run.argv[0] = NULL;
	fails(&run, -EINVAL, NULL);
	spawn_prepare(&run, "copy", NULL);
	run.options.input = "x";
	run.options.input_size = 1;
	run.options.input_from_fd = true;
	fails(&run, -EINVAL, NULL);
	spawn_prepare(&run, "copy", NULL);
	run.options.input_from_fd = true;
	run.options.input_fd = 1000;
	fails(&run, -EBADF, "descriptors");
}

static rlim_t lowest_free(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	cr_assert(fd >= 0);
	(void)close(fd);
	return (rlim_t)fd;
}

/* With one more each time, from none up to enough: every rung of every ladder. */
Test(spawn_start, without_descriptors_nothing_is_left_of_the_attempt)
{
	struct rlimit before, fewer;
	struct spawn_run run;
	unsigned extra;
	int result = -EMFILE;

	cr_assert_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
	for (extra = 0; result != 0; extra++) {
		cr_assert(extra < 32, "how many does it want?");
		spawn_prepare(&run, "copy", NULL);
		run.options.input = "x";
		run.options.input_size = 1;
		run.options.directory = "/";
		fewer = before;
		fewer.rlim_cur = lowest_free() + extra;
		cr_assert_eq(setrlimit(RLIMIT_NOFILE, &fewer), 0);
		run.options.argv = run.argv;
		result = weir_spawn(&run.options, &run.result, run.token, WEIR_NEVER);
		cr_assert_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
		cr_assert(result == 0 || result == -EMFILE, "%d", result);
		cr_assert(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
		cr_assert_eq(descriptors_count(), run.descriptors);
		weir_token_unref(run.token);
	}
	cr_assert(extra > 5);
	cr_assert_str_eq(run.output, "x");
}
