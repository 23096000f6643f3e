/* cancel/interrupt.c: what a scope does for a call. */
#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <weir/interrupt.h>
#include <weir/io.h>

#include "support/must.h"
#include "support/token.h"
#include "unit/cancel/interrupt_support.h"
#include "unit/faults.h"
#include "unit/threads.h"

TestSuite(interrupt, .timeout = 60);

/* A call that blocks for ever, in a scope. */
struct sleeper {
	weir_token *token;
	int (*block)(void *arg);
	void *arg;
	struct thread thread;
};

static void sleep_in_scope(void *arg)
{
	struct sleeper *sleeper = arg;
	weir_interrupt scope;
	int error = weir_interrupt_begin(&scope, sleeper->token);

	must(error == 0, "weir_interrupt_begin: %d", error);
	do
		error = sleeper->block(sleeper->arg);
	while (error == -EINTR && weir_token_check(sleeper->token) == 0);
	must(error == -EINTR, "the call: %d", error);
	weir_interrupt_end(&scope);
	must(!interrupt_is_pending(), "a signal is left");
}

static int block_in_flock(void *arg)
{
	return flock(*(int *)arg, LOCK_EX) ? -errno : 0;
}

static int block_in_open(void *arg)
{
	return open(arg, O_RDONLY | O_CLOEXEC) < 0 ? -errno : 0;
}

static int block_in_sem_wait(void *arg)
{
	return sem_wait(arg) ? -errno : 0;
}

static void fall_asleep(struct sleeper *sleeper, weir_token *token, int (*block)(void *arg),
			void *arg)
{
	*sleeper = (struct sleeper){.token = token, .block = block, .arg = arg};
	thread_start(&sleeper->thread, sleep_in_scope, sleeper);
	thread_await_waiting(&sleeper->thread);
}

static void expect_end(int (*block)(void *arg), void *arg)
{
	weir_token *token = token_make(NULL);
	struct sleeper sleeper;

	fall_asleep(&sleeper, token, block, arg);
	token_trip(token);
	thread_join(&sleeper.thread);
	weir_token_unref(token);
}

Test(interrupt, a_trip_ends_a_read)
{
	int fds[2];

	interrupt_pipe(fds);
	expect_end(interrupt_read, fds);
}

Test(interrupt, a_trip_ends_a_flock)
{
	FILE *holder = tmpfile();
	char path[64];
	int fd;

	cr_assert(holder);
	cr_assert_eq(flock(fileno(holder), LOCK_EX), 0);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fileno(holder));
	fd = open(path, O_RDWR | O_CLOEXEC); /* a lock belongs to the open file */
	cr_assert_geq(fd, 0);
	expect_end(block_in_flock, &fd);
}

Test(interrupt, a_trip_ends_the_opening_of_a_fifo)
{
	char directory[] = "/tmp/weir-interrupt-XXXXXX", path[64];

	cr_assert(mkdtemp(directory));
	(void)snprintf(path, sizeof(path), "%s/fifo", directory);
	cr_assert_eq(mkfifo(path, 0600), 0);
	expect_end(block_in_open, path);
	cr_assert_eq(unlink(path), 0);
	cr_assert_eq(rmdir(directory), 0);
}

Test(interrupt, a_trip_ends_a_sem_wait)
{
	sem_t semaphore;

	cr_assert_eq(sem_init(&semaphore, 0, 0), 0);
	expect_end(block_in_sem_wait, &semaphore);
}

Test(interrupt, a_deadline_ends_a_call)
{
	weir_token *token = NULL;
	struct sleeper sleeper;
	int fds[2];

	interrupt_pipe(fds);
	cr_assert_eq(weir_token_create(NULL, weir_after(5 * WEIR_MILLISECOND), &token), 0);
	sleeper = (struct sleeper){.token = token, .block = interrupt_read, .arg = fds};
	sleep_in_scope(&sleeper);
	cr_assert_eq(weir_token_reason(token), WEIR_REASON_DEADLINE);
	weir_token_unref(token);
}

Test(interrupt, a_trip_ends_all_scopes_of_a_token)
{
	weir_token *token = token_make(NULL);
	struct sleeper sleepers[8];
	int fds[2];

	interrupt_pipe(fds);
	for (size_t i = 0; i < 8; i++)
		fall_asleep(&sleepers[i], token, interrupt_read, fds);
	token_trip(token);
	for (size_t i = 0; i < 8; i++)
		thread_join(&sleepers[i].thread);
	weir_token_unref(token);
}

Test(interrupt, a_trip_by_the_thread_itself_before_the_call_ends_it)
{
	weir_token *token = token_make(NULL);
	weir_interrupt scope;
	int fds[2];

	interrupt_pipe(fds);
	cr_assert_eq(weir_interrupt_begin(&scope, token), 0);
	token_trip(token); /* this signal is handled before the call */
	cr_assert_eq(interrupt_read(fds), -EINTR);
	cr_assert_eq(interrupt_read(fds), -EINTR, "again, until the scope is left");
	weir_interrupt_end(&scope);
	weir_token_unref(token);
}

Test(interrupt, an_inner_scope_leaves_the_outer_one_alone)
{
	weir_token *outer_token = token_make(NULL), *inner_token = token_make(NULL);
	weir_interrupt outer, inner;
	int fds[2];

	interrupt_pipe(fds);
	interrupt_set_blocked(true);
	cr_assert_eq(weir_interrupt_begin(&outer, outer_token), 0);
	cr_assert_eq(weir_interrupt_begin(&inner, inner_token), 0);
	token_trip(inner_token);
	cr_assert_eq(interrupt_read(fds), -EINTR);
	weir_interrupt_end(&inner);
	cr_assert_not(interrupt_is_blocked(), "the outer scope needs it");
	cr_assert_eq(interrupt_wait(), -ETIMEDOUT);
	token_trip(outer_token);
	cr_assert_eq(interrupt_read(fds), -EINTR);
	weir_interrupt_end(&outer);
	cr_assert(interrupt_is_blocked());
	weir_token_unref(outer_token);
	weir_token_unref(inner_token);
}

Test(interrupt, an_outer_scope_reaches_into_an_inner_one)
{
	weir_token *outer_token = token_make(NULL), *inner_token = token_make(NULL);
	weir_interrupt outer, inner;
	int fds[2];

	interrupt_pipe(fds);
	cr_assert_eq(weir_interrupt_begin(&outer, outer_token), 0);
	cr_assert_eq(weir_interrupt_begin(&inner, inner_token), 0);
	token_trip(outer_token);
	cr_assert_eq(interrupt_read(fds), -EINTR);
	weir_interrupt_end(&inner); /* which fetches what is pending */
	cr_assert_eq(interrupt_read(fds), -EINTR);
	weir_interrupt_end(&outer);
	cr_assert_eq(interrupt_wait(), -ETIMEDOUT);
	weir_token_unref(outer_token);
	weir_token_unref(inner_token);
}

static void trip_of(void *token)
{
	token_trip(token);
}

Test(interrupt, a_scope_inside_a_callback_works_as_any)
{
	weir_token *outer = token_make(NULL), *inner = token_make(NULL);
	weir_token_callback callback;
	struct sleeper sleeper = {.token = inner, .block = interrupt_read};
	struct thread thread;
	int fds[2];

	interrupt_pipe(fds);
	sleeper.arg = fds;
	weir_token_callback_add(outer, &callback, sleep_in_scope, &sleeper);
	thread_start(&thread, trip_of, outer);
	thread_await_waiting(&thread);
	token_trip(inner);
	thread_join(&thread);
	weir_token_unref(outer);
	weir_token_unref(inner);
}

Test(interrupt, without_the_timer_thread_there_is_no_scope)
{
	static const struct {
		enum fault fault;
		int error;
	} faults[] = {{FAULT_THREAD, -EAGAIN}, {FAULT_REALLOC, -ENOMEM}};
	weir_token *token = token_make(NULL);
	weir_interrupt scope;

	interrupt_set_blocked(true);
	for (size_t i = 0; i < 2; i++) {
		fault_set(faults[i].fault, 0);
		cr_assert_eq(weir_interrupt_begin(&scope, token), faults[i].error);
		cr_assert(fault_struck(faults[i].fault));
		cr_assert(interrupt_is_blocked());
	}
	cr_assert_eq(weir_interrupt_begin(&scope, token), 0);
	weir_interrupt_end(&scope);
	weir_token_unref(token);
}

Test(interrupt, the_token_knows_of_the_scope)
{
	weir_token *token = token_make(NULL);
	struct weir_last_check last;
	weir_interrupt scope;

	cr_assert_eq(weir_interrupt_begin(&scope, token), 0);
	cr_assert_eq(weir_token_last_check(token, &last), 0);
	cr_assert_str_eq(last.where, "weir_interrupt_begin()");
	cr_assert_eq(last.waiting, 1);
	weir_interrupt_end(&scope);
	cr_assert_eq(weir_token_last_check(token, &last), 0);
	cr_assert_eq(last.waiting, 0);
	token_trip(token);
	cr_assert_eq(weir_interrupt_begin(&scope, token), -ECANCELED);
	cr_assert_eq(weir_token_last_check(token, &last), 0);
	cr_assert_eq(last.waiting, 0);
	weir_token_unref(token);
}
