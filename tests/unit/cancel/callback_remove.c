/* cancel/callback.c: the three removers, in each state that a callback can be in. */
#include <criterion/criterion.h>

#include <errno.h>
#include <stdlib.h>

#include <weir/token.h>

#include "support/gate.h"
#include "support/must.h"
#include "support/token.h"
#include "unit/threads.h"

TestSuite(remove, .timeout = 60);

enum remover { TRY_REMOVE, REMOVE, DETACH };

/* 1 or 0 for what try_remove says, the result of remove, 0 for detach. */
static int apply(enum remover remover, weir_token_callback *callback)
{
	switch (remover) {
	case TRY_REMOVE:
		return weir_token_callback_try_remove(callback);
	case REMOVE:
		return weir_token_callback_remove(callback);
	case DETACH:
		weir_token_callback_detach(callback);
		break;
	}
	return 0;
}

static void count(void *arg)
{
	++*(unsigned *)arg;
}

Test(remove, of_an_armed_callback_prevents_it)
{
	static const int expected[] = {[TRY_REMOVE] = 1, [REMOVE] = 0, [DETACH] = 0};

	for (enum remover remover = TRY_REMOVE; remover <= DETACH; remover++) {
		weir_token *token = token_make(NULL);
		weir_token_callback *callback = malloc(sizeof(*callback));
		unsigned runs = 0;

		cr_assert_not_null(callback);
		weir_token_callback_add(token, callback, count, &runs);
		cr_assert_eq(apply(remover, callback), expected[remover]);
		free(callback);
		cr_assert(weir_token_cancel(token, WEIR_REASON_REQUESTED, NULL));
		cr_assert_eq(runs, 0);
		weir_token_unref(token);
	}
}

Test(remove, from_the_middle_leaves_the_others)
{
	weir_token *token = token_make(NULL);
	weir_token_callback callbacks[5];
	unsigned runs[5] = {0};

	for (int i = 0; i < 5; i++)
		weir_token_callback_add(token, &callbacks[i], count, &runs[i]);
	cr_assert(weir_token_callback_try_remove(&callbacks[2]));
	cr_assert_eq(weir_token_callback_remove(&callbacks[0]), 0);
	weir_token_callback_detach(&callbacks[4]);
	cr_assert(weir_token_cancel(token, WEIR_REASON_REQUESTED, NULL));
	for (int i = 0; i < 5; i++)
		cr_assert_eq(runs[i], i == 1 || i == 3);
	weir_token_unref(token);
}

Test(remove, is_a_harmless_no_op_after_the_run_even_without_the_token)
{
	for (enum remover remover = TRY_REMOVE; remover <= DETACH; remover++) {
		weir_token *token = token_make(NULL);
		weir_token_callback callback;
		unsigned runs = 0;

		weir_token_callback_add(token, &callback, count, &runs);
		cr_assert(weir_token_cancel(token, WEIR_REASON_REQUESTED, NULL));
		weir_token_unref(token);
		cr_assert_eq(runs, 1);
		cr_assert_eq(apply(remover, &callback), 0);
		cr_assert_eq(apply(remover, &callback), 0);
	}
}

Test(remove, is_a_harmless_no_op_after_a_removal)
{
	for (enum remover first = TRY_REMOVE; first <= DETACH; first++)
		for (enum remover second = TRY_REMOVE; second <= DETACH; second++) {
			weir_token *token = token_make(NULL);
			weir_token_callback callback;
			unsigned runs = 0;

			weir_token_callback_add(token, &callback, count, &runs);
			(void)apply(first, &callback);
			cr_assert_eq(apply(second, &callback), 0);
			weir_token_unref(token);
		}
}

Test(remove, of_zeroed_memory_that_was_never_added_is_a_no_op)
{
	weir_token_callback callback = {0};

	for (enum remover remover = TRY_REMOVE; remover <= DETACH; remover++)
		cr_assert_eq(apply(remover, &callback), 0);
}

/* A callback that stands at a gate, and a trip on another thread that runs it. */
struct running {
	weir_token *token;
	weir_token_callback *callback; /* malloc()ed */
	struct gate gate;
	_Atomic int over;
	struct thread tripper;
};

static void stand_at_gate(void *arg)
{
	struct running *running = arg;
	int error = gate_pass(&running->gate);

	must(error == 0, "gate_pass: %d", error);
	atomic_store(&running->over, 1);
}

static void trip(void *token)
{
	(void)weir_token_cancel(token, WEIR_REASON_REQUESTED, NULL);
}

static void running_start(struct running *running)
{
	running->token = token_make(NULL);
	running->callback = malloc(sizeof(*running->callback));
	cr_assert_not_null(running->callback);
	gate_init(&running->gate);
	atomic_init(&running->over, 0);
	weir_token_callback_add(running->token, running->callback, stand_at_gate, running);
	thread_start(&running->tripper, trip, running->token);
	gate_await(&running->gate, 1);
}

static void running_end(struct running *running)
{
	thread_join(&running->tripper);
	cr_assert(atomic_load(&running->over));
	gate_destroy(&running->gate);
	weir_token_unref(running->token);
}

Test(remove, try_remove_of_a_running_callback_says_no_and_does_not_wait)
{
	struct running running;

	running_start(&running);
	cr_assert_not(weir_token_callback_try_remove(running.callback));
	cr_assert_not(atomic_load(&running.over));
	gate_open(&running.gate, 1);
	running_end(&running);
	free(running.callback);
}

Test(remove, detach_of_a_running_callback_does_not_wait_and_its_memory_is_free)
{
	struct running running;

	running_start(&running);
	weir_token_callback_detach(running.callback);
	free(running.callback);
	cr_assert_not(atomic_load(&running.over));
	gate_open(&running.gate, 1);
	running_end(&running);
}

static void remove_and_free(void *arg)
{
	struct running *running = arg;
	int result = weir_token_callback_remove(running->callback);

	must(result == 0, "weir_token_callback_remove: %d", result);
	must(atomic_load(&running->over), "remove returned while the callback ran");
	free(running->callback);
}

Test(remove, of_a_running_callback_waits_for_its_end)
{
	struct running running;
	struct thread remover;

	running_start(&running);
	thread_start(&remover, remove_and_free, &running);
	thread_await_waiting(&remover);
	gate_open(&running.gate, 1);
	thread_join(&remover);
	running_end(&running);
}

static void remove_and_keep(void *arg)
{
	struct running *running = arg;
	int result = weir_token_callback_remove(running->callback);

	must(result == 0, "weir_token_callback_remove: %d", result);
	must(atomic_load(&running->over), "remove returned while the callback ran");
}

Test(remove, several_threads_can_wait_for_one_callback)
{
	struct running running;
	struct thread removers[4];

	running_start(&running);
	for (int i = 0; i < 4; i++)
		thread_start(&removers[i], remove_and_keep, &running);
	for (int i = 0; i < 4; i++)
		thread_await_waiting(&removers[i]);
	cr_assert_not(weir_token_callback_try_remove(running.callback));
	gate_open(&running.gate, 1);
	for (int i = 0; i < 4; i++)
		thread_join(&removers[i]);
	running_end(&running);
	free(running.callback);
}

/* Who waits already goes on waiting for fn; the memory is free at once all the same. */
Test(remove, a_detach_does_not_end_the_wait_of_another)
{
	struct running running;
	struct thread remover;

	running_start(&running);
	thread_start(&remover, remove_and_keep, &running);
	thread_await_waiting(&remover);
	weir_token_callback_detach(running.callback);
	free(running.callback);
	gate_open(&running.gate, 1);
	thread_join(&remover);
	running_end(&running);
}

/* Two callbacks on one token. Whichever is run first stands at the gate: the other one is
 * pending then, its token tripped, its turn still to come. */
struct pair {
	weir_token *token;
	weir_token_callback callbacks[2];
	struct gate gate;
	_Atomic unsigned runs[2];
};

static void run_in_pair(struct pair *pair, int which)
{
	int error;

	atomic_fetch_add(&pair->runs[which], 1);
	error = gate_pass(&pair->gate);
	must(error == 0, "gate_pass: %d", error);
}

static void run_first(void *pair)
{
	run_in_pair(pair, 0);
}

static void run_second(void *pair)
{
	run_in_pair(pair, 1);
}

Test(remove, of_a_pending_callback_prevents_it)
{
	static const int expected[] = {[TRY_REMOVE] = 1, [REMOVE] = 0, [DETACH] = 0};

	for (enum remover remover = TRY_REMOVE; remover <= DETACH; remover++) {
		struct pair pair = {.token = token_make(NULL)};
		struct thread tripper;
		int pending;

		gate_init(&pair.gate);
		weir_token_callback_add(pair.token, &pair.callbacks[0], run_first, &pair);
		weir_token_callback_add(pair.token, &pair.callbacks[1], run_second, &pair);
		thread_start(&tripper, trip, pair.token);
		gate_await(&pair.gate, 1);
		pending = atomic_load(&pair.runs[0]) ? 1 : 0;
		cr_assert_eq(weir_token_check(pair.token), -ECANCELED);
		cr_assert_eq(apply(remover, &pair.callbacks[pending]), expected[remover]);
		gate_open(&pair.gate, 2);
		thread_join(&tripper);
		cr_assert_eq(atomic_load(&pair.runs[pending]), 0);
		cr_assert_eq(atomic_load(&pair.runs[!pending]), 1);
		gate_destroy(&pair.gate);
		weir_token_unref(pair.token);
	}
}

/* While a callback added to a tripped token runs on the thread that added it. */
static void add_standing(void *arg)
{
	struct running *running = arg;

	weir_token_callback_add(running->token, running->callback, stand_at_gate, running);
}

Test(remove, waits_for_a_callback_that_was_run_at_once)
{
	struct running running = {.token = token_make(NULL),
				  .callback = malloc(sizeof(weir_token_callback))};
	struct thread remover;

	cr_assert_not_null(running.callback);
	gate_init(&running.gate);
	cr_assert(weir_token_cancel(running.token, WEIR_REASON_REQUESTED, NULL));
	thread_start(&running.tripper, add_standing, &running);
	gate_await(&running.gate, 1);
	thread_start(&remover, remove_and_keep, &running);
	thread_await_waiting(&remover);
	gate_open(&running.gate, 1);
	thread_join(&remover);
	running_end(&running);
	free(running.callback);
}
