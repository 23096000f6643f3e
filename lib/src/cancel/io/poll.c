/* poll.c: waiting for descriptors beside a token, until an absolute time.
 *
 * ppoll(2) takes a relative time, so what is left is computed anew for each call of it, and
 * the clock has the last word on whether the time has come: a signal handler that
 * interrupts does not make the wait longer.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "cancel/io/io.h"
#include "cancel/token.h"

/* So many descriptors and the token's are polled from the stack. */
enum { ON_STACK = 15 };

int weir__io_check(const struct weir__io_call *call)
{
	if (weir_token_check_at(call->token, call->name) != 0)
		return -ECANCELED;
	return call->until != WEIR_NEVER && weir_now() >= call->until ? -ETIMEDOUT : 0;
}

/* How many are ready (> 0), or -errno. */
static int poll_until(struct pollfd *fds, nfds_t count, weir_time until)
{
	for (;;) {
		struct timespec left, *timeout = NULL;
		weir_time now;
		int ready;

		if (until != WEIR_NEVER) {
			now = weir_now();
			left.tv_sec = until > now ? (time_t)((until - now) / WEIR_SECOND) : 0;
			left.tv_nsec = until > now ? (long)((until - now) % WEIR_SECOND) : 0;
			timeout = &left;
		}
		ready = ppoll(fds, count, timeout, NULL);
		if (ready > 0)
			return ready;
		if (ready < 0 && errno != EINTR)
			return -errno;
		if (until != WEIR_NEVER && weir_now() >= until)
			return -ETIMEDOUT;
	}
}

/* The same beside the token, for whose descriptor fds[count] is free. */
static int poll_beside(const struct weir__io_call *call, struct pollfd *fds, nfds_t count)
{
	int ready;

	if (!call->token)
		return poll_until(fds, count, call->until);
	fds[count] = (struct pollfd){.fd = weir_token_fd(call->token), .events = POLLIN};
	if (fds[count].fd < 0)
		return fds[count].fd;
	weir__token_wait_begin(call->token, call->name);
	ready = poll_until(fds, count + 1, call->until);
	weir__token_wait_end(call->token);
	/* The trip comes before its descriptor is made readable, so a token that reads as live
	 * was not among the ready ones. */
	return weir__token_tripped(call->token) ? -ECANCELED : ready;
}

int weir__io_wait(const struct weir__io_call *call, int fd, short events)
{
	struct pollfd fds[2] = {{.fd = fd, .events = events}};
	int ready = poll_beside(call, fds, 1);

	return ready < 0 ? ready : 0;
}

/* What is ready now: how many, 0 for none, or -errno. */
static int poll_now(struct pollfd *fds, nfds_t count)
{
	const struct timespec none = {0};
	int ready;

	do
		ready = ppoll(fds, count, &none, NULL);
	while (ready < 0 && errno == EINTR);
	return ready < 0 ? -errno : ready;
}

int weir__io_await(const struct weir__io_call *call, int fd, short events)
{
	struct pollfd entry = {.fd = fd, .events = events};
	int ready = call->token ? poll_now(&entry, 1) : 0;

	if (ready)
		return ready < 0 ? ready : 0;
	return weir__io_wait(call, fd, events);
}

/* Waits on a copy of `fds` that has room for one more. */
static int poll_copied(const struct weir__io_call *call, struct pollfd *fds, nfds_t count)
{
	struct pollfd some[ON_STACK + 1], *copy = some;
	int ready;

	if (count > ON_STACK) {
		copy = malloc((count + 1) * sizeof(*copy));
		if (!copy)
			return -ENOMEM;
	}
	if (count > 0)
		memcpy(copy, fds, count * sizeof(*copy));
	ready = poll_beside(call, copy, count);
	if (ready > 0)
		memcpy(fds, copy, count * sizeof(*copy));
	if (copy != some)
		free(copy);
	return ready;
}

/* poll(2) takes as many entries as the process may have descriptors; one is the token's.
 * That also bounds the copy. */
static int check_count(const weir_token *token, const struct pollfd *fds, nfds_t count)
{
	struct rlimit limit;

	if (!fds && count > 0)
		return -EINVAL;
	if (count <= ON_STACK)
		return 0;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return -errno;
	return count > limit.rlim_cur - (token && limit.rlim_cur > 0) ? -EINVAL : 0;
}

int weir_poll(weir_token *token, struct pollfd *fds, nfds_t count, weir_time until)
{
	const struct weir__io_call call = {token, until, "weir_poll()"};
	int error = weir__io_check(&call);
	int ready;

	if (!error)
		error = check_count(token, fds, count);
	if (error)
		return error;
	if (!token)
		return poll_until(fds, count, until);
	ready = count > 0 ? poll_now(fds, count) : 0;
	return ready ? ready : poll_copied(&call, fds, count);
}
