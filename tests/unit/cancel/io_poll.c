/* cancel/io/poll.c: weir_poll() with several descriptors. */
#include <criterion/criterion.h>

#include <errno.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "support/must.h"
#include "support/token.h"
#include "unit/cancel/io_ops.h"
#include "unit/faults.h"

TestSuite(io_poll, .timeout = 60);

enum { MANY = 40 };

/* More than weir_poll() has room for on its stack. */
struct many {
	weir_token *token;
	struct pollfd fds[MANY];
	int result;
};

static void many_open(struct many *many)
{
	many->token = token_make(NULL);
	for (int i = 0; i < MANY; i++) {
		many->fds[i] = (struct pollfd){.fd = eventfd(0, EFD_CLOEXEC), .events = POLLIN};
		cr_assert_geq(many->fds[i].fd, 0);
	}
}

static void many_close(struct many *many)
{
	for (int i = 0; i < MANY; i++)
		(void)close(many->fds[i].fd);
	weir_token_unref(many->token);
}

static void many_poll(void *arg)
{
	struct many *many = arg;

	many->result = weir_poll(many->token, many->fds, MANY, weir_after(MUST_PATIENCE));
}

Test(io_poll, says_which_of_many_are_ready_now)
{
	struct many many;

	many_open(&many);
	cr_assert_eq(eventfd_write(many.fds[3].fd, 1), 0);
	cr_assert_eq(eventfd_write(many.fds[MANY - 1].fd, 1), 0);
	many_poll(&many);
	cr_assert_eq(many.result, 2);
	for (int i = 0; i < MANY; i++)
		cr_assert_eq(many.fds[i].revents, i == 3 || i == MANY - 1 ? POLLIN : 0);
	many_close(&many);
}

Test(io_poll, says_which_of_many_has_become_ready)
{
	struct many many;
	struct thread thread;

	many_open(&many);
	thread_start(&thread, many_poll, &many);
	io_await_in(&thread, SYS_ppoll);
	cr_assert_eq(eventfd_write(many.fds[MANY - 1].fd, 1), 0);
	thread_join(&thread);
	cr_assert_eq(many.result, 1);
	for (int i = 0; i < MANY; i++)
		cr_assert_eq(many.fds[i].revents, i == MANY - 1 ? POLLIN : 0);
	many_close(&many);
}

Test(io_poll, of_many_ends_with_the_token)
{
	struct many many;
	struct thread thread;

	many_open(&many);
	thread_start(&thread, many_poll, &many);
	io_await_in(&thread, SYS_ppoll);
	cr_assert(weir_token_cancel(many.token, WEIR_REASON_REQUESTED, NULL));
	thread_join(&thread);
	cr_assert_eq(many.result, -ECANCELED);
	many_close(&many);
}

Test(io_poll, says_when_there_is_no_memory_for_many)
{
	struct many many;

	many_open(&many);
	fault_set(FAULT_MALLOC, 0);
	many_poll(&many);
	cr_assert_eq(many.result, -ENOMEM);
	cr_assert(fault_struck(FAULT_MALLOC));
	many_close(&many);
}

Test(io_poll, of_none_waits_for_the_time_or_the_token)
{
	weir_token *token = token_make(NULL);
	weir_time until = weir_after(3 * WEIR_MILLISECOND);

	cr_assert_eq(weir_poll(token, NULL, 0, until), -ETIMEDOUT);
	cr_assert_geq(weir_now(), until);
	cr_assert_eq(weir_token_set_deadline(token, weir_after(3 * WEIR_MILLISECOND)), 0);
	cr_assert_eq(weir_poll(token, NULL, 0, WEIR_NEVER), -ECANCELED);
	weir_token_unref(token);
}

Test(io_poll, passes_over_negative_ones_and_tells_of_errors)
{
	weir_token *token = token_make(NULL);
	struct pollfd fds[] = {{.fd = -1, .events = POLLIN, .revents = 77},
			       {.fd = 1 << 20, .events = POLLIN}};

	cr_assert_eq(weir_poll(token, fds, 2, weir_after(MUST_PATIENCE)), 1);
	cr_assert_eq(fds[0].revents, 0);
	cr_assert_eq(fds[1].revents, POLLNVAL);
	weir_token_unref(token);
}

Test(io_poll, refuses_more_than_the_process_may_have)
{
	weir_token *token = token_make(NULL);
	static struct pollfd fds[65];
	struct rlimit limit;

	for (int i = 0; i < 65; i++)
		fds[i].fd = -1;
	cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = 64;
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	cr_assert_eq(weir_poll(token, fds, 63, weir_after(WEIR_MILLISECOND)), -ETIMEDOUT);
	cr_assert_eq(weir_poll(token, fds, 64, WEIR_NEVER), -EINVAL);
	cr_assert_eq(weir_poll(NULL, fds, 64, weir_after(WEIR_MILLISECOND)), -ETIMEDOUT);
	cr_assert_eq(weir_poll(NULL, fds, 65, WEIR_NEVER), -EINVAL);
	cr_assert_eq(weir_poll(token, fds, (nfds_t)-1, WEIR_NEVER), -EINVAL);
	cr_assert_eq(weir_poll(token, NULL, 1, WEIR_NEVER), -EINVAL);
	weir_token_unref(token);
}
