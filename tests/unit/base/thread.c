/* base/thread.c: how the library's threads look from outside. */
#include <criterion/criterion.h>

#include <errno.h>
#include <signal.h>

#include "base/thread.h"
#include "support/gate.h"
#include "unit/faults.h"

TestSuite(thread, .timeout = 60);

struct portrait {
	struct gate gate;
	sigset_t mask;
	size_t stack;
	int error;
};

static void *sit(void *arg)
{
	struct portrait *portrait = arg;
	pthread_attr_t attributes;

	portrait->error = pthread_sigmask(SIG_SETMASK, NULL, &portrait->mask);
	if (!portrait->error)
		portrait->error = pthread_getattr_np(pthread_self(), &attributes);
	if (!portrait->error) {
		portrait->error = pthread_attr_getstacksize(&attributes, &portrait->stack);
		(void)pthread_attr_destroy(&attributes);
	}
	if (!portrait->error)
		portrait->error = gate_pass(&portrait->gate);
	return arg;
}

Test(thread, blocks_all_signals_but_its_own_faults)
{
	struct portrait portrait = {.error = 0};
	sigset_t before, after;
	pthread_t thread;

	gate_init(&portrait.gate);
	gate_open(&portrait.gate, 1);
	cr_assert_eq(pthread_sigmask(SIG_SETMASK, NULL, &before), 0);
	cr_assert_eq(weir__thread_start(&thread, "sitter", 0, sit, &portrait), 0);
	cr_assert_eq(pthread_join(thread, NULL), 0);
	cr_assert_eq(portrait.error, 0);
	cr_assert_eq(sigismember(&portrait.mask, SIGTERM), 1);
	cr_assert_eq(sigismember(&portrait.mask, SIGINT), 1);
	cr_assert_eq(sigismember(&portrait.mask, SIGUSR1), 1);
	cr_assert_eq(sigismember(&portrait.mask, SIGPIPE), 1);
	cr_assert_eq(sigismember(&portrait.mask, SIGSEGV), 0);
	cr_assert_eq(sigismember(&portrait.mask, SIGABRT), 0);
	cr_assert_eq(sigismember(&portrait.mask, SIGBUS), 0);
	cr_assert_eq(pthread_sigmask(SIG_SETMASK, NULL, &after), 0);
	for (int signal = 1; signal < 32; signal++)
		cr_assert_eq(sigismember(&before, signal), sigismember(&after, signal));
}

Test(thread, has_a_name_that_is_cut_and_the_stack_that_was_asked_for)
{
	struct portrait portrait = {.error = 0};
	size_t stack = (size_t)512 * 1024;
	pthread_t thread;
	char name[16];

	gate_init(&portrait.gate);
	cr_assert_eq(weir__thread_start(&thread, "a-name-far-too-long", stack, sit, &portrait), 0);
	gate_await(&portrait.gate, 1);
	cr_assert_eq(pthread_getname_np(thread, name, sizeof(name)), 0);
	cr_assert_str_eq(name, "a-name-far-too-");
	cr_assert_geq(portrait.stack, stack);
	cr_assert_leq(portrait.stack, stack + (size_t)64 * 1024);
	gate_open(&portrait.gate, 1);
	cr_assert_eq(pthread_join(thread, NULL), 0);
	cr_assert_eq(portrait.error, 0);
}

Test(thread, says_why_it_could_not_start)
{
	struct portrait portrait = {.error = 0};
	sigset_t before, after;
	pthread_t thread;

	cr_assert_eq(pthread_sigmask(SIG_SETMASK, NULL, &before), 0);
	fault_set(FAULT_THREAD, 0);
	cr_assert_eq(weir__thread_start(&thread, "none", 0, sit, &portrait), -EAGAIN);
	cr_assert_eq(weir__thread_start(&thread, "none", 1, sit, &portrait), -EINVAL);
	cr_assert_eq(pthread_sigmask(SIG_SETMASK, NULL, &after), 0);
	cr_assert_eq(sigismember(&before, SIGTERM), sigismember(&after, SIGTERM));
}
