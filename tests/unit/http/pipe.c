/* http/pipe.c: a bounded buffer between one side that must not wait and one that may. */
#include <criterion/criterion.h>

#include <errno.h>
#include <string.h>

#include "http/pipe.h"
#include "support/must.h"
#include "unit/faults.h"
#include "unit/threads.h"

static char big[WEIR__PIPE_SIZE + 1000];

static char byte_at(uint64_t position)
{
	return (char)(position % 251);
}

static void fill_big(uint64_t from)
{
	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = byte_at(from + i);
}

static struct weir__pipe *make(void)
{
	struct weir__pipe *pipe = NULL;

	cr_assert_eq(weir__pipe_create(&pipe), 0);
	return pipe;
}

static void no_wake(void *arg)
{
	(void)arg;
	cr_assert(false, "the acceptor does not wait");
}

static void count_wake(void *arg)
{
	++*(unsigned *)arg;
}

Test(pipe, needs_memory)
{
	static const enum fault faults[] = {FAULT_CALLOC, FAULT_MALLOC};
	struct weir__pipe *pipe = NULL;

	for (size_t i = 0; i < 2; i++) {
		fault_set(faults[i], 0);
		cr_assert_eq(weir__pipe_create(&pipe), -ENOMEM);
		cr_assert(fault_struck(faults[i]));
		cr_assert_null(pipe);
	}
}

Test(pipe, takes_what_fits_and_says_how_much)
{
	struct weir__pipe *pipe = make();
	char out[10];
	bool wake;

	fill_big(0);
	cr_assert_eq(weir__pipe_put(pipe, big, 5), 5);
	cr_assert_eq(weir__pipe_put(pipe, big + 5, sizeof(big) - 5), WEIR__PIPE_SIZE - 5);
	cr_assert_eq(weir__pipe_put(pipe, big, 1), 0);
	cr_assert_eq(weir__pipe_read(pipe, out, sizeof(out), NULL, &wake), 10);
	cr_assert_arr_eq(out, big, 10);
	cr_assert_not(wake, "it is not worth it yet");
	cr_assert_eq(weir__pipe_put(pipe, big, 100), 10);
	cr_assert_eq(weir__pipe_passed(pipe), 10);
	weir__pipe_destroy(pipe);
}

Test(pipe, keeps_the_order_around_its_end)
{
	struct weir__pipe *pipe = make();
	uint64_t in = 0, out = 0;
	char buffer[50000];
	bool wake;

	for (int i = 0; i < 200; i++) {
		size_t size = (size_t)(i * 977) % sizeof(buffer);
		ssize_t got;

		fill_big(in);
		in += weir__pipe_put(pipe, big, size);
		got = in > out ? weir__pipe_read(pipe, buffer, sizeof(buffer) / 3, NULL, &wake) : 0;
		for (ssize_t k = 0; k < got; k++)
			cr_assert_eq(buffer[k], byte_at(out + (uint64_t)k));
		out += (uint64_t)got;
	}
	cr_assert_gt(out, 2 * WEIR__PIPE_SIZE);
	cr_assert_eq(weir__pipe_passed(pipe), out);
	weir__pipe_destroy(pipe);
}

Test(pipe, a_waiting_acceptor_is_woken_once_half_is_free)
{
	struct weir__pipe *pipe = make();
	static char out[WEIR__PIPE_SIZE];
	bool wake;

	cr_assert_eq(weir__pipe_put(pipe, big, sizeof(big)), WEIR__PIPE_SIZE);
	cr_assert_eq(weir__pipe_read(pipe, out, WEIR__PIPE_SIZE / 2 - 1, NULL, &wake),
		     WEIR__PIPE_SIZE / 2 - 1);
	cr_assert_not(wake);
	cr_assert_eq(weir__pipe_read(pipe, out, 1, NULL, &wake), 1);
	cr_assert(wake);
	cr_assert_eq(weir__pipe_read(pipe, out, 1, NULL, &wake), 1);
	cr_assert_not(wake, "it was told already");
	weir__pipe_destroy(pipe);
}

Test(pipe, the_acceptor_that_found_nothing_is_woken_by_a_write)
{
	struct weir__pipe *pipe = make();
	unsigned wakes = 0;
	char out[10];

	cr_assert_eq(weir__pipe_write(pipe, "ab", 2, NULL, no_wake, NULL), 0);
	cr_assert_eq(weir__pipe_get(pipe, out, 1), 1);
	cr_assert_eq(weir__pipe_get(pipe, out + 1, 9), 1);
	cr_assert_arr_eq(out, "ab", 2);
	cr_assert_eq(weir__pipe_get(pipe, out, sizeof(out)), 0);
	cr_assert_eq(weir__pipe_write(pipe, "", 0, NULL, no_wake, NULL), 0);
	cr_assert_eq(weir__pipe_write(pipe, "c", 1, NULL, count_wake, &wakes), 0);
	cr_assert_eq(weir__pipe_write(pipe, "d", 1, NULL, count_wake, &wakes), 0);
	cr_assert_eq(wakes, 1);
	weir__pipe_destroy(pipe);
}

Test(pipe, after_its_end_the_rest_is_read_and_then_nothing)
{
	struct weir__pipe *pipe = make();
	char out[10];
	bool wake;

	cr_assert_eq(weir__pipe_put(pipe, "abc", 3), 3);
	cr_assert_not(weir__pipe_finished(pipe));
	cr_assert_not(weir__pipe_end(pipe, 0));
	cr_assert_not(weir__pipe_finished(pipe));
	cr_assert_eq(weir__pipe_read(pipe, out, 2, NULL, &wake), 2);
	cr_assert_eq(weir__pipe_read(pipe, out, 2, NULL, &wake), 1);
	cr_assert(weir__pipe_finished(pipe));
	cr_assert_eq(weir__pipe_read(pipe, out, 2, NULL, &wake), 0);
	cr_assert_eq(weir__pipe_read(pipe, out, 2, NULL, &wake), 0);
	weir__pipe_destroy(pipe);
}

Test(pipe, the_acceptor_sees_the_end_behind_what_is_there)
{
	struct weir__pipe *pipe = make();
	char out[10];

	cr_assert_eq(weir__pipe_write(pipe, "abc", 3, NULL, no_wake, NULL), 0);
	(void)weir__pipe_end(pipe, 0);
	cr_assert_eq(weir__pipe_get(pipe, out, sizeof(out)), 3);
	cr_assert_eq(weir__pipe_get(pipe, out, sizeof(out)), WEIR__PIPE_AT_END);
	weir__pipe_destroy(pipe);
}

Test(pipe, an_end_with_an_error_is_for_both)
{
	struct weir__pipe *pipe = make();
	char out[10];
	bool wake;

	cr_assert_eq(weir__pipe_get(pipe, out, sizeof(out)), 0);
	cr_assert(weir__pipe_end(pipe, -EIO), "the acceptor waits");
	cr_assert_not(weir__pipe_end(pipe, -EPIPE));
	cr_assert_eq(weir__pipe_get(pipe, out, sizeof(out)), -EIO);
	cr_assert_eq(weir__pipe_read(pipe, out, sizeof(out), NULL, &wake), -EIO);
	cr_assert_eq(weir__pipe_write(pipe, "a", 1, NULL, no_wake, NULL), -EIO);
	cr_assert_eq(weir__pipe_flush(pipe, NULL), -EIO);
	/* Nobody reads any more: what still comes is swallowed. */
	cr_assert_eq(weir__pipe_put(pipe, big, sizeof(big)), sizeof(big));
	weir__pipe_destroy(pipe);
}

Test(pipe, a_tripped_token_ends_every_wait_before_it_begins)
{
	struct weir__pipe *pipe = make();
	weir_token *token;
	char out[10];
	bool wake;

	cr_assert_eq(weir_token_create(NULL, WEIR_NEVER, &token), 0);
	(void)weir_token_cancel(token, WEIR_REASON_USER, NULL);
	cr_assert_eq(weir__pipe_put(pipe, "a", 1), 1);
	cr_assert_eq(weir__pipe_read(pipe, out, 1, token, &wake), -ECANCELED);
	cr_assert_eq(weir__pipe_write(pipe, "a", 1, token, no_wake, NULL), -ECANCELED);
	cr_assert_eq(weir__pipe_flush(pipe, token), -ECANCELED);
	weir_token_unref(token);
	weir__pipe_destroy(pipe);
}

/* A worker that waits, and what came of it. */
struct waiter {
	struct thread thread;
	struct weir__pipe *pipe;
	weir_token *token;
	ssize_t result;
	bool wake;
	unsigned wakes;
	char out[10];
};

static void read_some(void *arg)
{
	struct waiter *waiter = arg;

	waiter->result = weir__pipe_read(waiter->pipe, waiter->out, sizeof(waiter->out),
					 waiter->token, &waiter->wake);
}

static void write_too_much(void *arg)
{
	struct waiter *waiter = arg;

	waiter->result = weir__pipe_write(waiter->pipe, big, sizeof(big), waiter->token, count_wake,
					  &waiter->wakes);
}

static void flush(void *arg)
{
	struct waiter *waiter = arg;

	waiter->result = weir__pipe_flush(waiter->pipe, waiter->token);
}

static void wait_in(struct waiter *waiter, void (*call)(void *arg))
{
	cr_assert_eq(weir_token_create(NULL, WEIR_NEVER, &waiter->token), 0);
	thread_start(&waiter->thread, call, waiter);
	thread_await_waiting(&waiter->thread);
}

static void waited(struct waiter *waiter)
{
	thread_join(&waiter->thread);
	weir_token_unref(waiter->token);
	weir__pipe_destroy(waiter->pipe);
}

Test(waiting, reader_gets_what_is_put)
{
	static struct waiter waiter;

	waiter.pipe = make();
	wait_in(&waiter, read_some);
	cr_assert_eq(weir__pipe_put(waiter.pipe, "abc", 3), 3);
	waited(&waiter);
	cr_assert_eq(waiter.result, 3);
	cr_assert_arr_eq(waiter.out, "abc", 3);
}

Test(waiting, reader_sees_the_end)
{
	static struct waiter waiter;

	waiter.pipe = make();
	wait_in(&waiter, read_some);
	(void)weir__pipe_end(waiter.pipe, 0);
	waited(&waiter);
	cr_assert_eq(waiter.result, 0);
}

Test(waiting, reader_is_cancelled)
{
	static struct waiter waiter;

	waiter.pipe = make();
	wait_in(&waiter, read_some);
	(void)weir_token_cancel(waiter.token, WEIR_REASON_USER, NULL);
	waited(&waiter);
	cr_assert_eq(waiter.result, -ECANCELED);
}

Test(waiting, writer_goes_on_as_room_comes)
{
	static struct waiter waiter;
	static char out[sizeof(big)];
	size_t taken = 0;

	waiter.pipe = make();
	fill_big(7);
	wait_in(&waiter, write_too_much);
	while (taken < sizeof(out)) {
		ssize_t got = weir__pipe_get(waiter.pipe, out + taken, 500);

		cr_assert_geq(got, 0);
		taken += (size_t)got;
	}
	waited(&waiter);
	cr_assert_eq(waiter.result, 0);
	cr_assert_eq(memcmp(out, big, sizeof(out)), 0);
}

Test(waiting, writer_is_cancelled)
{
	static struct waiter waiter;

	waiter.pipe = make();
	wait_in(&waiter, write_too_much);
	(void)weir_token_cancel(waiter.token, WEIR_REASON_USER, NULL);
	waited(&waiter);
	cr_assert_eq(waiter.result, -ECANCELED);
}

Test(waiting, writer_sees_the_end)
{
	static struct waiter waiter;

	waiter.pipe = make();
	wait_in(&waiter, write_too_much);
	(void)weir__pipe_end(waiter.pipe, -ECANCELED);
	waited(&waiter);
	cr_assert_eq(waiter.result, -ECANCELED);
}

Test(waiting, flush_waits_until_all_was_taken)
{
	static struct waiter waiter;
	char out[3];

	waiter.pipe = make();
	cr_assert_eq(weir__pipe_write(waiter.pipe, "abc", 3, NULL, no_wake, NULL), 0);
	wait_in(&waiter, flush);
	cr_assert_eq(weir__pipe_get(waiter.pipe, out, 2), 2);
	cr_assert_eq(weir__pipe_get(waiter.pipe, out, 2), 1);
	waited(&waiter);
	cr_assert_eq(waiter.result, 0);
}
