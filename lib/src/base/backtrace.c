/* backtrace.c: see backtrace.h.
 *
 * Who asks                             the thread that is asked
 *	asked + 1, signal  ------------>     (signal handler) walks, writes `frames`
 *	reads `frames`     <-- answered ---  answered = asked, futex wake
 *
 * Each question has a number, so an answer to one that was given up is not taken for an answer to
 * the next. A thread with an unanswered question is not sent another signal: real-time signals
 * queue up, and its handler looks at `asked` once more after it has answered ("store, then look"
 * on both sides, sequentially consistent), so the next question is not lost either.
 *
 * The handler. It calls _Unwind_Backtrace() (libgcc), which reads the stack and the program's
 * unwind tables. With glibc 2.35 or newer and GCC 12 or newer the tables are found by
 * _dl_find_object(), which takes no lock and is async-signal-safe (the GNU C Library Reference
 * Manual, "Dynamic Linker Introspection"; libgcc/unwind-dw2-fde-dip.c). Older ones go through
 * dl_iterate_phdr(3), whose lock is recursive: a thread that is asked inside dlopen(3) passes, but
 * one that throws a C++ exception at that moment could find libgcc's cache of tables half written.
 * The walk is done once when the signal is set up, so that nothing is left to be set up, loaded or
 * bound lazily in the handler.
 *
 * `own` is of the TLS model initial-exec, because the other one may allocate at the first access,
 * which in a thread that the library does not know could be here.
 *
 * An address is that of the instruction behind a call. The innermost frame made no call: its
 * address is that of its next instruction plus one. So one less is in the right line always.
 *
 * Under ThreadSanitizer a signal waits until its thread makes a call that the sanitizer sees: a
 * thread in an endless loop does not answer, and a stack begins in the sanitizer.
 *
 * Locks: `setup` guards choice and installation; `asking` is held for the length of a question
 * and its answers; `sending`, innermost, for the sending of one signal: whoever holds it and
 * finds `thread` set knows that the thread is alive. The handler takes none.
 */
#include "base/backtrace.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <unwind.h>

#include "base/futex.h"
#include "base/overflow.h"
#include "base/thread.h"

/* Frames of the handler itself, and of a sanitizer's, before those that are asked for. */
#define MOST_OVERHEAD 64

#define DEFAULT_SIGNAL (SIGRTMIN + 5)

static struct {
	pthread_mutex_t lock;
	int chosen;        /* under the lock; 0: the default */
	atomic_int number; /* set once, with the handler installed; 0: nobody can be asked */
	bool tried;        /* under the lock: the choice is made */
} setup = {.lock = PTHREAD_MUTEX_INITIALIZER};

static pthread_mutex_t asking = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t sending = PTHREAD_MUTEX_INITIALIZER;

/* The thread that this is. */
static _Thread_local struct weir__traced *own __attribute__((tls_model("initial-exec")));

struct walk {
	struct weir__frames *frames;
	unsigned steps;
	bool interrupted; /* has come to what the signal has interrupted */
};

static _Unwind_Reason_Code step(struct _Unwind_Context *context, void *arg)
{
	struct walk *walk = arg;
	struct weir__frames *frames = walk->frames;
	int exact = 0;
	uintptr_t address = _Unwind_GetIPInfo(context, &exact);

	/* What a signal interrupted is known to the unwinder as a frame without a call: all before
	 * it was the handler. */
	if (exact && !walk->interrupted) {
		walk->interrupted = true;
		frames->count = 0;
	}
	if (frames->count < WEIR_STACK_MAX && address)
		frames->at[frames->count++] = exact ? address + 1 : address;
	if (frames->count == WEIR_STACK_MAX && walk->interrupted)
		return _URC_END_OF_STACK;
	return ++walk->steps < WEIR_STACK_MAX + MOST_OVERHEAD ? _URC_NO_REASON : _URC_END_OF_STACK;
}

static void walk(struct weir__frames *frames)
{
	struct walk walk = {.frames = frames};

	frames->count = 0;
	(void)_Unwind_Backtrace(step, &walk);
}

/* On the thread itself, in the handler. A signal that nobody of here has sent finds nothing to
 * answer. */
static void answer(struct weir__traced *self)
{
	uint32_t asked;

	while ((asked = atomic_load_explicit(&self->asked, memory_order_seq_cst)) !=
	       atomic_load_explicit(&self->answered, memory_order_relaxed)) {
		self->of = atomic_load_explicit(&self->subject, memory_order_relaxed);
		walk(&self->frames);
		atomic_store_explicit(&self->answered, asked, memory_order_seq_cst);
		weir__futex_wake(&self->answered, 1);
	}
}

static void on_signal(int number)
{
	int saved = errno;

	(void)number;
	if (own)
		answer(own);
	errno = saved;
}

static bool is_ours(int number)
{
	struct sigaction action;

	return sigaction(number, NULL, &action) == 0 && action.sa_handler == on_signal;
}

static int install(int number)
{
	struct sigaction action;

	if (sigaction(number, NULL, &action))
		return -errno;
	if (action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN)
		return -EBUSY;
	memset(&action, 0, sizeof(action));
	(void)sigemptyset(&action.sa_mask);
	action.sa_flags = SA_RESTART | SA_ONSTACK;
	action.sa_handler = on_signal;
	return sigaction(number, &action, NULL) ? -errno : 0;
}

static int set_up_locked(void)
{
	int number = setup.chosen ? setup.chosen : DEFAULT_SIGNAL;
	struct weir__frames first;
	int error;

	setup.tried = true;
	if (atomic_load_explicit(&setup.number, memory_order_relaxed))
		return 0;
	error = install(number);
	if (error)
		return error;
	walk(&first); /* see above */
	atomic_store_explicit(&setup.number, number, memory_order_release);
	return 0;
}

int weir__backtrace_open(void)
{
	int error;

	(void)pthread_mutex_lock(&setup.lock);
	error = set_up_locked();
	(void)pthread_mutex_unlock(&setup.lock);
	return error;
}

int weir__backtrace_use_signal(int number)
{
	int error = 0;

	if (!weir__thread_may_use_signal(number))
		return -EINVAL;
	(void)pthread_mutex_lock(&setup.lock);
	if (setup.tried)
		error = -EBUSY;
	else
		setup.chosen = number;
	(void)pthread_mutex_unlock(&setup.lock);
	return error;
}

/* 0: nobody can be asked. */
static int signal_number(void)
{
	return atomic_load_explicit(&setup.number, memory_order_acquire);
}

struct weir__traced *weir__traced_create(void)
{
	struct weir__traced *traced = calloc(1, sizeof(*traced));

	if (traced)
		atomic_init(&traced->references, 1);
	return traced;
}

struct weir__traced *weir__traced_ref(struct weir__traced *traced)
{
	(void)atomic_fetch_add_explicit(&traced->references, 1, memory_order_relaxed);
	return traced;
}

void weir__traced_unref(struct weir__traced *traced)
{
	if (traced && atomic_fetch_sub_explicit(&traced->references, 1, memory_order_acq_rel) == 1)
		free(traced);
}

static void mask(int how)
{
	sigset_t ours;

	if (!signal_number())
		return;
	(void)sigemptyset(&ours);
	(void)sigaddset(&ours, signal_number());
	(void)pthread_sigmask(how, &ours, NULL);
}

void weir__traced_enter(struct weir__traced *traced)
{
	own = traced;
	weir__overflow_enter();
	(void)pthread_mutex_lock(&sending);
	traced->thread = gettid();
	(void)pthread_mutex_unlock(&sending);
	mask(SIG_UNBLOCK);
}

void weir__traced_leave(struct weir__traced *traced)
{
	uint32_t asked;

	mask(SIG_BLOCK); /* the handler does not run any more */
	weir__overflow_leave();
	(void)pthread_mutex_lock(&sending);
	traced->thread = 0;
	(void)pthread_mutex_unlock(&sending);
	own = NULL;
	asked = atomic_load_explicit(&traced->asked, memory_order_relaxed);
	if (asked == atomic_load_explicit(&traced->answered, memory_order_relaxed))
		return;
	traced->of = NULL; /* who waits for an answer need not wait for long */
	traced->frames.count = 0;
	atomic_store_explicit(&traced->answered, asked, memory_order_release);
	weir__futex_wake(&traced->answered, 1);
}

/* Under `asking`. */
static void send_locked(struct weir__backtrace *trace, int number)
{
	struct weir__traced *traced = trace->traced;
	uint32_t before = atomic_load_explicit(&traced->asked, memory_order_relaxed);

	(void)pthread_mutex_lock(&sending);
	if (traced->thread) {
		trace->sent = true;
		trace->question = before + 1;
		atomic_store_explicit(&traced->asked, trace->question, memory_order_seq_cst);
		/* Otherwise the last signal is still to be taken, or is being taken. If none can
		 * be sent (RLIMIT_SIGPENDING), there is no answer to be waited for. */
		if (atomic_load_explicit(&traced->answered, memory_order_seq_cst) == before &&
		    tgkill(getpid(), traced->thread, number)) {
			trace->sent = false;
			trace->answer = WEIR__BACKTRACE_SILENT;
			(void)atomic_compare_exchange_strong(&traced->answered, &before,
							     trace->question);
		}
	}
	(void)pthread_mutex_unlock(&sending);
}

static bool await(const struct weir__backtrace *trace, weir_time until)
{
	_Atomic uint32_t *answered = &trace->traced->answered;
	int late = 0;

	for (;;) {
		uint32_t seen = atomic_load_explicit(answered, memory_order_acquire);

		if (seen == trace->question || late)
			return seen == trace->question;
		late = weir__futex_wait(answered, seen, until);
	}
}

static enum weir__backtrace_answer judge(struct weir__backtrace *trace, weir_time until)
{
	const struct weir__traced *traced = trace->traced;

	if (!await(trace, until))
		return atomic_load_explicit(&traced->subject, memory_order_relaxed) ==
				       trace->subject
			       ? WEIR__BACKTRACE_SILENT
			       : WEIR__BACKTRACE_NONE;
	if (traced->of != trace->subject)
		return WEIR__BACKTRACE_NONE;
	trace->frames = traced->frames;
	return trace->frames.count > 0 ? WEIR__BACKTRACE_TOLD : WEIR__BACKTRACE_SILENT;
}

/* A thread that is named twice is asked once: it is at work on one of the two at most, and went on
 * from one to the other just now. */
void weir__backtrace_ask(struct weir__backtrace *traces, size_t count, weir_time until)
{
	static uint64_t round; /* under the lock */
	int number = signal_number();
	size_t i;

	(void)pthread_mutex_lock(&asking);
	if (number && !is_ours(number))
		number = 0;
	round++;
	for (i = 0; i < count; i++) {
		struct weir__backtrace *trace = &traces[i];

		trace->sent = false;
		trace->answer = WEIR__BACKTRACE_NONE;
		if (!trace->traced || trace->traced->round == round)
			continue;
		trace->traced->round = round;
		if (number)
			send_locked(trace, number);
		else
			trace->answer = WEIR__BACKTRACE_SILENT;
	}
	for (i = 0; i < count; i++)
		if (traces[i].sent)
			traces[i].answer = judge(&traces[i], until);
	(void)pthread_mutex_unlock(&asking);
}
