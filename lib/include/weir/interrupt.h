/* weir/interrupt.h: ends system calls that only a signal can end.
 *
 * flock(2), open(2) of a FIFO, sem_wait(3), read(2) inside somebody else's library: they
 * have no descriptor to poll and no token to pass. Between weir_interrupt_begin() and
 * weir_interrupt_end(), a trip of the token sends the thread a signal whose handler does
 * nothing, so that the call returns with EINTR (signal(7), "Interruption of system calls");
 * and because the signal may come just before the call is entered, it is sent again and
 * again until the scope is left: after 0.1 ms first, then ever less often, at least every
 * 10 ms.
 *
 *	weir_interrupt scope;
 *
 *	error = weir_interrupt_begin(&scope, token);
 *	if (error)
 *		return error;
 *	while ((error = flock(fd, LOCK_EX) ? -errno : 0) == -EINTR && !weir_token_check(token))
 *		;
 *	weir_interrupt_end(&scope);
 *	return error == -EINTR ? -ECANCELED : error;
 *
 * The call may still succeed after a trip: look at its result first, as above, and do not
 * lose what it gave. Inside the scope every interruptible call may fail with EINTR once the
 * token is tripped: keep it small, and do not call libraries that take EINTR for a failure
 * and leave things half done, or that simply try again. Calls that glibc restarts by itself
 * (pthread_mutex_lock(3), pthread_cond_wait(3), pthread_join(3)) do not end: see weir/sync.h
 * for the first two. Out of reach is what the kernel does not interrupt (a hard NFS mount, a
 * disk that does not answer: state D): such a handler becomes a straggler and is reported.
 *
 * The signal is SIGURG unless weir_interrupt_use_signal() says otherwise: its default is to
 * be ignored, and hardly anything uses it. The handler is installed by the first scope, without
 * SA_RESTART. A program that has a handler of its own for it must choose another signal.
 * Whatever the thread's mask was, the signal is unblocked in the scope and as before after it.
 * After fork(2) the child has no scope, until exec(2).
 */
#ifndef WEIR_INTERRUPT_H
#define WEIR_INTERRUPT_H

#include <weir/token.h>
#include <weir/visibility.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A scope; on the stack of the thread that uses it. Do not look at the fields. */
typedef struct weir_interrupt {
	weir_token_callback weir__callback;
	union {
		void *weir__align;
		unsigned char weir__room[128];
	} weir__inside;
} weir_interrupt;

/** Enters a scope. Scopes of one thread may be nested; they end in reverse order. Returns
 *  0; -ECANCELED if the token is tripped; -EBUSY if the program has a handler of its own for
 *  the signal; -EAGAIN or -ENOMEM if the timer thread could not be started. After an error
 *  there is no scope to end. The token is borrowed until the end of the scope; with NULL
 *  the scope does nothing. Allocates nothing but with the first scope of the process.
 *  Not in callbacks of a deadline, which must not block anyway: they run on the thread that
 *  repeats the signal. */
WEIR_API int weir_interrupt_begin(weir_interrupt *scope, weir_token *token);

/** Leaves it, on the thread that entered it: when this returns, no more signals come from
 *  it, and none is left pending. errno is kept. */
WEIR_API void weir_interrupt_end(weir_interrupt *scope);

/** Chooses the signal for the whole process, before the first scope. Not a signal that the
 *  program or weir_server_run() waits for. Returns 0, -EINVAL (it cannot be caught, or tells
 *  of a fault), -EBUSY (scopes have been used already). Any thread. */
WEIR_API int weir_interrupt_use_signal(int signal_number);

/** The signal in use. Any thread. */
WEIR_API int weir_interrupt_signal(void);

#ifdef __cplusplus
}
#endif

#endif
