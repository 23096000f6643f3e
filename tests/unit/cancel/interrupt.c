/* cancel/interrupt.c: what a scope does for a call, and what it leaves behind.
 *
 * Each test is a process of its own, so the signal can be chosen anew in each.
 */
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
#include "unit/faults.h"
#include "unit/threads.h"

TestSuite(interrupt, .timeout = 60);

/* Longer than the longest pause between two signals. */
#define LONG_ENOUGH (30 * WEIR_MILLISECOND)

static bool in_set(const sigset_t *set)
{
	return sigismember(set, weir_interrupt_signal()) == 1;
}

static bool is_pending(void)
{
	sigset_t set;

	must(sigpending(&set) == 0, "sigpending: %d", errno);
	return in_set(&set);
}

static bool is_blocked(void)
{
	sigset_t set;

	must(pthread_sigmask(SIG_BLOCK, NULL, &set) == 0, "pthread_sigmask");
	return in_set(&set);
}

static void set_blocked(bool blocked)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, weir_interrupt_signal());
	must(pthread_sigmask(blocked ? SIG_BLOCK : SIG_UNBLOCK, &set, NULL) == 0, "mask");
}

/* Waits for nothing, for so long; -EINTR if a signal comes. */
static int wait_undisturbed(void)
{
	weir_time until = weir_after(LONG_ENOUGH);
	struct timespec at = {.tv_sec = until / WEIR_SECOND, .tv_nsec = until % WEIR_SECOND};
	sem_t semaphore;

	must(sem_init(&semaphore, 0, 0) == 0, "sem_init: %d", errno);
	return sem_clockwait(&semaphore, CLOCK_MONOTONIC, &at) ? -errno : 0;
}

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
	must(!is_pending(), "a signal is left");
}

static int block_in_read(void *arg)
{
	char byte;
	const int *fds = arg;

	return read(fds[0], &byte, 1) < 0 ? -errno : 0;
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

static void make_pipe(int *fds)
{
	cr_assert_eq(pipe2(fds, O_CLOEXEC), 0);
}

Test(interrupt, a_trip_ends_a_read)
{
	int fds[2];

	make_pipe(fds);
	expect_end(block_in_read, fds);
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

	make_pipe(fds);
	cr_assert_eq(weir_token_create(NULL, weir_after(5 * WEIR_MILLISECOND), &token), 0);
	sleeper = (struct sleeper){.token = token, .block = block_in_read, .arg = fds};
	sleep_in_scope(&sleeper);
	cr_assert_eq(weir_token_reason(token), WEIR_REASON_DEADLINE);
	weir_token_unref(token);
}

Test(interrupt, a_trip_ends_all_scopes_of_a_token)
{
	weir_token *token = token_make(NULL);
	struct sleeper sleepers[8];
	int fds[2];

	make_pipe(fds);
	for (size_t i = 0; i < 8; i++)
		fall_asleep(&sleepers[i], token, block_in_read, fds);
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

	make_pipe(fds);
	cr_assert_eq(weir_interrupt_begin(&scope, token), 0);
	token_trip(token); /* this signal is handled before the call */
	cr_assert_eq(block_in_read(fds), -EINTR);
	cr_assert_eq(block_in_read(fds), -EINTR, "again, until the scope is left");
	weir_interrupt_end(&scope);
	weir_token_unref(token);
}

Test(interrupt, a_tripped_token_is_refused_and_nothing_is_changed)
{
	weir_token *token = token_make(NULL);
	struct sigaction action;
	weir_interrupt scope;

	set_blocked(true);
	token_trip(token);
	cr_assert_eq(weir_interrupt_begin(&scope, token), -ECANCELED);
	cr_assert(is_blocked());
	cr_assert_not(is_pending());
	cr_assert_eq(sigaction(weir_interrupt_signal(), NULL, &action), 0);
	cr_assert(action.sa_handler == SIG_DFL);
	weir_token_unref(token);
}

Test(interrupt, without_a_token_nothing_is_done)
{
	struct sigaction action;
	weir_interrupt scope;

	set_blocked(true);
	cr_assert_eq(weir_interrupt_begin(&scope, NULL), 0);
	cr_assert(is_blocked());
	cr_assert_eq(sigaction(weir_interrupt_signal(), NULL, &action), 0);
	cr_assert(action.sa_handler == SIG_DFL);
	weir_interrupt_end(&scope);
	cr_assert(is_blocked());
	cr_assert_eq(weir_interrupt_use_signal(SIGUSR2), 0, "no scope has been used");
}

Test(interrupt, no_signal_comes_after_the_scope)
{
	weir_token *token = token_make(NULL);
	weir_interrupt scope;
	int fds[2];

	make_pipe(fds);
	cr_assert_eq(weir_interrupt_begin(&scope, token), 0);
	token_trip(token);
	cr_assert_eq(block_in_read(fds), -EINTR);
	weir_interrupt_end(&scope);
	cr_assert_eq(wait_undisturbed(), -ETIMEDOUT);
	weir_token_unref(token);
}

Test(interrupt, the_mask_is_as_before_and_the_signal_is_not_blocked_inside)
{
	weir_token *token = token_make(NULL);

	for (int i = 0; i < 4; i++) {
		weir_interrupt scope;
		bool blocked = i % 2;

		set_blocked(blocked);
		cr_assert_eq(weir_interrupt_begin(&scope, token), 0);
		cr_assert_not(is_blocked());
		if (i >= 2) {
			token_trip(token);
			weir_interrupt_end(&scope);
			weir_token_unref(token);
			token = token_make(NULL);
		} else {
			weir_interrupt_end(&scope);
		}
		cr_assert_eq(is_blocked(), blocked);
		cr_assert_not(is_pending());
	}
	weir_token_unref(token);
}

/* The thread blocks the signal where it must not, to keep it from being handled. */
static void leave_with_pending_signals(void)
{
	weir_token *token = token_make(NULL);
	weir_interrupt scope;

	set_blocked(true);
	cr_assert_eq(weir_interrupt_begin(&scope, token), 0);
	set_blocked(true);
	token_trip(token);
	cr_assert(is_pending());
	cr_assert_eq(weir_sleep(NULL, weir_after(LONG_ENOUGH)), 0); /* more are sent */
	weir_interrupt_end(&scope);
	cr_assert_not(is_pending());
	weir_token_unref(token);
}

Test(interrupt, no_signal_is_left_pending)
{
	leave_with_pending_signals();
}

Test(interrupt, not_even_of_those_that_queue_up)
{
	cr_assert_eq(weir_interrupt_use_signal(SIGRTMIN + 3), 0);
	cr_assert_eq(weir_interrupt_signal(), SIGRTMIN + 3);
	leave_with_pending_signals();
}

Test(interrupt, the_end_keeps_errno)
{
	weir_token *token = token_make(NULL);
	weir_interrupt scope;

	cr_assert_eq(weir_interrupt_begin(&scope, token), 0);
	token_trip(token);
	errno = EXDEV;
	weir_interrupt_end(&scope);
	cr_assert_eq(errno, EXDEV);
	weir_token_unref(token);
}

Test(interrupt, an_inner_scope_leaves_the_outer_one_alone)
{
	weir_token *outer_token = token_make(NULL), *inner_token = token_make(NULL);
	weir_interrupt outer, inner;
	int fds[2];

	make_pipe(fds);
	set_blocked(true);
	cr_assert_eq(weir_interrupt_begin(&outer, outer_token), 0);
	cr_assert_eq(weir_interrupt_begin(&inner, inner_token), 0);
	token_trip(inner_token);
	cr_assert_eq(block_in_read(fds), -EINTR);
	weir_interrupt_end(&inner);
	cr_assert_not(is_blocked(), "the outer scope needs it");
	cr_assert_eq(wait_undisturbed(), -ETIMEDOUT);
	token_trip(outer_token);
	cr_assert_eq(block_in_read(fds), -EINTR);
	weir_interrupt_end(&outer);
	cr_assert(is_blocked());
	weir_token_unref(outer_token);
	weir_token_unref(inner_token);
}

Test(interrupt, an_outer_scope_reaches_into_an_inner_one)
{
	weir_token *outer_token = token_make(NULL), *inner_token = token_make(NULL);
	weir_interrupt outer, inner;
	int fds[2];

	make_pipe(fds);
	cr_assert_eq(weir_interrupt_begin(&outer, outer_token), 0);
	cr_assert_eq(weir_interrupt_begin(&inner, inner_token), 0);
	token_trip(outer_token);
	cr_assert_eq(block_in_read(fds), -EINTR);
	weir_interrupt_end(&inner); /* which fetches what is pending */
	cr_assert_eq(block_in_read(fds), -EINTR);
	weir_interrupt_end(&outer);
	cr_assert_eq(wait_undisturbed(), -ETIMEDOUT);
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
	struct sleeper sleeper = {.token = inner, .block = block_in_read};
	struct thread thread;
	int fds[2];

	make_pipe(fds);
	sleeper.arg = fds;
	weir_token_callback_add(outer, &callback, sleep_in_scope, &sleeper);
	thread_start(&thread, trip_of, outer);
	thread_await_waiting(&thread);
	token_trip(inner);
	thread_join(&thread);
	weir_token_unref(outer);
	weir_token_unref(inner);
}

static void on_signal(int number)
{
	(void)number;
}

static void handle(int number, void (*handler)(int))
{
	struct sigaction action = {.sa_handler = handler};

	cr_assert_eq(sigaction(number, &action, NULL), 0);
}

Test(interrupt, a_handler_of_the_programs_is_left_alone)
{
	weir_token *token = token_make(NULL);
	struct sigaction action;
	weir_interrupt scope;

	handle(SIGURG, on_signal);
	cr_assert_eq(weir_interrupt_begin(&scope, token), -EBUSY);
	cr_assert_eq(sigaction(SIGURG, NULL, &action), 0);
	cr_assert(action.sa_handler == on_signal);
	/* which is the program's cue to choose another */
	cr_assert_eq(weir_interrupt_use_signal(SIGUSR2), 0);
	cr_assert_eq(weir_interrupt_begin(&scope, token), 0);
	weir_interrupt_end(&scope);
	cr_assert_eq(weir_interrupt_use_signal(SIGUSR1), -EBUSY);
	cr_assert_eq(weir_interrupt_signal(), SIGUSR2);
	weir_token_unref(token);
}

Test(interrupt, a_handler_that_was_replaced_later_is_noticed)
{
	weir_token *token = token_make(NULL);
	weir_interrupt scope;
	int fds[2];

	make_pipe(fds);
	cr_assert_eq(weir_interrupt_begin(&scope, token), 0);
	weir_interrupt_end(&scope);
	handle(SIGURG, on_signal);
	cr_assert_eq(weir_interrupt_begin(&scope, token), -EBUSY);
	handle(SIGURG, SIG_IGN); /* nobody's, so it is taken again */
	cr_assert_eq(weir_interrupt_begin(&scope, token), 0);
	token_trip(token);
	cr_assert_eq(block_in_read(fds), -EINTR);
	weir_interrupt_end(&scope);
	weir_token_unref(token);
}

Test(interrupt, only_signals_that_can_be_caught_can_be_chosen)
{
	static const int bad[] = {-1, 0, SIGKILL, SIGSTOP, SIGSEGV, SIGBUS, 32, 33, 1000};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_assert_eq(weir_interrupt_use_signal(bad[i]), -EINVAL, "%d", bad[i]);
	cr_assert_eq(weir_interrupt_use_signal(SIGRTMAX + 1), -EINVAL);
	cr_assert_eq(weir_interrupt_signal(), SIGURG);
	cr_assert_eq(weir_interrupt_use_signal(SIGRTMAX), 0);
	cr_assert_eq(weir_interrupt_use_signal(SIGURG), 0);
}

Test(interrupt, without_the_timer_thread_there_is_no_scope)
{
	static const struct {
		enum fault fault;
		int error;
	} faults[] = {{FAULT_THREAD, -EAGAIN}, {FAULT_REALLOC, -ENOMEM}};
	weir_token *token = token_make(NULL);
	weir_interrupt scope;

	set_blocked(true);
	for (size_t i = 0; i < 2; i++) {
		fault_set(faults[i].fault, 0);
		cr_assert_eq(weir_interrupt_begin(&scope, token), faults[i].error);
		cr_assert(fault_struck(faults[i].fault));
		cr_assert(is_blocked());
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
