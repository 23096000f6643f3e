/* cancel/token.c: the descriptor of a token, for poll loops. */
#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>

#include <weir/token.h>

#include "support/must.h"
#include "support/token.h"
#include "unit/threads.h"

TestSuite(fd, .timeout = 60);

static bool readable(int fd, int timeout)
{
	struct pollfd entry = {.fd = fd, .events = POLLIN};
	int n = poll(&entry, 1, timeout);

	must(n >= 0, "poll: errno %d", errno);
	must(n == 0 || entry.revents == POLLIN, "revents %#x", (unsigned)entry.revents);
	return n == 1;
}

Test(fd, is_readable_once_the_token_is_tripped_and_stays_so)
{
	weir_token *token = token_make(NULL);
	int fd = weir_token_fd(token);

	cr_assert_geq(fd, 0);
	cr_assert_not(readable(fd, 0));
	cr_assert(weir_token_cancel(token, WEIR_REASON_REQUESTED, NULL));
	cr_assert(readable(fd, 0));
	cr_assert(readable(fd, 0));
	weir_token_unref(token);
}

Test(fd, is_made_once)
{
	weir_token *token = token_make(NULL);
	int fd = weir_token_fd(token);

	cr_assert_eq(weir_token_fd(token), fd);
	cr_assert(weir_token_cancel(token, WEIR_REASON_REQUESTED, NULL));
	cr_assert_eq(weir_token_fd(token), fd);
	weir_token_unref(token);
}

Test(fd, of_a_tripped_token_is_readable_from_the_start)
{
	weir_token *parent = token_make(NULL), *child;

	cr_assert(weir_token_cancel(parent, WEIR_REASON_REQUESTED, NULL));
	child = token_make(parent);
	cr_assert(readable(weir_token_fd(parent), 0));
	cr_assert(readable(weir_token_fd(child), 0));
	weir_token_unref(parent);
	weir_token_unref(child);
}

Test(fd, of_a_descendant_becomes_readable_with_the_root)
{
	weir_token *root = token_make(NULL), *child = token_make(root),
		   *grandchild = token_make(child);
	int fd = weir_token_fd(grandchild);

	cr_assert(weir_token_cancel(root, WEIR_REASON_REQUESTED, NULL));
	cr_assert(readable(fd, 0));
	weir_token_unref(root);
	weir_token_unref(child);
	weir_token_unref(grandchild);
}

static void await_readable(void *arg)
{
	must(readable(*(int *)arg, must_poll_timeout(weir_after(MUST_PATIENCE))), "not woken");
}

Test(fd, ends_a_poll_on_another_thread)
{
	weir_token *token = token_make(NULL);
	int fd = weir_token_fd(token);
	struct thread thread;

	thread_start(&thread, await_readable, &fd);
	thread_await_waiting(&thread);
	cr_assert(weir_token_cancel(token, WEIR_REASON_REQUESTED, NULL));
	thread_join(&thread);
	weir_token_unref(token);
}

Test(fd, is_not_inherited_does_not_block_and_goes_with_the_token)
{
	weir_token *token = token_make(NULL);
	int fd = weir_token_fd(token);

	cr_assert(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	cr_assert(fcntl(fd, F_GETFL) & O_NONBLOCK);
	weir_token_unref(token);
	cr_assert_eq(fcntl(fd, F_GETFD), -1);
	cr_assert_eq(errno, EBADF);
}

Test(fd, says_when_there_are_no_descriptors_left_and_works_later)
{
	weir_token *token = token_make(NULL);
	struct rlimit limit, none;

	cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = limit;
	none.rlim_cur = 0;
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	cr_assert_eq(weir_token_fd(token), -EMFILE);
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	cr_assert(weir_token_cancel(token, WEIR_REASON_REQUESTED, NULL));
	cr_assert(readable(weir_token_fd(token), 0));
	weir_token_unref(token);
}
