/* cancel/io/process.c: waiting for children. */
#include <criterion/criterion.h>

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/must.h"
#include "support/token.h"
#include "unit/cancel/io_ops.h"

TestSuite(io_process, .timeout = 60);

static pid_t child_that(void (*does)(int), int argument)
{
	pid_t pid = fork();

	must(pid >= 0, "errno %d", errno);
	if (pid == 0) {
		does(argument);
		_exit(99);
	}
	return pid;
}

static void dies(int number)
{
	const struct rlimit none = {0};

	(void)setrlimit(RLIMIT_CORE, &none);
	(void)signal(number, SIG_DFL);
	(void)raise(number);
}

static void sleeps(int unused)
{
	(void)unused;
	for (;;)
		(void)pause();
}

static int wait_status(pid_t pid)
{
	weir_token *token = token_make(NULL);
	int status = -1;
	int error = weir_waitpid(token, pid, &status, weir_after(MUST_PATIENCE));

	must(error == 0, "%d", error);
	weir_token_unref(token);
	return status;
}

/* In a way that the child ends while we wait, and in one that it has ended before. */
static int status_of(void (*does)(int), int argument, bool before)
{
	pid_t pid = child_that(does, argument);
	siginfo_t info;

	if (before)
		must(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) == 0, "errno %d", errno);
	return wait_status(pid);
}

Test(io_process, tells_how_it_ended)
{
	for (int before = 0; before < 2; before++) {
		int status = status_of(_exit, 37, before);

		cr_assert(WIFEXITED(status));
		cr_assert_eq(WEXITSTATUS(status), 37);
		status = status_of(dies, SIGTERM, before);
		cr_assert(WIFSIGNALED(status));
		cr_assert_eq(WTERMSIG(status), SIGTERM);
		status = status_of(dies, SIGABRT, before);
		cr_assert(WIFSIGNALED(status));
		cr_assert_eq(WTERMSIG(status), SIGABRT);
	}
}

struct waiter {
	pid_t pid;
	weir_token *token;
	int status, result;
	struct thread thread;
};

static void wait_child(void *arg)
{
	struct waiter *waiter = arg;

	waiter->result = weir_waitpid(waiter->token, waiter->pid, &waiter->status,
				      weir_after(MUST_PATIENCE));
}

static void waiter_start(struct waiter *waiter, pid_t pid)
{
	*waiter = (struct waiter){.pid = pid, .token = token_make(NULL)};
	thread_start(&waiter->thread, wait_child, waiter);
	io_await_in(&waiter->thread, SYS_ppoll);
}

static void waiter_end(struct waiter *waiter, int expected)
{
	thread_join(&waiter->thread);
	must(waiter->result == expected, "%d, not %d", waiter->result, expected);
	weir_token_unref(waiter->token);
}

Test(io_process, tells_how_it_ended_while_we_waited)
{
	struct waiter waiter;

	waiter_start(&waiter, child_that(sleeps, 0));
	cr_assert_eq(kill(waiter.pid, SIGKILL), 0);
	waiter_end(&waiter, 0);
	cr_assert(WIFSIGNALED(waiter.status));
	cr_assert_eq(WTERMSIG(waiter.status), SIGKILL);
	cr_assert_eq(waitpid(waiter.pid, NULL, WNOHANG), -1); /* it was reaped */
	cr_assert_eq(errno, ECHILD);
}

Test(io_process, a_stopped_child_has_not_ended)
{
	struct waiter waiter;
	siginfo_t info;

	waiter_start(&waiter, child_that(sleeps, 0));
	cr_assert_eq(kill(waiter.pid, SIGSTOP), 0);
	cr_assert_eq(waitid(P_PID, (id_t)waiter.pid, &info, WSTOPPED | WNOWAIT), 0);
	io_await_in(&waiter.thread, SYS_ppoll);
	cr_assert_eq(kill(waiter.pid, SIGKILL), 0);
	waiter_end(&waiter, 0);
	cr_assert(WIFSIGNALED(waiter.status));
}

Test(io_process, of_two_who_wait_one_gets_it)
{
	struct waiter waiters[2];
	pid_t pid = child_that(sleeps, 0);
	int sum = 0;

	waiter_start(&waiters[0], pid);
	waiter_start(&waiters[1], pid);
	cr_assert_eq(kill(pid, SIGKILL), 0);
	for (int i = 0; i < 2; i++) {
		thread_join(&waiters[i].thread);
		cr_assert(waiters[i].result == 0 || waiters[i].result == -ECHILD, "%d",
			  waiters[i].result);
		sum += waiters[i].result == 0;
		weir_token_unref(waiters[i].token);
	}
	cr_assert_eq(sum, 1);
}

/* Its descriptor is readable when it has ended, but it is the tracer's first. */
Test(io_process, a_traced_child_can_be_waited_for_and_the_wait_cancelled)
{
	pid_t pid = child_that(sleeps, 0), tracer;
	int to_tracer[2], from_tracer[2];
	struct waiter waiter;
	char byte;

	cr_assert_eq(pipe(to_tracer), 0);
	cr_assert_eq(pipe(from_tracer), 0);
	tracer = fork();
	cr_assert_geq(tracer, 0);
	if (tracer == 0) {
		(void)close(to_tracer[1]);
		if (ptrace(PTRACE_SEIZE, pid, 0, 0) != 0 || kill(pid, SIGKILL) != 0)
			_exit(1);
		/* ended, and kept */
		if (waitid(P_PID, (id_t)pid, &(siginfo_t){0}, WEXITED | WNOWAIT) != 0)
			_exit(2);
		(void)!write(from_tracer[1], "x", 1);
		(void)!read(to_tracer[0], &byte, 1);
		_exit(0);
	}
	(void)close(to_tracer[0]);
	(void)close(from_tracer[1]);
	cr_assert_eq(read(from_tracer[0], &byte, 1), 1, "the tracer could not trace");

	waiter = (struct waiter){.pid = pid, .token = token_make(NULL)};
	thread_start(&waiter.thread, wait_child, &waiter);
	io_await_in(&waiter.thread, SYS_waitid);
	cr_assert(weir_token_cancel(waiter.token, WEIR_REASON_REQUESTED, NULL));
	waiter_end(&waiter, -ECANCELED);

	waiter = (struct waiter){.pid = pid, .token = token_make(NULL)};
	thread_start(&waiter.thread, wait_child, &waiter);
	io_await_in(&waiter.thread, SYS_waitid);
	(void)close(to_tracer[1]); /* the tracer ends, and lets go */
	waiter_end(&waiter, 0);
	cr_assert(WIFSIGNALED(waiter.status));
	cr_assert_eq(wait_status(tracer), 0);
	(void)close(from_tracer[0]);
}

Test(io_process, says_what_the_system_says)
{
	pid_t pid = child_that(_exit, 0);

	cr_assert_eq(wait_status(pid), 0);
	cr_assert_eq(weir_waitpid(NULL, pid, NULL, WEIR_NEVER), -ECHILD);
	cr_assert_eq(weir_waitpid(NULL, getppid(), NULL, WEIR_NEVER), -ECHILD);
	cr_assert_eq(weir_waitpid(NULL, 0, NULL, WEIR_NEVER), -EINVAL);
	cr_assert_eq(weir_waitpid(NULL, -1, NULL, WEIR_NEVER), -EINVAL);
	pid = child_that(_exit, 0);
	cr_assert_eq(weir_waitpid(NULL, pid, NULL, WEIR_NEVER), 0);
}
