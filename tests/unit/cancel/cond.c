/* cancel/sync.c: weir_cond: each outcome, and who is woken. */
#include <criterion/criterion.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include <weir/sync.h>

#include "cancel/park.h"
#include "support/gate.h"
#include "support/must.h"
#include "support/token.h"
#include "unit/threads.h"

TestSuite(cond, .timeout = 60);

static weir_mutex mutex;
static weir_cond cond;

static void lock(void)
{
	must(weir_mutex_lock(&mutex, NULL, WEIR_NEVER) == 0, "refused");
}

static void unlock(void)
{
	weir_mutex_unlock(&mutex);
}

struct waiter {
	weir_token *token;
	weir_time until;
	int result;
	struct thread thread;
};

static void await(void *arg)
{
	struct waiter *waiter = arg;

	lock();
	waiter->result = weir_cond_wait(&cond, &mutex, waiter->token, waiter->until);
	must(!weir_mutex_trylock(&mutex), "the mutex was not taken again");
	unlock();
}

static void start_until(struct waiter *waiter, weir_token *token, weir_time until)
{
	*waiter = (struct waiter){.token = token, .until = until, .result = 1};
	thread_start(&waiter->thread, await, waiter);
	thread_await_waiting(&waiter->thread);
}

static void start(struct waiter *waiter, weir_token *token)
{
	start_until(waiter, token, WEIR_NEVER);
}

static void finish(struct waiter *waiter, int result)
{
	thread_join(&waiter->thread);
	cr_assert_eq(waiter->result, result, "%d, not %d", waiter->result, result);
}

Test(cond, a_signal_wakes_one_in_their_order)
{
	weir_token *token = token_make(NULL);
	struct waiter waiters[3];

	for (size_t i = 0; i < 3; i++)
		start(&waiters[i], i == 1 ? token : NULL);
	for (size_t i = 0; i < 3; i++) {
		for (size_t j = i; j < 3; j++)
			thread_await_asleep(waiters[j].thread.id);
		if (i % 2) {
			lock();
			weir_cond_signal(&cond);
			unlock();
		} else {
			weir_cond_signal(&cond);
		}
		finish(&waiters[i], 0);
	}
	weir_token_unref(token);
}

Test(cond, a_broadcast_wakes_all)
{
	struct waiter waiters[100];
	weir_token *token = token_make(NULL);

	for (size_t i = 0; i < 100; i++)
		start(&waiters[i], i % 2 ? token : NULL);
	lock();
	weir_cond_broadcast(&cond);
	unlock();
	for (size_t i = 0; i < 100; i++)
		finish(&waiters[i], 0);
	weir_token_unref(token);
}

Test(cond, a_signal_without_a_waiter_is_forgotten)
{
	weir_cond_signal(&cond);
	weir_cond_broadcast(&cond);
	lock();
	cr_assert_eq(weir_cond_wait(&cond, &mutex, NULL, weir_after(WEIR_MILLISECOND)), -ETIMEDOUT);
	unlock();
}

Test(cond, a_wait_ends_at_its_time_with_the_mutex)
{
	weir_time until = weir_after(5 * WEIR_MILLISECOND);
	weir_token *token = token_make(NULL);

	lock();
	cr_assert_eq(weir_cond_wait(&cond, &mutex, token, until), -ETIMEDOUT);
	cr_assert_geq(weir_now(), until);
	cr_assert_not(weir_mutex_trylock(&mutex));
	cr_assert_eq(weir_cond_wait(&cond, &mutex, token, 0), -ETIMEDOUT);
	cr_assert_not(weir_mutex_trylock(&mutex));
	cr_assert_eq(weir_cond_wait(&cond, &mutex, NULL, -1), -ETIMEDOUT);
	unlock();
	weir_cond_signal(&cond); /* which finds nobody, and says so */
	cr_assert_eq(cond.weir__waited, 0, "nothing is left behind");
	weir_token_unref(token);
}

Test(cond, a_trip_ends_the_waits_under_it_and_no_other)
{
	weir_token *tripped = token_make(NULL), *live = token_make(NULL);
	struct waiter with[2], without[2];

	start(&with[0], tripped);
	start(&without[0], live);
	start(&with[1], tripped);
	start(&without[1], NULL);
	cr_assert(weir_token_cancel(tripped, WEIR_REASON_REQUESTED, NULL));
	finish(&with[0], -ECANCELED);
	finish(&with[1], -ECANCELED);
	for (size_t i = 0; i < 2; i++) {
		thread_await_asleep(without[i].thread.id);
		weir_cond_signal(&cond); /* not spent on those that have gone */
		finish(&without[i], 0);
	}
	weir_token_unref(tripped);
	weir_token_unref(live);
}

Test(cond, a_deadline_ends_a_wait)
{
	weir_token *token = NULL;

	cr_assert_eq(weir_token_create(NULL, weir_after(5 * WEIR_MILLISECOND), &token), 0);
	lock();
	cr_assert_eq(weir_cond_wait(&cond, &mutex, token, WEIR_NEVER), -ECANCELED);
	cr_assert_not(weir_mutex_trylock(&mutex));
	unlock();
	weir_token_unref(token);
}

static void take_and_keep(void *taken)
{
	lock();
	atomic_store((atomic_bool *)taken, true);
	unlock();
}

Test(cond, with_a_tripped_token_the_mutex_is_not_even_given_back)
{
	weir_token *token = token_make(NULL);
	atomic_bool taken = false;
	struct thread other;

	cr_assert(weir_token_cancel(token, WEIR_REASON_REQUESTED, NULL));
	lock();
	thread_start(&other, take_and_keep, &taken);
	thread_await_waiting(&other);
	cr_assert_eq(weir_cond_wait(&cond, &mutex, token, WEIR_NEVER), -ECANCELED);
	cr_assert_eq(weir_cond_wait(&cond, &mutex, token, 0), -ECANCELED);
	cr_assert_not(atomic_load(&taken));
	unlock();
	thread_join(&other);
	weir_token_unref(token);
}

/* It is on its way back when the token is tripped: the signal would be lost with it. */
Test(cond, a_waiter_that_was_signalled_is_not_cancelled)
{
	weir_token *token = token_make(NULL);
	struct waiter waiter;

	start(&waiter, token);
	lock();
	weir_cond_signal(&cond);
	cr_assert(weir_token_cancel(token, WEIR_REASON_REQUESTED, NULL));
	unlock();
	finish(&waiter, 0);
	weir_token_unref(token);
}

/* The test stands where a signal does, and holds the waiter up in its giving up. */
Test(cond, a_waiter_that_is_signalled_while_it_gives_up_is_not_cancelled)
{
	weir_token *token = token_make(NULL);
	struct weir__parked *parked;
	struct weir__lot *lot;
	struct waiter waiter;
	weir__wakeup wakeup;

	start(&waiter, token);
	lot = weir__lot_lock(&cond);
	cr_assert(weir_token_cancel(token, WEIR_REASON_REQUESTED, NULL));
	thread_await_asleep(waiter.thread.id);
	parked = weir__lot_take_locked(lot, &cond);
	cr_assert(parked);
	wakeup = weir__lot_choose_locked(parked);
	weir__lot_unlock(lot);
	weir__lot_wake(wakeup);
	finish(&waiter, 0);
	weir_token_unref(token);
}

Test(cond, taking_the_mutex_again_is_not_cancelled)
{
	weir_token *token = token_make(NULL);
	struct waiter waiter;

	start(&waiter, token);
	lock();
	cr_assert(weir_token_cancel(token, WEIR_REASON_REQUESTED, NULL));
	thread_await_asleep(waiter.thread.id);
	cr_assert_eq(waiter.result, 1);
	unlock();
	finish(&waiter, -ECANCELED);
	weir_token_unref(token);
}

static struct gate handled;

static void on_signal(int number)
{
	(void)number;
	gate_announce(&handled); /* sem_post() may be called in a handler */
}

Test(cond, a_system_signal_does_not_end_a_wait)
{
	struct sigaction action = {.sa_handler = on_signal};
	struct waiter waiter;

	gate_init(&handled);
	cr_assert_eq(sigaction(SIGUSR1, &action, NULL), 0);
	start(&waiter, NULL);
	cr_assert_eq(pthread_kill(waiter.thread.handle, SIGUSR1), 0);
	gate_await(&handled, 1);
	thread_await_asleep(waiter.thread.id);
	weir_cond_signal(&cond);
	finish(&waiter, 0);
}

/* A condition that lives only for a moment: AddressSanitizer looks. */
struct brief {
	weir_mutex mutex;
	weir_cond cond;
	bool told;
};

static void tell(void *arg)
{
	struct brief *brief = arg;

	must(weir_mutex_lock(&brief->mutex, NULL, WEIR_NEVER) == 0, "refused");
	brief->told = true;
	weir_cond_broadcast(&brief->cond);
	weir_mutex_unlock(&brief->mutex);
}

Test(cond, may_be_freed_by_the_last_one_that_was_woken)
{
	for (int i = 0; i < 500; i++) {
		struct brief *brief = calloc(1, sizeof(*brief));
		struct thread thread;
		int error = 0;

		cr_assert(brief);
		thread_start(&thread, tell, brief);
		cr_assert_eq(weir_mutex_lock(&brief->mutex, NULL, WEIR_NEVER), 0);
		while (!brief->told && !error)
			error = weir_cond_wait(&brief->cond, &brief->mutex, NULL, WEIR_NEVER);
		cr_assert_eq(error, 0);
		weir_mutex_unlock(&brief->mutex);
		free(brief);
		thread_join(&thread);
	}
}

Test(cond, the_token_knows_of_the_wait)
{
	weir_token *token = token_make(NULL);
	struct weir_last_check last;
	struct waiter waiter;

	start(&waiter, token);
	cr_assert_eq(weir_token_last_check(token, &last), 0);
	cr_assert_str_eq(last.where, "weir_cond_wait()");
	cr_assert_eq(last.waiting, 1);
	weir_cond_signal(&cond);
	finish(&waiter, 0);
	cr_assert_eq(weir_token_last_check(token, &last), 0);
	cr_assert_eq(last.waiting, 0);
	weir_token_unref(token);
}
