/* interrupt.c: see weir/interrupt.h.
 *
 * States of a scope: OPEN --trip--> TRIPPED --end--> over, or straight from OPEN to over.
 * Until its token is tripped a scope is a token callback and nothing else: no lock, no timer.
 * The trip sends the first signal and puts the scope on the list of the pulse, a timer that
 * all tripped scopes share. The pulse sends to each again, with growing pauses, until the
 * scope's end takes it from the list.
 *
 * Why no trip is missed: the thread is sent signals for as long as it is in the scope, so one
 * of them comes when the call is already blocked, wherever the first ones fell.
 *
 * Why none comes late: the end removes the callback, which waits if it runs, and then leaves
 * the list under `pulse.lock`, under which all repeats are sent. Nobody is left who would
 * send; what was sent is pending at this thread, and fetched.
 *
 * Locks: `setup` guards the choice and installation of the signal. `pulse.lock` guards
 * the list and its times; the timers' lock is taken under it. Both are innermost otherwise.
 * The pulse stays in the timers' heap for good, so a trip cannot fail for want of memory.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <weir/interrupt.h>

#include "base/list.h"
#include "base/thread.h"
#include "cancel/timer.h"
#include "cancel/token.h"

#define FIRST_PAUSE (100 * WEIR_MICROSECOND)
#define LAST_PAUSE (10 * WEIR_MILLISECOND)

/* What is in the scope's room. */
struct inside {
	weir_token *token; /* fixed */
	pthread_t thread;  /* fixed */
	bool was_blocked;  /* fixed: the signal, before the scope */
	bool tripped;      /* by the callback; read after it was removed */

	/* under pulse.lock */
	struct weir__list link;
	weir_time pause, next;
};

_Static_assert(sizeof(struct inside) <= sizeof(((weir_interrupt *)0)->weir__inside),
	       "a scope has room for what is in it");

static bool hold_pulse(struct weir__timer *timer);
static void fire_pulse(struct weir__timer *timer);

static const struct weir__timer_ops pulse_ops = {hold_pulse, fire_pulse};

static struct {
	pthread_mutex_t lock;
	struct weir__list tripped; /* scopes */
	weir_time next;            /* when the timer was told to fire, WEIR_NEVER: it is idle */
	struct weir__timer timer;
} pulse = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.tripped = {&pulse.tripped, &pulse.tripped},
	.next = WEIR_NEVER,
	.timer = {.ops = &pulse_ops, .when = WEIR_NEVER, .stays = true},
};

static struct {
	pthread_mutex_t lock;
	atomic_int signal;  /* changed under the lock, and only while not in use */
	atomic_bool in_use; /* set under the lock; its release covers the timer and the signal */
} setup = {.lock = PTHREAD_MUTEX_INITIALIZER, .signal = SIGURG};

static struct inside *inside(weir_interrupt *scope)
{
	return (struct inside *)(void *)&scope->weir__inside;
}

static void on_signal(int number)
{
	(void)number; /* its coming is all there is to it */
}

/* Cannot fail while the thread is there, and it is in the scope. With a real-time signal
 * whose queue is full (RLIMIT_SIGPENDING) it may, with EAGAIN: the next one will do. */
static void send(const struct inside *scope)
{
	(void)pthread_kill(scope->thread, weir_interrupt_signal());
}

/* The pulse lives as long as the process. */
static bool hold_pulse(struct weir__timer *timer)
{
	(void)timer;
	return true;
}

static void set_pulse_locked(weir_time when)
{
	pulse.next = when;
	(void)weir__timer_arm(&pulse.timer, when); /* cannot fail: it is armed already */
}

static void fire_pulse(struct weir__timer *timer)
{
	weir_time now = weir_now(), next = WEIR_NEVER;
	struct weir__list *node;

	(void)timer;
	(void)pthread_mutex_lock(&pulse.lock);
	weir__list_each (node, &pulse.tripped) {
		struct inside *scope = weir__container(node, struct inside, link);

		if (scope->next <= now) {
			send(scope);
			scope->pause =
				scope->pause < LAST_PAUSE / 2 ? scope->pause * 2 : LAST_PAUSE;
			scope->next = now + scope->pause;
		}
		if (scope->next < next)
			next = scope->next;
	}
	set_pulse_locked(next);
	(void)pthread_mutex_unlock(&pulse.lock);
}

/* The token's callback: on whatever thread trips it, which may be the scope's own. */
static void trip(void *arg)
{
	struct inside *scope = arg;

	send(scope);
	scope->tripped = true;
	scope->pause = FIRST_PAUSE;
	scope->next = weir_after(scope->pause);
	(void)pthread_mutex_lock(&pulse.lock);
	weir__list_append(&pulse.tripped, &scope->link);
	if (scope->next < pulse.next)
		set_pulse_locked(scope->next);
	(void)pthread_mutex_unlock(&pulse.lock);
}

/* Installs the handler unless it is there. -EBUSY if another one is. */
static int install_locked(void)
{
	int number = atomic_load_explicit(&setup.signal, memory_order_relaxed);
	struct sigaction action;

	if (sigaction(number, NULL, &action))
		return -errno;
	if (action.sa_handler == on_signal)
		return 0;
	if (action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN)
		return -EBUSY;
	memset(&action, 0, sizeof(action));
	(void)sigemptyset(&action.sa_mask);
	/* Not SA_RESTART: to make calls fail is its purpose. ONSTACK is for programs whose
	 * threads run on small stacks of their own; it means nothing to the others. */
	action.sa_flags = SA_ONSTACK;
	action.sa_handler = on_signal;
	return sigaction(number, &action, NULL) ? -errno : 0;
}

static int set_up(void)
{
	int error;

	(void)pthread_mutex_lock(&setup.lock);
	error = install_locked();
	if (!error && !atomic_load_explicit(&setup.in_use, memory_order_relaxed)) {
		(void)pthread_mutex_lock(&pulse.lock);
		error = weir__timer_arm(&pulse.timer, pulse.next);
		(void)pthread_mutex_unlock(&pulse.lock);
		if (!error)
			atomic_store_explicit(&setup.in_use, true, memory_order_release);
	}
	(void)pthread_mutex_unlock(&setup.lock);
	return error;
}

/* The handler is looked at each time: a program that replaced it meanwhile would otherwise
 * have scopes that end nothing, without being told. */
static bool is_set_up(void)
{
	struct sigaction action;

	return atomic_load_explicit(&setup.in_use, memory_order_acquire) &&
	       sigaction(weir_interrupt_signal(), NULL, &action) == 0 &&
	       action.sa_handler == on_signal;
}

static void only_the_signal(sigset_t *set)
{
	(void)sigemptyset(set);
	(void)sigaddset(set, weir_interrupt_signal());
}

int weir_interrupt_begin(weir_interrupt *scope, weir_token *token)
{
	struct inside *in = inside(scope);
	sigset_t ours, before;
	int error;

	memset(scope, 0, sizeof(*scope));
	if (!token)
		return 0;
	weir__token_wait_begin(token, "weir_interrupt_begin()");
	if (weir__token_tripped(token))
		error = -ECANCELED;
	else
		error = is_set_up() ? 0 : set_up();
	if (error) {
		weir__token_wait_end(token);
		return error;
	}
	in->token = token;
	in->thread = pthread_self();
	only_the_signal(&ours);
	(void)pthread_sigmask(SIG_UNBLOCK, &ours, &before);
	in->was_blocked = sigismember(&before, weir_interrupt_signal()) == 1;
	weir__token_callback_add(token, &scope->weir__callback, trip, in);
	return 0;
}

/* Leaves the signal blocked. A loop, because real-time signals queue up. */
static void fetch_pending(const sigset_t *ours)
{
	static const struct timespec at_once = {0, 0};

	(void)pthread_sigmask(SIG_BLOCK, ours, NULL);
	while (sigtimedwait(ours, NULL, &at_once) > 0 || errno == EINTR)
		;
}

void weir_interrupt_end(weir_interrupt *scope)
{
	struct inside *in = inside(scope);
	int saved = errno;
	sigset_t ours;

	/* -EDEADLK is not possible: trip() waits for nobody. */
	(void)weir_token_callback_remove(&scope->weir__callback);
	weir__token_wait_end(in->token);
	only_the_signal(&ours);
	if (in->tripped) {
		(void)pthread_mutex_lock(&pulse.lock);
		weir__list_remove(&in->link);
		(void)pthread_mutex_unlock(&pulse.lock);
		fetch_pending(&ours);
	}
	if (in->tripped || in->was_blocked)
		(void)pthread_sigmask(in->was_blocked ? SIG_BLOCK : SIG_UNBLOCK, &ours, NULL);
	errno = saved;
}

int weir_interrupt_use_signal(int signal_number)
{
	int error = 0;

	if (!weir__thread_may_use_signal(signal_number))
		return -EINVAL;
	(void)pthread_mutex_lock(&setup.lock);
	if (atomic_load_explicit(&setup.in_use, memory_order_relaxed))
		error = -EBUSY;
	else
		atomic_store_explicit(&setup.signal, signal_number, memory_order_relaxed);
	(void)pthread_mutex_unlock(&setup.lock);
	return error;
}

int weir_interrupt_signal(void)
{
	return atomic_load_explicit(&setup.signal, memory_order_relaxed);
}
