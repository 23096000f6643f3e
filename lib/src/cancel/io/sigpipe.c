/* sigpipe.c: see sigpipe.h. */
#include "cancel/io/sigpipe.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>

static void only_sigpipe(sigset_t *set)
{
	(void)sigemptyset(set);
	(void)sigaddset(set, SIGPIPE);
}

void weir__sigpipe_hold(struct weir__sigpipe *held)
{
	sigset_t mask, before, pending;

	(void)sigemptyset(&before);
	(void)sigemptyset(&pending);
	(void)sigpending(&pending);
	held->pending = sigismember(&pending, SIGPIPE) == 1;
	only_sigpipe(&mask);
	(void)pthread_sigmask(SIG_BLOCK, &mask, &before);
	held->blocked = sigismember(&before, SIGPIPE) == 1;
}

void weir__sigpipe_release(const struct weir__sigpipe *held, bool broken)
{
	const struct timespec none = {0};
	int saved = errno;
	sigset_t mask;

	only_sigpipe(&mask);
	if (broken && !held->pending)
		while (sigtimedwait(&mask, NULL, &none) < 0 && errno == EINTR)
			;
	if (!held->blocked)
		(void)pthread_sigmask(SIG_UNBLOCK, &mask, NULL);
	errno = saved;
}
