/* thread.c: see thread.h. */
#include "base/thread.h"

#include <signal.h>
#include <stdio.h>

static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS};

bool weir__thread_may_use_signal(int number)
{
	size_t i;

	/* Between the standard signals and SIGRTMIN are those that glibc keeps for itself. */
	if (number < 1 || number > SIGRTMAX || (number >= 32 && number < SIGRTMIN) ||
	    number == SIGKILL || number == SIGSTOP)
		return false;
	for (i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		if (number == faults[i])
			return false;
	return true;
}

static void block_signals(sigset_t *before)
{
	sigset_t mask;
	size_t i;

	(void)sigfillset(&mask);
	for (i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		(void)sigdelset(&mask, faults[i]);
	(void)pthread_sigmask(SIG_SETMASK, &mask, before);
}

int weir__thread_start(pthread_t *thread, const char *name, size_t stack, void *(*fn)(void *arg),
		       void *arg)
{
	pthread_attr_t attributes;
	sigset_t before;
	char cut[16];
	int error;

	error = pthread_attr_init(&attributes);
	if (error)
		return -error;
	if (stack)
		error = pthread_attr_setstacksize(&attributes, stack);
	if (!error) {
		block_signals(&before);
		error = pthread_create(thread, &attributes, fn, arg);
		(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	}
	(void)pthread_attr_destroy(&attributes);
	if (error)
		return -error;
	if (name) {
		(void)snprintf(cut, sizeof(cut), "%s", name);
		(void)pthread_setname_np(*thread, cut); /* a name is a courtesy */
	}
	return 0;
}
