/* cancel/channel.c: weir_queue: each outcome of each call. */
#include <criterion/criterion.h>

#include <errno.h>
#include <stdint.h>

#include <weir/queue.h>

#include "support/token.h"
#include "unit/faults.h"
#include "unit/threads.h"

TestSuite(channel, .timeout = 60);

static weir_queue *make_queue(size_t capacity)
{
	weir_queue *queue = NULL;

	cr_assert_eq(weir_queue_create(capacity, &queue), 0);
	return queue;
}

static void *item(uintptr_t number)
{
	return (void *)number;
}

/* At once or not at all. */
static int push(weir_queue *queue, uintptr_t number)
{
	return weir_queue_push(queue, item(number), NULL, 0);
}

/* The number, or an error. */
static intptr_t pop(weir_queue *queue)
{
	void *out = NULL;
	int error = weir_queue_pop(queue, &out, NULL, 0);

	return error ? error : (intptr_t)out;
}

struct caller {
	weir_queue *queue;
	weir_token *token;
	weir_time until;
	void *item;
	int result;
	struct thread thread;
};

static void do_push(void *arg)
{
	struct caller *caller = arg;

	caller->result = weir_queue_push(caller->queue, caller->item, caller->token, caller->until);
}

static void do_pop(void *arg)
{
	struct caller *caller = arg;

	caller->result = weir_queue_pop(caller->queue, &caller->item, caller->token, caller->until);
}

/* Returns when it waits. */
static void start(struct caller *caller, void (*fn)(void *arg), weir_queue *queue,
		  weir_token *token)
{
	*caller = (struct caller){.queue = queue, .token = token, .until = WEIR_NEVER};
	caller->item = item(99);
	thread_start(&caller->thread, fn, caller);
	thread_await_waiting(&caller->thread);
}

static void finish(struct caller *caller, int result)
{
	thread_join(&caller->thread);
	cr_assert_eq(caller->result, result, "%d, not %d", caller->result, result);
}

Test(channel, has_a_capacity)
{
	weir_queue *queue = NULL;

	cr_assert_eq(weir_queue_create(0, &queue), -EINVAL);
	cr_assert_eq(weir_queue_create(16777217, &queue), -EINVAL);
	cr_assert_eq(weir_queue_create(SIZE_MAX, &queue), -EINVAL);
	cr_assert_eq(weir_queue_create(1, NULL), -EINVAL);
	cr_assert_null(queue);
	queue = make_queue(16777216);
	weir_queue_destroy(queue);
	weir_queue_destroy(NULL);
}

Test(channel, needs_memory)
{
	weir_queue *queue = NULL;

	fault_set(FAULT_MALLOC, 0);
	cr_assert_eq(weir_queue_create(4, &queue), -ENOMEM);
	cr_assert_null(queue);
}

Test(channel, gives_back_in_order_what_it_has_room_for)
{
	weir_queue *queue = make_queue(3);

	for (uintptr_t round = 0; round < 10; round++) {
		for (uintptr_t i = 1; i <= 3; i++) {
			cr_assert_eq(weir_queue_length(queue), i - 1);
			cr_assert_eq(push(queue, round * 10 + i), 0);
		}
		cr_assert_eq(push(queue, 4), -ETIMEDOUT);
		for (uintptr_t i = 1; i <= 3; i++)
			cr_assert_eq(pop(queue), (intptr_t)(round * 10 + i));
		cr_assert_eq(pop(queue), -ETIMEDOUT);
		cr_assert_eq(push(queue, 7), 0); /* so that the next round begins elsewhere */
		cr_assert_eq(pop(queue), 7);
	}
	cr_assert_eq(push(queue, 0), 0, "NULL is an item like any");
	cr_assert_eq(pop(queue), 0);
	cr_assert_eq(push(queue, 8), 0);
	weir_queue_destroy(queue);
}

Test(channel, a_pop_waits_for_an_item)
{
	weir_queue *queue = make_queue(2);
	weir_token *token = token_make(NULL);
	struct caller first, second;

	start(&first, do_pop, queue, NULL);
	start(&second, do_pop, queue, token);
	cr_assert_eq(push(queue, 5), 0);
	finish(&first, 0);
	cr_assert_eq(first.item, item(5));
	thread_await_asleep(second.thread.id);
	cr_assert_eq(push(queue, 6), 0);
	finish(&second, 0);
	cr_assert_eq(second.item, item(6));
	weir_queue_destroy(queue);
	weir_token_unref(token);
}

Test(channel, a_push_waits_for_room)
{
	weir_queue *queue = make_queue(1);
	weir_token *token = token_make(NULL);
	struct caller caller;

	cr_assert_eq(push(queue, 1), 0);
	start(&caller, do_push, queue, token);
	cr_assert_eq(pop(queue), 1);
	finish(&caller, 0);
	cr_assert_eq(pop(queue), 99);
	weir_queue_destroy(queue);
	weir_token_unref(token);
}

Test(channel, waits_end_at_their_time)
{
	weir_queue *queue = make_queue(1);
	weir_token *token = token_make(NULL);
	weir_time until = weir_after(5 * WEIR_MILLISECOND);
	void *out = item(3);

	cr_assert_eq(weir_queue_pop(queue, &out, token, until), -ETIMEDOUT);
	cr_assert_geq(weir_now(), until);
	cr_assert_eq(out, item(3), "not touched");
	cr_assert_eq(push(queue, 1), 0);
	until = weir_after(5 * WEIR_MILLISECOND);
	cr_assert_eq(weir_queue_push(queue, item(2), token, until), -ETIMEDOUT);
	cr_assert_geq(weir_now(), until);
	cr_assert_eq(weir_queue_push(queue, item(2), token, -1), -ETIMEDOUT);
	cr_assert_eq(weir_queue_length(queue), 1);
	weir_queue_destroy(queue);
	weir_token_unref(token);
}

Test(channel, a_trip_ends_the_waits_under_it_and_no_other)
{
	weir_queue *empty = make_queue(1), *full = make_queue(1);
	weir_token *token = token_make(NULL), *live = token_make(NULL);
	struct caller pops, pushes, pops_on, pushes_on;

	cr_assert_eq(push(full, 1), 0);
	start(&pops, do_pop, empty, token);
	start(&pops_on, do_pop, empty, live);
	start(&pushes, do_push, full, token);
	start(&pushes_on, do_push, full, live);
	cr_assert(weir_token_cancel(token, WEIR_REASON_REQUESTED, NULL));
	finish(&pops, -ECANCELED);
	finish(&pushes, -ECANCELED);
	thread_await_asleep(pops_on.thread.id);
	thread_await_asleep(pushes_on.thread.id);
	cr_assert_eq(push(empty, 4), 0);
	finish(&pops_on, 0);
	cr_assert_eq(pop(full), 1);
	finish(&pushes_on, 0);
	cr_assert_eq(pop(full), 99);
	weir_queue_destroy(empty);
	weir_queue_destroy(full);
	weir_token_unref(token);
	weir_token_unref(live);
}

Test(channel, a_tripped_token_is_told_even_if_there_is_something)
{
	weir_queue *queue = make_queue(2);
	weir_token *token = token_make(NULL);
	void *out = item(3);

	cr_assert_eq(push(queue, 1), 0);
	cr_assert(weir_token_cancel(token, WEIR_REASON_REQUESTED, NULL));
	cr_assert_eq(weir_queue_push(queue, item(2), token, WEIR_NEVER), -ECANCELED);
	cr_assert_eq(weir_queue_pop(queue, &out, token, 0), -ECANCELED);
	cr_assert_eq(out, item(3), "not touched");
	cr_assert_eq(pop(queue), 1, "to drain it, NULL");
	cr_assert_eq(weir_queue_pop(queue, &out, token, WEIR_NEVER), -ECANCELED);
	weir_queue_close(queue);
	cr_assert_eq(weir_queue_push(queue, item(2), token, WEIR_NEVER), -ECANCELED);
	cr_assert_eq(weir_queue_pop(queue, &out, token, WEIR_NEVER), -ECANCELED);
	weir_queue_destroy(queue);
	weir_token_unref(token);
}

Test(channel, what_was_pushed_before_the_close_is_delivered)
{
	weir_queue *queue = make_queue(4);

	cr_assert_eq(push(queue, 1), 0);
	cr_assert_eq(push(queue, 2), 0);
	weir_queue_close(queue);
	weir_queue_close(queue);
	cr_assert_eq(push(queue, 3), -EPIPE);
	cr_assert_eq(weir_queue_length(queue), 2);
	cr_assert_eq(pop(queue), 1);
	cr_assert_eq(pop(queue), 2);
	cr_assert_eq(pop(queue), -EPIPE);
	cr_assert_eq(push(queue, 3), -EPIPE);
	weir_queue_destroy(queue);
}

Test(channel, a_close_wakes_everybody)
{
	weir_queue *empty = make_queue(1), *full = make_queue(1);
	struct caller pops[3], pushes[3];
	weir_token *token = token_make(NULL);

	cr_assert_eq(push(full, 1), 0);
	for (size_t i = 0; i < 3; i++) {
		start(&pops[i], do_pop, empty, i ? token : NULL);
		start(&pushes[i], do_push, full, i ? token : NULL);
	}
	weir_queue_close(empty);
	weir_queue_close(full);
	for (size_t i = 0; i < 3; i++) {
		finish(&pops[i], -EPIPE);
		finish(&pushes[i], -EPIPE);
	}
	cr_assert_eq(pop(full), 1);
	cr_assert_eq(pop(full), -EPIPE);
	weir_queue_destroy(empty);
	weir_queue_destroy(full);
	weir_token_unref(token);
}

static void expect_waiting(weir_token *token, const char *where)
{
	struct weir_last_check last;

	cr_assert_eq(weir_token_last_check(token, &last), 0);
	cr_assert_str_eq(last.where, where);
	cr_assert_eq(last.waiting, 1);
}

Test(channel, the_token_knows_of_the_wait)
{
	weir_queue *queue = make_queue(1);
	weir_token *pop_token = token_make(NULL), *push_token = token_make(NULL);
	struct caller caller;

	start(&caller, do_pop, queue, pop_token);
	expect_waiting(pop_token, "weir_queue_pop()");
	cr_assert_eq(push(queue, 1), 0);
	finish(&caller, 0);
	cr_assert_eq(push(queue, 2), 0);
	start(&caller, do_push, queue, push_token);
	expect_waiting(push_token, "weir_queue_push()");
	cr_assert_eq(pop(queue), 2);
	finish(&caller, 0);
	weir_queue_destroy(queue);
	weir_token_unref(pop_token);
	weir_token_unref(push_token);
}
