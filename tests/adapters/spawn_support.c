/* adapters/spawn_support.c: see spawn_support.h. */
#include "adapters/spawn_support.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <weir/io.h>

#include "support/descriptors.h"
#include "support/must.h"

static int keep(char *text, size_t room, const void *data, size_t size)
{
	size_t used = strlen(text);

	must(size > 0 && size <= WEIR_SPAWN_PIECE, "a piece of %zu bytes", size);
	must(used + size < room, "more output than a test expects");
	(void)memcpy(text + used, data, size);
	text[used + size] = '\0';
	return 0;
}

static int take_output(void *arg, const void *data, size_t size)
{
	struct spawn_run *run = arg;
	size_t used, end;

	(void)keep(run->output, sizeof(run->output), data, size);
	if (!run->trip_after)
		return 0;
	used = strlen(run->output);
	end = strlen(run->trip_after);
	if (used >= end && !strcmp(run->output + used - end, run->trip_after))
		(void)weir_token_cancel(run->token, WEIR_REASON_REQUESTED, "test");
	return 0;
}

static int take_errors(void *arg, const void *data, size_t size)
{
	struct spawn_run *run = arg;

	return keep(run->errors, sizeof(run->errors), data, size);
}

void spawn_prepare(struct spawn_run *run, const char *kind, const char *argument)
{
	int error;

	*run = (struct spawn_run){.argv = {SPAWN_CHILD, kind, argument}, .until = WEIR_NEVER};
	run->options = (struct weir_spawn_options){
		.output = take_output, .errors = take_errors, .arg = run};
	error = weir_token_create(NULL, WEIR_NEVER, &run->token);
	must(error == 0, "weir_token_create: %d", error);
	must(weir_token_fd(run->token) >= 0, "no descriptor"); /* the token's, made now */
	run->descriptors = descriptors_count();
}

int spawn_go(struct spawn_run *run)
{
	int result;

	run->options.argv = run->argv;
	result = weir_spawn(&run->options, &run->result, run->token, run->until);
	must(run->result.pid == 0 ||
		     (waitpid(run->result.pid, NULL, WNOHANG) < 0 && errno == ECHILD),
	     "the child was not reaped");
	must(descriptors_count() == run->descriptors, "%u descriptors, not %u", descriptors_count(),
	     run->descriptors);
	weir_token_unref(run->token);
	return result;
}

void spawn_adopt(void)
{
	must(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0, "prctl: %s", strerror(errno));
}

void spawn_await_end(pid_t pid, int number)
{
	int status = 0;
	int error = weir_waitpid(NULL, pid, &status, weir_after(MUST_PATIENCE));

	must(error == 0, "waiting for %d: %s", (int)pid, strerror(-error));
	must(WIFSIGNALED(status) && WTERMSIG(status) == number, "status %x", (unsigned)status);
}
