/* cancel/interrupt.c: the signal: who it is left to, and what is left of it.
 *
 * Each test is a process of its own, so it can be chosen anew in each.
 */
#include <criterion/criterion.h>

#include <errno.h>
#include <signal.h>

#include <weir/io.h>

#include "support/must.h"
#include "support/token.h"
#include "unit/cancel/interrupt_support.h"

TestSuite(interrupt_signal, .timeout = 60);

Test(interrupt_signal, a_tripped_token_is_refused_and_nothing_is_changed)
{
	weir_token *token = token_make(NULL);
	struct sigaction action;
	weir_interrupt scope;

	interrupt_set_blocked(true);
	token_trip(token);
	cr_assert_eq(weir_interrupt_begin(&scope, token), -ECANCELED);
	cr_assert(interrupt_is_blocked());
	cr_assert_not(interrupt_is_pending());
	cr_assert_eq(sigaction(weir_interrupt_signal(), NULL, &action), 0);
	cr_assert(action.sa_handler == SIG_DFL);
	weir_token_unref(token);
}

Test(interrupt_signal, without_a_token_nothing_is_done)
{
	struct sigaction action;
	weir_interrupt scope;

	interrupt_set_blocked(true);
	cr_assert_eq(weir_interrupt_begin(&scope, NULL), 0);
	cr_assert(interrupt_is_blocked());
	cr_assert_eq(sigaction(weir_interrupt_signal(), NULL, &action), 0);
	cr_assert(action.sa_handler == SIG_DFL);
	weir_interrupt_end(&scope);
	cr_assert(interrupt_is_blocked());
	cr_assert_eq(weir_interrupt_use_signal(SIGUSR2), 0, "no scope has been used");
}

Test(interrupt_signal, no_signal_comes_after_the_scope)
{
	weir_token *token = token_make(NULL);
	weir_interrupt scope;
	int fds[2];

	interrupt_pipe(fds);
	cr_assert_eq(weir_interrupt_begin(&scope, token), 0);
	token_trip(token);
	cr_assert_eq(interrupt_read(fds), -EINTR);
	weir_interrupt_end(&scope);
	cr_assert_eq(interrupt_wait(), -ETIMEDOUT);
	weir_token_unref(token);
}

Test(interrupt_signal, the_mask_is_as_before_and_the_signal_is_not_blocked_inside)
{
	weir_token *token = token_make(NULL);

	for (int i = 0; i < 4; i++) {
		weir_interrupt scope;
		bool blocked = i % 2;

		interrupt_set_blocked(blocked);
		cr_assert_eq(weir_interrupt_begin(&scope, token), 0);
		cr_assert_not(interrupt_is_blocked());
		if (i >= 2) {
			token_trip(token);
			weir_interrupt_end(&scope);
			weir_token_unref(token);
			token = token_make(NULL);
		} else {
			weir_interrupt_end(&scope);
		}
		cr_assert_eq(interrupt_is_blocked(), blocked);
		cr_assert_not(interrupt_is_pending());
	}
	weir_token_unref(token);
}

/* The thread blocks the signal where it must not, to keep it from being handled. */
static void leave_with_pending_signals(void)
{
	weir_token *token = token_make(NULL);
	weir_interrupt scope;

	interrupt_set_blocked(true);
	cr_assert_eq(weir_interrupt_begin(&scope, token), 0);
	interrupt_set_blocked(true);
	token_trip(token);
	cr_assert(interrupt_is_pending());
	cr_assert_eq(weir_sleep(NULL, weir_after(INTERRUPT_LONG_ENOUGH)), 0); /* more are sent */
	weir_interrupt_end(&scope);
	cr_assert_not(interrupt_is_pending());
	weir_token_unref(token);
}

Test(interrupt_signal, no_signal_is_left_pending)
{
	leave_with_pending_signals();
}

Test(interrupt_signal, not_even_of_those_that_queue_up)
{
	cr_assert_eq(weir_interrupt_use_signal(SIGRTMIN + 3), 0);
	cr_assert_eq(weir_interrupt_signal(), SIGRTMIN + 3);
	leave_with_pending_signals();
}

Test(interrupt_signal, the_end_keeps_errno)
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

static void on_signal(int number)
{
	(void)number;
}

static void handle(int number, void (*handler)(int))
{
	struct sigaction action = {.sa_handler = handler};

	cr_assert_eq(sigaction(number, &action, NULL), 0);
}

Test(interrupt_signal, a_handler_of_the_programs_is_left_alone)
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

Test(interrupt_signal, a_handler_that_was_replaced_later_is_noticed)
{
	weir_token *token = token_make(NULL);
	weir_interrupt scope;
	int fds[2];

	interrupt_pipe(fds);
	cr_assert_eq(weir_interrupt_begin(&scope, token), 0);
	weir_interrupt_end(&scope);
	handle(SIGURG, on_signal);
	cr_assert_eq(weir_interrupt_begin(&scope, token), -EBUSY);
	handle(SIGURG, SIG_IGN); /* nobody's, so it is taken again */
	cr_assert_eq(weir_interrupt_begin(&scope, token), 0);
	token_trip(token);
	cr_assert_eq(interrupt_read(fds), -EINTR);
	weir_interrupt_end(&scope);
	weir_token_unref(token);
}

Test(interrupt_signal, only_signals_that_can_be_caught_can_be_chosen)
{
	static const int bad[] = {-1, 0, SIGKILL, SIGSTOP, SIGSEGV, SIGBUS, 32, 33, 1000};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_assert_eq(weir_interrupt_use_signal(bad[i]), -EINVAL, "%d", bad[i]);
	cr_assert_eq(weir_interrupt_use_signal(SIGRTMAX + 1), -EINVAL);
	cr_assert_eq(weir_interrupt_signal(), SIGURG);
	cr_assert_eq(weir_interrupt_use_signal(SIGRTMAX), 0);
	cr_assert_eq(weir_interrupt_use_signal(SIGURG), 0);
}
