/* unit/cancel/interrupt_support.c: see interrupt_support.h. */
#include "unit/cancel/interrupt_support.h"

#include <errno.h>
#include <fcntl.h>
#include <semaphore.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "support/must.h"

static bool in_set(const sigset_t *set)
{
	return sigismember(set, weir_interrupt_signal()) == 1;
}

bool interrupt_is_pending(void)
{
	sigset_t set;

	must(sigpending(&set) == 0, "sigpending: %d", errno);
	return in_set(&set);
}

bool interrupt_is_blocked(void)
{
	sigset_t set;

	must(pthread_sigmask(SIG_BLOCK, NULL, &set) == 0, "pthread_sigmask");
	return in_set(&set);
}

void interrupt_set_blocked(bool blocked)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, weir_interrupt_signal());
	must(pthread_sigmask(blocked ? SIG_BLOCK : SIG_UNBLOCK, &set, NULL) == 0, "mask");
}

int interrupt_wait(void)
{
	weir_time until = weir_after(INTERRUPT_LONG_ENOUGH);
	struct timespec at = {.tv_sec = until / WEIR_SECOND, .tv_nsec = until % WEIR_SECOND};
	sem_t semaphore;

	must(sem_init(&semaphore, 0, 0) == 0, "sem_init: %d", errno);
	return sem_clockwait(&semaphore, CLOCK_MONOTONIC, &at) ? -errno : 0;
}

void interrupt_pipe(int *fds)
{
	must(pipe2(fds, O_CLOEXEC) == 0, "pipe2: %d", errno);
}

int interrupt_read(void *arg)
{
	const int *fds = arg;
	char byte;

	return read(fds[0], &byte, 1) < 0 ? -errno : 0;
}
