/* weir_spawn(): trips, deadlines, and those who do not want to end. */
#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "adapters/spawn_support.h"
#include "support/descriptors.h"
#include "support/must.h"

Test(spawn_end, a_tripped_token_starts_nothing)
{
	struct spawn_run run;

	spawn_prepare(&run, "exit", "0");
	(void)weir_token_cancel(run.token, WEIR_REASON_REQUESTED, NULL);
	cr_assert_eq(spawn_go(&run), -ECANCELED);
	cr_assert_eq(run.result.pid, 0);

	spawn_prepare(&run, "exit", "0");
	run.until = weir_now();
	cr_assert_eq(spawn_go(&run), -ETIMEDOUT);
	cr_assert_eq(run.result.pid, 0);
}

Test(spawn_end, a_trip_sends_sigterm)
{
	struct spawn_run run;

	spawn_prepare(&run, "wait", NULL);
	run.trip_after = "ready\n";
	cr_assert_eq(spawn_go(&run), -ECANCELED);
	cr_assert(run.result.terminated);
	cr_assert_not(run.result.killed);
	cr_assert_eq(run.result.signal, SIGTERM);
}

static void *cancel(void *token)
{
	(void)weir_token_cancel(token, WEIR_REASON_REQUESTED, "test");
	return NULL;
}

/* The runner waits in poll, or is just about to. */
Test(spawn_end, a_trip_from_another_thread)
{
	pthread_t thread;
	struct spawn_run run;
	weir_token *token;
	int i;

	for (i = 0; i < 50; i++) {
		spawn_prepare(&run, "wait", NULL);
		token = weir_token_ref(run.token);
		cr_assert_eq(pthread_create(&thread, NULL, cancel, token), 0);
		cr_assert_eq(spawn_go(&run), -ECANCELED);
		cr_assert(run.result.pid == 0 || run.result.signal == SIGTERM);
		cr_assert_eq(pthread_join(thread, NULL), 0);
		weir_token_unref(token);
	}
}

Test(spawn_end, a_deadline_does_too)
{
	struct spawn_run run;

	spawn_prepare(&run, "wait", NULL);
	run.until = weir_after(20 * WEIR_MILLISECOND);
	cr_assert_eq(spawn_go(&run), -ETIMEDOUT);
	cr_assert_eq(run.result.signal, SIGTERM);
	cr_assert(weir_now() >= run.until);
}

Test(spawn_end, last_words_are_heard)
{
	struct spawn_run run;

	spawn_prepare(&run, "polite", NULL);
	run.trip_after = "ready\n";
	cr_assert_eq(spawn_go(&run), -ECANCELED);
	cr_assert_str_eq(run.output, "ready\ngoodbye\n");
	cr_assert_eq(run.result.exit_code, 7);
	cr_assert_not(run.result.killed);
}

Test(spawn_end, one_that_ignores_sigterm_is_killed)
{
	struct spawn_run run;
	weir_time begin;

	spawn_prepare(&run, "stubborn", NULL);
	run.trip_after = "ready\n";
	run.options.grace = 50 * WEIR_MILLISECOND;
	begin = weir_now();
	cr_assert_eq(spawn_go(&run), -ECANCELED);
	cr_assert(weir_now() - begin >= 50 * WEIR_MILLISECOND, "it has its grace");
	cr_assert(run.result.terminated);
	cr_assert(run.result.killed);
	cr_assert_eq(run.result.signal, SIGKILL);
}

Test(spawn_end, at_once_without_a_grace)
{
	struct spawn_run run;

	spawn_prepare(&run, "stubborn", NULL);
	run.trip_after = "ready\n";
	run.options.grace = -1;
	cr_assert_eq(spawn_go(&run), -ECANCELED);
	cr_assert_eq(run.result.signal, SIGKILL);
}

/* It is stopped before or after SIGTERM comes; either way it has to hear it. */
Test(spawn_end, one_that_is_stopped_hears_it)
{
	struct spawn_run run;

	spawn_prepare(&run, "stopped", NULL);
	run.trip_after = "ready\n";
	run.options.grace = MUST_PATIENCE;
	cr_assert_eq(spawn_go(&run), -ECANCELED);
	cr_assert_eq(run.result.signal, SIGTERM);
}

/* The number of the grandchild: the first that is said. */
static pid_t said_number(const struct spawn_run *run)
{
	pid_t pid = (pid_t)strtol(run->output, NULL, 10);

	cr_assert(pid > 1, "%s", run->output);
	return pid;
}

/* The child ends at SIGTERM, its own child ignores it and holds the output. */
Test(spawn_end, a_stubborn_grandchild_is_killed_after_the_grace)
{
	struct spawn_run run;

	spawn_adopt();
	spawn_prepare(&run, "family", NULL);
	run.trip_after = "ready\n";
	run.options.grace = 50 * WEIR_MILLISECOND;
	cr_assert_eq(spawn_go(&run), -ECANCELED);
	cr_assert_eq(run.result.signal, SIGTERM);
	cr_assert_not(run.result.killed, "the child itself went in peace");
	spawn_await_end(said_number(&run), SIGKILL);
}

Test(spawn_end, an_orphan_with_the_output_is_not_waited_for)
{
	struct spawn_run run;

	spawn_adopt();
	spawn_prepare(&run, "orphan", NULL);
	run.options.grace = 200 * WEIR_MILLISECOND;
	cr_assert_eq(spawn_go(&run), 0);
	cr_assert_eq(run.result.exit_code, 0);
	cr_assert_not(run.result.terminated);
	cr_assert_not(run.result.killed);
	cr_assert(run.result.output_bytes > 0);
	spawn_await_end(said_number(&run), SIGKILL);
}

Test(spawn_end, nor_is_one_without_it_left_behind)
{
	struct spawn_run run;

	spawn_adopt();
	spawn_prepare(&run, "silent-orphan", NULL);
	run.options.grace = MUST_PATIENCE; /* nobody waits for that here */
	cr_assert_eq(spawn_go(&run), 0);
	cr_assert_eq(run.result.exit_code, 0);
	cr_assert_not(run.result.output_cut);
	spawn_await_end(said_number(&run), SIGKILL);
}

/* The child has ended, an orphan holds the output: time and token still count. */
Test(spawn_end, a_deadline_while_an_orphan_is_waited_for)
{
	struct spawn_run run;

	spawn_adopt();
	spawn_prepare(&run, "orphan", NULL);
	run.options.grace = MUST_PATIENCE;
	run.until = weir_after(300 * WEIR_MILLISECOND);
	cr_assert_eq(spawn_go(&run), -ETIMEDOUT);
	spawn_await_end(said_number(&run), SIGTERM);
}

Test(spawn_end, somebody_else_has_reaped_it)
{
	struct spawn_run run;

	cr_assert_neq(signal(SIGCHLD, SIG_IGN), SIG_ERR);
	spawn_prepare(&run, "exit", "0");
	cr_assert_eq(spawn_go(&run), -ECHILD);
}

/* --- many --- */

enum { THREADS = 8, ROUNDS = 125 };

struct racer {
	pthread_t runner, canceller;
	unsigned seed;
	unsigned done, canceled;
};

struct race {
	weir_token *token;
	weir_time at;
};

static void *cancel_at(void *arg)
{
	const struct race *race = arg;

	(void)weir_token_wait(NULL, race->at);
	(void)weir_token_cancel(race->token, WEIR_REASON_REQUESTED, "test");
	return NULL;
}

static int ignore_output(void *arg, const void *data, size_t size)
{
	(void)arg;
	(void)data;
	(void)size;
	return 0;
}

/* Trips from before the start to after the end, in all that lies between. */
static void *run_many(void *arg)
{
	static const char *const kinds[] = {"exit", "wait", "flood", "copy"};
	static const char input[100000];
	struct racer *racer = arg;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		const char *argv[] = {SPAWN_CHILD, kinds[i % 4], "300000", NULL};
		const struct weir_spawn_options options = {.argv = argv,
							   .output = ignore_output,
							   .input = input,
							   .input_size = sizeof(input),
							   .grace = MUST_PATIENCE};
		struct race race = {
			.at = weir_after(rand_r(&racer->seed) % 5000 * WEIR_MICROSECOND)};
		struct weir_spawn_result result;
		int error;

		must(weir_token_create(NULL, WEIR_NEVER, &race.token) == 0, "no token");
		must(pthread_create(&racer->canceller, NULL, cancel_at, &race) == 0, "no thread");
		error = weir_spawn(&options, &result, race.token, WEIR_NEVER);
		must(error == 0 || error == -ECANCELED, "weir_spawn: %d", error);
		must(i % 4 != 1 || error == -ECANCELED, "nobody has ended it");
		must(!result.killed, "it had to be killed");
		racer->done += error == 0;
		racer->canceled += error == -ECANCELED;
		must(pthread_join(racer->canceller, NULL) == 0, "no join");
		weir_token_unref(race.token);
	}
	return NULL;
}

Test(spawn_end, a_thousand_with_random_trips_leave_nothing)
{
	struct racer racers[THREADS] = {0};
	unsigned descriptors = descriptors_count();
	unsigned i, done = 0, canceled = 0;

	for (i = 0; i < THREADS; i++) {
		racers[i].seed = (unsigned)weir_now() + i;
		cr_assert_eq(pthread_create(&racers[i].runner, NULL, run_many, &racers[i]), 0);
	}
	for (i = 0; i < THREADS; i++) {
		cr_assert_eq(pthread_join(racers[i].runner, NULL), 0);
		done += racers[i].done;
		canceled += racers[i].canceled;
	}
	cr_assert_eq(done + canceled, THREADS * ROUNDS);
	cr_assert(done > 0 && canceled > 0, "%u done, %u cancelled", done, canceled);
	cr_assert(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD, "a zombie");
	cr_assert_eq(descriptors_count(), descriptors);
}
