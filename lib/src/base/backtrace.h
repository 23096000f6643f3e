/* backtrace.h: where another thread is.
 *
 * A thread that is to be asked enters with a `struct weir__traced`, and leaves before it ends.
 * Who asks sends it a signal; its handler walks the thread's own stack and writes the frames into
 * that struct, which therefore outlives the thread: an answer that comes too late for who asked
 * is written into memory that is still there. Threads that have left are never sent a signal.
 *
 * What costs something is only the asking. A thread that nobody asks pays for one store when it
 * begins to work on something and one when it has done.
 */
#ifndef WEIR_BASE_BACKTRACE_H
#define WEIR_BASE_BACKTRACE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <weir/stack.h>
#include <weir/time.h>

struct weir__frames {
	uintptr_t at[WEIR_STACK_MAX]; /* return addresses, the innermost first: see backtrace.c */
	unsigned count;
};

struct weir__traced {
	_Atomic unsigned references;
	_Atomic(const void *) subject; /* what the thread works on; NULL: nothing */

	pid_t thread;   /* under the lock `sending`; 0: it has not entered, or has left */
	uint64_t round; /* under the lock `asking`: the last call that asked it */

	_Atomic uint32_t asked;    /* counts questions; changed under the lock `asking` */
	_Atomic uint32_t answered; /* the last question that was answered; a futex */
	/* the thread's, from a new value of `asked` to the same one of `answered` */
	const void *of; /* its subject at that moment */
	struct weir__frames frames;
};

/* Chooses the signal. 0, -EINVAL, -EBUSY after the first weir__backtrace_open(). */
int weir__backtrace_use_signal(int number);

/* Makes asking possible: installs the handler. Any number of times, any thread. 0, or -EBUSY if
 * the program handles that signal itself: then nobody is ever sent one, and none answers. */
int weir__backtrace_open(void);

/* NULL when memory is short. The caller has a reference. */
struct weir__traced *weir__traced_create(void);
struct weir__traced *weir__traced_ref(struct weir__traced *traced);
/* NULL is ignored. */
void weir__traced_unref(struct weir__traced *traced);

/* On the thread that is to be asked, which unblocks the signal; somebody has a reference until the
 * thread has ended. */
void weir__traced_enter(struct weir__traced *traced);
/* On the same thread: from here on it is not sent the signal, which stays blocked. */
void weir__traced_leave(struct weir__traced *traced);

/* On the thread itself: what it works on from now on. Not looked into. */
static inline void weir__traced_work_on(struct weir__traced *traced, const void *subject)
{
	atomic_store_explicit(&traced->subject, subject, memory_order_relaxed);
}

enum weir__backtrace_answer {
	WEIR__BACKTRACE_NONE,   /* no thread, or it is not, or not any more, at work on that */
	WEIR__BACKTRACE_SILENT, /* it did not answer in time */
	WEIR__BACKTRACE_TOLD
};

struct weir__backtrace {
	struct weir__traced *traced; /* who; NULL: nobody */
	const void *subject;         /* told only if this is what it works on */

	/* filled in */
	enum weir__backtrace_answer answer;
	struct weir__frames frames; /* TOLD only */

	/* of the asking */
	bool sent;
	uint32_t question;
};

/* Asks all of them at once, and waits until all have answered, or `until`. One asks at a time; who
 * comes meanwhile waits for that. Any thread, one of those that are asked included. */
void weir__backtrace_ask(struct weir__backtrace *traces, size_t count, weir_time until);

#endif
