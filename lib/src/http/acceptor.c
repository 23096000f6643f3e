/* acceptor.c: the loop, its mailbox and its wakeup; acceptor_setup.c has what it stands on.
 *
 * One round: wait; look at hang-ups and new connections; take what workers report; take
 * calls from other threads; run libmicrohttpd, which reads, calls exchange.c, and writes;
 * wake a worker if anything was queued; deadlines.
 *
 * The wakeup. A worker that has news pushes it on `reports` and then looks at `sleeping`;
 * the acceptor sets `sleeping` and then looks at the queue and at `reports`. With a full
 * fence between the two steps on either side, one of them sees the other, so that an eventfd
 * is written only when it is needed. A worker may put off telling while it runs brief jobs:
 * then the queue was not empty when the acceptor looked (it is read before `reports`, so a
 * job seen as taken has its predecessor's report visible), and it sleeps a millisecond at
 * most. The same millisecond nudges a queue that does not move (work/pool.h).
 *
 * Locks: calls_lock guards the mailbox; nothing else is taken under it.
 */
#include "http/acceptor.h"

#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include "base/futex.h"
#include "base/thread.h"
#include "base/tick.h"
#include "http/daemon.h"
#include "http/exchange.h"
#include "http/rehearsal.h"
#include "http/upgrade.h"

#define EXPIRE_BATCH 16
#define EVENTS 64
#define STACK ((size_t)512 * 1024) /* inline handlers run on it */
#define NUDGE WEIR_MILLISECOND

/* How long a round waits for the handlers it has handed over, and for how much of them that is
 * worth while; see wait_for_brief(). */
#define BRIEF_WAIT (5 * WEIR_MICROSECOND)
#define WORTH_WAITING (100 * WEIR_MICROSECOND)

/* The acceptor whose thread this is. */
static _Thread_local const struct weir__acceptor *own_acceptor;

struct call {
	struct weir__list node;
	void (*fn)(struct weir__acceptor *acceptor, void *arg);
	void *arg;
	_Atomic uint32_t done;
};

int weir__acceptor_watch(struct weir__acceptor *acceptor, int fd, uint32_t events,
			 struct weir__watch *watch)
{
	struct epoll_event event = {.events = events, .data.ptr = watch};

	return epoll_ctl(acceptor->epoll_fd, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

void weir__acceptor_unwatch(struct weir__acceptor *acceptor, int fd)
{
	(void)epoll_ctl(acceptor->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
}

void weir__acceptor_wake(struct weir__acceptor *acceptor)
{
	atomic_thread_fence(memory_order_seq_cst); /* see above */
	if (atomic_load_explicit(&acceptor->sleeping, memory_order_relaxed) &&
	    atomic_exchange_explicit(&acceptor->sleeping, 0, memory_order_acq_rel))
		(void)eventfd_write(acceptor->wake_fd, 1);
}

void weir__acceptor_quiet(void *arg)
{
	struct weir__acceptor *acceptor = arg;

	if (!weir__stack_empty(&acceptor->reports))
		weir__acceptor_wake(acceptor);
}

bool weir__acceptor_is_self(const struct weir__acceptor *acceptor)
{
	return own_acceptor == acceptor;
}

void weir__acceptor_call(struct weir__acceptor *acceptor,
			 void (*fn)(struct weir__acceptor *acceptor, void *arg), void *arg)
{
	struct call call = {.fn = fn, .arg = arg};
	bool direct;

	(void)pthread_mutex_lock(&acceptor->calls_lock);
	direct = !acceptor->running || weir__acceptor_is_self(acceptor);
	if (!direct)
		weir__list_append(&acceptor->calls, &call.node);
	(void)pthread_mutex_unlock(&acceptor->calls_lock);
	if (direct) {
		fn(acceptor, arg);
		return;
	}
	weir__acceptor_wake(acceptor);
	while (!atomic_load_explicit(&call.done, memory_order_acquire))
		(void)weir__futex_wait(&call.done, 0, WEIR_NEVER);
}

static bool has_calls(struct weir__acceptor *acceptor)
{
	bool some;

	(void)pthread_mutex_lock(&acceptor->calls_lock);
	some = !weir__list_empty(&acceptor->calls);
	(void)pthread_mutex_unlock(&acceptor->calls_lock);
	return some;
}

static void take_calls(struct weir__acceptor *acceptor)
{
	struct weir__list *node;
	struct weir__list taken;

	weir__list_init(&taken);
	(void)pthread_mutex_lock(&acceptor->calls_lock);
	weir__list_splice(&taken, &acceptor->calls);
	(void)pthread_mutex_unlock(&acceptor->calls_lock);
	while ((node = weir__list_shift(&taken))) {
		struct call *call = weir__container(node, struct call, node);

		call->fn(acceptor, call->arg);
		/* The caller's stack: gone as soon as it sees this. The wake that follows may hit
		 * a word that has become something else, which futexes allow for. */
		atomic_store_explicit(&call->done, 1, memory_order_release);
		weir__futex_wake_all(&call->done);
	}
}

static int until(const struct weir__acceptor *acceptor, weir_time when)
{
	weir_time left = when - acceptor->now;

	if (when == WEIR_NEVER)
		return -1;
	if (left <= 0)
		return 0;
	left = (left + WEIR_MILLISECOND - 1) / WEIR_MILLISECOND;
	return left < INT32_MAX ? (int)left : INT32_MAX;
}

static weir_time next_deadline(const struct weir__acceptor *acceptor)
{
	weir_time next = weir__deadline_next(&acceptor->deadlines);

	if (acceptor->accept_at && acceptor->accept_at < next)
		next = acceptor->accept_at;
	if (acceptor->finishing && acceptor->finish_by < next)
		next = acceptor->finish_by;
	if (acceptor->askers > 0 && acceptor->ask_by < next)
		next = acceptor->ask_by;
	if (acceptor->beat_at < next)
		next = acceptor->beat_at;
	if (weir__rehearsal_until(acceptor) < next)
		next = weir__rehearsal_until(acceptor);
	/* Those who look at the tokens of requests want to know the time: base/tick.h. */
	if (!weir__list_empty(&acceptor->requests) && acceptor->now + WEIR__TICK_SLEEP < next)
		next = acceptor->now + WEIR__TICK_SLEEP;
	return next;
}

/* Milliseconds to sleep; see the wakeup above. */
static int prepare_to_sleep(struct weir__acceptor *acceptor)
{
	bool queued;
	int timeout;

	if (acceptor->mhd_ready)
		return 0;
	if (acceptor->shrink && weir__stack_empty(&acceptor->reports))
		weir__intake_shrink(acceptor);
	atomic_store_explicit(&acceptor->sleeping, 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_seq_cst);
	queued = weir__queue_length(acceptor->options.queue) > 0;
	if (!weir__stack_empty(&acceptor->reports) || has_calls(acceptor) ||
	    atomic_load_explicit(&acceptor->upgrades->news, memory_order_relaxed))
		return 0;
	timeout = until(acceptor, next_deadline(acceptor));
	return queued && timeout != 0 ? 1 : timeout;
}

static void wait_for_events(struct weir__acceptor *acceptor)
{
	struct epoll_event events[EVENTS];
	int count, i;

	count = epoll_wait(acceptor->epoll_fd, events, EVENTS, prepare_to_sleep(acceptor));
	atomic_store_explicit(&acceptor->sleeping, 0, memory_order_relaxed);
	acceptor->now = weir_now();
	weir__tick_update(acceptor->now);
	for (i = 0; i < count; i++) {
		struct weir__watch *watch = events[i].data.ptr;

		watch->ready(acceptor, watch, events[i].events);
	}
}

/* Requests have just been handed over. If their handlers are brief, lets them run before
 * libmicrohttpd asks for the answers: a connection whose answer is there by then need not be
 * suspended. It yields instead of spinning, because a worker may be waiting for this very
 * processor, and does not sleep, because going idle and back costs more than the wait. */
static void wait_for_brief(struct weir__acceptor *acceptor)
{
	weir_time limit;

	if (acceptor->expected == 0 || acceptor->expected > WORTH_WAITING)
		return;
	limit = weir_now() + BRIEF_WAIT;
	do {
		if (!weir__stack_empty(&acceptor->reports) &&
		    weir__queue_length(acceptor->options.queue) == 0)
			break;
		(void)sched_yield();
	} while (weir_now() < limit);
}

static void run_mhd(struct weir__acceptor *acceptor)
{
	acceptor->mhd_ready = false;
	acceptor->expected = 0;
	/* It may have more to do without an event: say so instead of sleeping. */
	if (weir__daemon_run(acceptor))
		acceptor->mhd_ready = true;
	if (acceptor->kick) {
		acceptor->kick = false;
		weir__pool_kick(acceptor->options.pool);
		wait_for_brief(acceptor);
	}
}

/* Of one class. Who opens hundreds of connections at once has them all end at once: what is due
 * beyond a batch waits for the next round, which does not sleep, and the others have their turn. */
static void expire_class(struct weir__acceptor *acceptor, int class)
{
	struct weir__deadline *due;
	unsigned left = EXPIRE_BATCH;

	while (left-- > 0 &&
	       (due = weir__deadline_due(&acceptor->deadlines, class, acceptor->now))) {
		if (class == WEIR__DEADLINE_LINGER)
			weir__linger_expire(acceptor, due);
		else
			weir__conn_expire(acceptor,
					  weir__container(due, struct weir__conn, deadline), class);
	}
}

static void expire(struct weir__acceptor *acceptor)
{
	int class;

	for (class = 0; class < WEIR__DEADLINE_COUNT; class ++)
		expire_class(acceptor, class);
	if (acceptor->accept_at && acceptor->accept_at <= acceptor->now)
		weir__accept_resume(acceptor);
	if (acceptor->beat_at <= acceptor->now)
		acceptor->beat_at = acceptor->options.beat(acceptor->options.arg);
	if (weir__rehearsal_until(acceptor) <= acceptor->now)
		weir__rehearsal_end(acceptor, 0);
}

/* About every millisecond, as work/pool.h asks. */
static void nudge(struct weir__acceptor *acceptor)
{
	if (acceptor->now < acceptor->nudge_at)
		return;
	acceptor->nudge_at = acceptor->now + NUDGE;
	weir__pool_nudge(acceptor->options.pool);
	weir__pool_grow(acceptor->options.pool, acceptor->now);
	if (weir__queue_length(acceptor->options.queue) > 0)
		weir__queue_expire(acceptor->options.queue, acceptor->now);
}

static bool is_finished(const struct weir__acceptor *acceptor)
{
	if (!acceptor->finishing)
		return false;
	if (acceptor->now >= acceptor->finish_by)
		return true;
	return acceptor->unfinished == 0 && weir__list_empty(&acceptor->lingers) &&
	       weir__list_empty(&acceptor->upgrades->open) &&
	       (acceptor->askers == 0 || acceptor->now >= acceptor->ask_by);
}

static void go_round(struct weir__acceptor *acceptor)
{
	wait_for_events(acceptor);
	weir__reports_take(acceptor);
	weir__upgrades_take(acceptor);
	take_calls(acceptor);
	if (acceptor->mhd_ready)
		run_mhd(acceptor);
	nudge(acceptor);
	expire(acceptor);
}

static void *acceptor_thread(void *arg)
{
	struct weir__acceptor *acceptor = arg;

	own_acceptor = acceptor;
	while (!is_finished(acceptor))
		go_round(acceptor);
	weir__intake_conclude(acceptor);
	while (acceptor->telling > 0 && acceptor->now < acceptor->finish_by)
		go_round(acceptor);
	weir__intake_end(acceptor);
	weir__linger_close_all(acceptor);
	weir__daemon_close(acceptor);
	(void)pthread_mutex_lock(&acceptor->calls_lock);
	acceptor->running = false;
	(void)pthread_mutex_unlock(&acceptor->calls_lock);
	take_calls(acceptor);
	return NULL;
}

int weir__acceptor_start(struct weir__acceptor *acceptor)
{
	int error;

	acceptor->running = true;
	error = weir__thread_start(&acceptor->thread, "weir-acceptor", STACK, acceptor_thread,
				   acceptor);
	if (error)
		acceptor->running = false;
	return error;
}
