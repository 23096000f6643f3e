/* cancel/sync.c: weir_mutex: each outcome, and who gets it. */
#include <criterion/criterion.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include <weir/interrupt.h>
#include <weir/io.h>
#include <weir/sync.h>

#include "support/gate.h"
#include "support/must.h"
#include "support/token.h"
#include "unit/threads.h"

TestSuite(mutex, .timeout = 60);

static weir_token *make_tripped(void)
{
	weir_token *token = token_make(NULL);

	cr_assert(weir_token_cancel(token, WEIR_REASON_REQUESTED, NULL));
	return token;
}

static bool is_free(weir_mutex *mutex)
{
	bool free = weir_mutex_trylock(mutex);

	if (free)
		weir_mutex_unlock(mutex);
	return free;
}

/* A thread that locks; it holds the mutex until the test lets it go. */
struct locker {
	weir_mutex *mutex;
	weir_token *token;
	weir_time until;
	int result;
	struct gate gate; /* passed with the mutex */
	struct thread thread;
};

static void lock(void *arg)
{
	struct locker *locker = arg;

	locker->result = weir_mutex_lock(locker->mutex, locker->token, locker->until);
	if (locker->result)
		return;
	must(gate_pass(&locker->gate) == 0, "gate_pass");
	weir_mutex_unlock(locker->mutex);
}

/* Returns when it waits. */
static void start(struct locker *locker, weir_mutex *mutex, weir_token *token)
{
	*locker = (struct locker){.mutex = mutex, .token = token, .until = WEIR_NEVER};
	gate_init(&locker->gate);
	thread_start(&locker->thread, lock, locker);
	thread_await_waiting(&locker->thread);
}

static void finish(struct locker *locker, int result)
{
	gate_open(&locker->gate, 1);
	thread_join(&locker->thread);
	gate_destroy(&locker->gate);
	cr_assert_eq(locker->result, result);
}

Test(mutex, is_held_by_one)
{
	weir_mutex mutex = WEIR_MUTEX_INITIALIZER;

	cr_assert_eq(weir_mutex_lock(&mutex, NULL, WEIR_NEVER), 0);
	cr_assert_not(weir_mutex_trylock(&mutex));
	weir_mutex_unlock(&mutex);
	cr_assert(weir_mutex_trylock(&mutex));
	cr_assert_not(weir_mutex_trylock(&mutex));
	weir_mutex_unlock(&mutex);
	cr_assert(is_free(&mutex));
}

Test(mutex, zeroed_memory_is_one)
{
	weir_mutex *mutex = calloc(1, sizeof(*mutex));

	cr_assert(mutex);
	cr_assert(is_free(mutex));
	free(mutex);
}

Test(mutex, a_wait_ends_at_its_time)
{
	weir_mutex mutex = WEIR_MUTEX_INITIALIZER;
	weir_token *token = token_make(NULL);
	weir_time until = weir_after(5 * WEIR_MILLISECOND);

	cr_assert(weir_mutex_trylock(&mutex));
	cr_assert_eq(weir_mutex_lock(&mutex, token, until), -ETIMEDOUT);
	cr_assert_geq(weir_now(), until);
	cr_assert_eq(weir_mutex_lock(&mutex, NULL, weir_after(WEIR_MILLISECOND)), -ETIMEDOUT);
	cr_assert_eq(weir_mutex_lock(&mutex, token, 0), -ETIMEDOUT);
	cr_assert_eq(weir_mutex_lock(&mutex, token, -1), -ETIMEDOUT);
	weir_mutex_unlock(&mutex);
	cr_assert(is_free(&mutex));
	weir_token_unref(token);
}

Test(mutex, that_is_free_is_taken_at_any_time)
{
	weir_mutex mutex = WEIR_MUTEX_INITIALIZER;

	cr_assert_eq(weir_mutex_lock(&mutex, NULL, 0), 0);
	weir_mutex_unlock(&mutex);
	cr_assert_eq(weir_mutex_lock(&mutex, NULL, -1), 0);
	weir_mutex_unlock(&mutex);
}

Test(mutex, that_is_free_is_refused_to_a_tripped_token)
{
	weir_mutex mutex = WEIR_MUTEX_INITIALIZER;
	weir_token *token = make_tripped();

	cr_assert_eq(weir_mutex_lock(&mutex, token, WEIR_NEVER), -ECANCELED);
	cr_assert_eq(weir_mutex_lock(&mutex, token, 0), -ECANCELED);
	cr_assert_eq(weir_mutex_lock(&mutex, NULL, WEIR_NEVER), 0, "to clean up");
	cr_assert_eq(weir_mutex_lock(&mutex, token, 0), -ECANCELED);
	weir_mutex_unlock(&mutex);
	cr_assert(is_free(&mutex));
	weir_token_unref(token);
}

Test(mutex, a_trip_ends_the_wait_of_those_under_it_and_of_nobody_else)
{
	weir_mutex mutex = WEIR_MUTEX_INITIALIZER;
	weir_token *tripped = token_make(NULL), *live = token_make(NULL);
	struct locker with[3], without;

	cr_assert(weir_mutex_trylock(&mutex));
	start(&with[0], &mutex, tripped);
	start(&without, &mutex, live);
	start(&with[1], &mutex, tripped);
	start(&with[2], &mutex, tripped);
	cr_assert(weir_token_cancel(tripped, WEIR_REASON_REQUESTED, NULL));
	for (size_t i = 0; i < 3; i++)
		finish(&with[i], -ECANCELED);
	thread_await_asleep(without.thread.id);
	cr_assert_not(weir_mutex_trylock(&mutex), "it was never given back");
	weir_mutex_unlock(&mutex);
	finish(&without, 0);
	cr_assert(is_free(&mutex));
	weir_token_unref(tripped);
	weir_token_unref(live);
}

Test(mutex, a_deadline_ends_a_wait)
{
	weir_mutex mutex = WEIR_MUTEX_INITIALIZER;
	weir_token *token = NULL;

	cr_assert(weir_mutex_trylock(&mutex));
	cr_assert_eq(weir_token_create(NULL, weir_after(5 * WEIR_MILLISECOND), &token), 0);
	cr_assert_eq(weir_mutex_lock(&mutex, token, WEIR_NEVER), -ECANCELED);
	cr_assert_eq(weir_token_reason(token), WEIR_REASON_DEADLINE);
	weir_token_unref(token);
}

Test(mutex, unlocking_wakes_a_waiter)
{
	weir_mutex mutex = WEIR_MUTEX_INITIALIZER;
	weir_token *token = token_make(NULL);
	struct locker first, second;

	cr_assert(weir_mutex_trylock(&mutex));
	start(&first, &mutex, NULL);
	start(&second, &mutex, token);
	weir_mutex_unlock(&mutex);
	gate_await(&first.gate, 1);
	cr_assert_eq(gate_arrivals(&second.gate), 0);
	finish(&first, 0);
	gate_await(&second.gate, 1);
	finish(&second, 0);
	cr_assert(is_free(&mutex));
	weir_token_unref(token);
}

/* Otherwise whoever unlocks and locks again in a loop would keep it for ever. */
Test(mutex, is_given_to_who_has_waited_for_long)
{
	weir_mutex mutex = WEIR_MUTEX_INITIALIZER;
	struct locker first, second;

	cr_assert(weir_mutex_trylock(&mutex));
	start(&first, &mutex, NULL);
	start(&second, &mutex, NULL);
	cr_assert_eq(weir_sleep(NULL, weir_after(2 * WEIR_MILLISECOND)), 0);
	weir_mutex_unlock(&mutex);
	cr_assert_not(weir_mutex_trylock(&mutex), "overtaken");
	gate_await(&first.gate, 1);
	finish(&first, 0);
	cr_assert_not(weir_mutex_trylock(&mutex), "overtaken");
	gate_await(&second.gate, 1);
	finish(&second, 0);
	cr_assert(is_free(&mutex));
}

Test(mutex, a_waiter_that_gave_up_is_not_given_anything)
{
	weir_mutex mutex = WEIR_MUTEX_INITIALIZER;
	weir_token *token = token_make(NULL);
	struct locker locker;

	cr_assert(weir_mutex_trylock(&mutex));
	start(&locker, &mutex, token);
	cr_assert_eq(weir_sleep(NULL, weir_after(2 * WEIR_MILLISECOND)), 0);
	cr_assert(weir_token_cancel(token, WEIR_REASON_REQUESTED, NULL));
	finish(&locker, -ECANCELED);
	weir_mutex_unlock(&mutex);
	cr_assert(is_free(&mutex));
	cr_assert_eq(mutex.weir__state, 0, "nothing is left behind");
	weir_token_unref(token);
}

static struct gate handled;

static void on_signal(int number)
{
	(void)number;
	gate_announce(&handled); /* sem_post() may be called in a handler */
}

Test(mutex, a_signal_does_not_end_a_wait)
{
	struct sigaction action = {.sa_handler = on_signal};
	weir_mutex mutex = WEIR_MUTEX_INITIALIZER;
	struct locker locker;

	gate_init(&handled);
	cr_assert_eq(sigaction(SIGUSR1, &action, NULL), 0);
	cr_assert(weir_mutex_trylock(&mutex));
	start(&locker, &mutex, NULL);
	cr_assert_eq(pthread_kill(locker.thread.handle, SIGUSR1), 0);
	gate_await(&handled, 1);
	thread_await_asleep(locker.thread.id);
	weir_mutex_unlock(&mutex);
	finish(&locker, 0);
}

static void lock_in_scope(void *arg)
{
	struct locker *locker = arg;
	weir_interrupt scope;

	must(weir_interrupt_begin(&scope, locker->token) == 0, "begin");
	locker->result = weir_mutex_lock(locker->mutex, locker->token, WEIR_NEVER);
	weir_interrupt_end(&scope);
}

Test(mutex, a_wait_inside_an_interrupt_scope_ends_as_any)
{
	weir_mutex mutex = WEIR_MUTEX_INITIALIZER;
	struct locker locker = {.mutex = &mutex, .token = token_make(NULL)};

	cr_assert(weir_mutex_trylock(&mutex));
	thread_start(&locker.thread, lock_in_scope, &locker);
	thread_await_waiting(&locker.thread);
	cr_assert(weir_token_cancel(locker.token, WEIR_REASON_REQUESTED, NULL));
	thread_join(&locker.thread);
	cr_assert_eq(locker.result, -ECANCELED);
	weir_token_unref(locker.token);
}

/* The memory is freed as soon as the other side has come and gone: AddressSanitizer looks. */
static void lock_and_unlock(void *arg)
{
	weir_mutex *mutex = arg;

	must(weir_mutex_lock(mutex, NULL, WEIR_NEVER) == 0, "refused");
	weir_mutex_unlock(mutex);
}

Test(mutex, may_be_freed_by_who_had_it_last)
{
	for (int i = 0; i < 500; i++) {
		weir_mutex *mutex = calloc(1, sizeof(*mutex));
		struct thread thread;

		cr_assert(mutex);
		cr_assert(weir_mutex_trylock(mutex));
		thread_start(&thread, lock_and_unlock, mutex);
		if (i % 2)
			thread_await_waiting(&thread);
		weir_mutex_unlock(mutex);
		thread_join(&thread);
		free(mutex);
	}
}

Test(mutex, the_token_knows_of_the_wait)
{
	weir_mutex mutex = WEIR_MUTEX_INITIALIZER;
	weir_token *token = token_make(NULL);
	struct weir_last_check last;
	struct locker locker;

	cr_assert(weir_mutex_trylock(&mutex));
	start(&locker, &mutex, token);
	cr_assert_eq(weir_token_last_check(token, &last), 0);
	cr_assert_str_eq(last.where, "weir_mutex_lock()");
	cr_assert_eq(last.waiting, 1);
	weir_mutex_unlock(&mutex);
	finish(&locker, 0);
	cr_assert_eq(weir_token_last_check(token, &last), 0);
	cr_assert_eq(last.waiting, 0);
	weir_token_unref(token);
}
