/* cancel/callback.c: threads whose running callbacks remove each other's. Waiting would
 * never end, so one of them must be told -EDEADLK, and all of them must end. */
#include <criterion/criterion.h>

#include <errno.h>

#include <weir/token.h>

#include "support/must.h"
#include "unit/threads.h"

TestSuite(cycle, .timeout = 60);

enum { MAX_RING = 3 };

/* Thread i trips token i; its callback waits until all are running and then removes the
 * callback of thread i+1. */
struct ring {
	int size;
	int open; /* the last one removes nothing: a chain, not a cycle */
	weir_token *tokens[MAX_RING];
	weir_token_callback callbacks[MAX_RING];
	int results[MAX_RING];
	_Atomic int over[MAX_RING];
	pthread_barrier_t all_running;
	struct member {
		struct ring *ring;
		int number;
		struct thread thread;
	} members[MAX_RING];
};

static void remove_next(void *arg)
{
	struct member *member = arg;
	struct ring *ring = member->ring;
	int next = (member->number + 1) % ring->size;

	(void)pthread_barrier_wait(&ring->all_running);
	if (!ring->open || next != 0) {
		ring->results[member->number] = weir_token_callback_remove(&ring->callbacks[next]);
		must(ring->results[member->number] != 0 || atomic_load(&ring->over[next]),
		     "remove said 0 while the callback ran");
	}
	atomic_store(&ring->over[member->number], 1);
}

static void trip_own(void *arg)
{
	struct member *member = arg;

	(void)weir_token_cancel(member->ring->tokens[member->number], WEIR_REASON_REQUESTED, NULL);
}

static void ring_make(struct ring *ring, int size, weir_token *parent)
{
	*ring = (struct ring){.size = size};
	cr_assert_eq(pthread_barrier_init(&ring->all_running, NULL, (unsigned)size), 0);
	for (int i = 0; i < size; i++) {
		ring->members[i].ring = ring;
		ring->members[i].number = i;
		cr_assert_eq(weir_token_create(parent, WEIR_NEVER, &ring->tokens[i]), 0);
		weir_token_callback_add(ring->tokens[i], &ring->callbacks[i], remove_next,
					&ring->members[i]);
	}
}

/* How many were told -EDEADLK; all others were told 0. */
static int ring_run(struct ring *ring)
{
	int refused = 0;

	for (int i = 0; i < ring->size; i++)
		thread_start(&ring->members[i].thread, trip_own, &ring->members[i]);
	for (int i = 0; i < ring->size; i++) {
		thread_join(&ring->members[i].thread);
		cr_assert(ring->results[i] == 0 || ring->results[i] == -EDEADLK, "%d",
			  ring->results[i]);
		refused += ring->results[i] == -EDEADLK;
	}
	for (int i = 0; i < ring->size; i++)
		weir_token_unref(ring->tokens[i]);
	cr_assert_eq(pthread_barrier_destroy(&ring->all_running), 0);
	return refused;
}

enum { ROUNDS = 200 };

Test(cycle, of_two_threads_ends_and_one_is_told)
{
	for (int round = 0; round < ROUNDS; round++) {
		struct ring ring;

		ring_make(&ring, 2, NULL);
		cr_assert_eq(ring_run(&ring), 1);
	}
}

Test(cycle, of_three_threads_ends_and_one_is_told)
{
	for (int round = 0; round < ROUNDS; round++) {
		struct ring ring;

		ring_make(&ring, 3, NULL);
		cr_assert_eq(ring_run(&ring), 1);
	}
}

Test(cycle, within_one_tree_ends_and_one_is_told)
{
	weir_token *parent = NULL;

	cr_assert_eq(weir_token_create(NULL, WEIR_NEVER, &parent), 0);
	for (int round = 0; round < ROUNDS; round++) {
		struct ring ring;

		ring_make(&ring, 3, parent);
		cr_assert_eq(ring_run(&ring), 1);
	}
	weir_token_unref(parent);
}

Test(cycle, a_chain_is_not_one)
{
	for (int round = 0; round < ROUNDS; round++) {
		struct ring ring;

		ring_make(&ring, 3, NULL);
		ring.open = 1;
		cr_assert_eq(ring_run(&ring), 0);
	}
}

/* A callback run inside a callback of the same thread removes the outer one: that is
 * itself, as far as waiting goes. */
struct nested {
	weir_token *outer_token, *inner_token;
	weir_token_callback outer, inner;
	int result, inner_ran;
};

static void remove_outer(void *arg)
{
	struct nested *nested = arg;

	nested->inner_ran = 1;
	nested->result = weir_token_callback_remove(&nested->outer);
}

static void trip_inner(void *arg)
{
	struct nested *nested = arg;

	must(weir_token_cancel(nested->inner_token, WEIR_REASON_REQUESTED, NULL), "not the first");
}

Test(cycle, a_thread_does_not_wait_for_its_own_outer_callback)
{
	struct nested nested = {.result = 1};

	cr_assert_eq(weir_token_create(NULL, WEIR_NEVER, &nested.outer_token), 0);
	cr_assert_eq(weir_token_create(NULL, WEIR_NEVER, &nested.inner_token), 0);
	weir_token_callback_add(nested.outer_token, &nested.outer, trip_inner, &nested);
	weir_token_callback_add(nested.inner_token, &nested.inner, remove_outer, &nested);
	cr_assert(weir_token_cancel(nested.outer_token, WEIR_REASON_REQUESTED, NULL));
	cr_assert(nested.inner_ran);
	cr_assert_eq(nested.result, 0);
	weir_token_unref(nested.outer_token);
	weir_token_unref(nested.inner_token);
}
