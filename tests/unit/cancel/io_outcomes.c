/* cancel/io: what holds for every call, on every sort of descriptor (io_ops.h). */
#include <criterion/criterion.h>

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "support/descriptors.h"
#include "support/must.h"
#include "support/token.h"
#include "unit/cancel/io_ops.h"

TestSuite(io, .timeout = 60);

/* A call on a thread of its own. */
struct caller {
	const struct io_op *op;
	struct io_state state;
	weir_token *token;
	weir_time until;
	struct thread thread;
	_Atomic bool over;
	int result;
};

static void make_call(void *arg)
{
	struct caller *caller = arg;

	caller->result = caller->op->call(&caller->state, caller->token, caller->until);
	atomic_store(&caller->over, true);
}

/* Comes back when the call sleeps. */
static void caller_start(struct caller *caller, const struct io_op *op, weir_token *token,
			 weir_time until)
{
	*caller = (struct caller){.op = op, .token = token, .until = until};
	io_open(op, &caller->state);
	thread_start(&caller->thread, make_call, caller);
	io_await_in(&caller->thread, op->waits_in);
}

static void caller_end(struct caller *caller, int expected)
{
	thread_join(&caller->thread);
	must(caller->result == expected, "%s: %d, not %d", caller->op->name, caller->result,
	     expected);
}

/* What a test leaves open would show in the next one's count. */
static void (*each_test)(const struct io_op *op);

static void run_test(const struct io_op *op)
{
	unsigned fds = descriptors_count();

	each_test(op);
	io_await_fds(fds, op->name);
}

static void each_op(void (*test)(const struct io_op *op))
{
	each_test = test;
	io_each(run_test);
}

/* A call that was not made has taken nothing: it can be made now. */
static void must_be_done(const struct io_op *op, struct io_state *state)
{
	int result = op->call(state, NULL, WEIR_NEVER);

	must(result == 0, "%s: %d", op->name, result);
}

static void done_at_once(const struct io_op *op)
{
	weir_token *token = token_make(NULL);
	struct io_state state;
	unsigned fds;
	int result;

	io_open(op, &state);
	op->ready(&state);
	fds = descriptors_count();
	result = op->call(&state, token, weir_after(MUST_PATIENCE));
	must(result == 0, "%s: %d", op->name, result);
	must(descriptors_count() == fds, "%s: a descriptor was made for nothing", op->name);
	io_close(&state);
	weir_token_unref(token);
}

Test(io, what_can_be_done_at_once_is_done_without_a_descriptor)
{
	each_op(done_at_once);
}

static void done_without_token(const struct io_op *op)
{
	struct io_state state;

	io_open(op, &state);
	op->ready(&state);
	must_be_done(op, &state);
	io_close(&state);
}

Test(io, there_need_be_neither_token_nor_time)
{
	each_op(done_without_token);
}

static void tripped_before(const struct io_op *op)
{
	weir_token *token = token_make(NULL);
	struct io_state state;
	int result;

	must(weir_token_cancel(token, WEIR_REASON_REQUESTED, NULL), "it was tripped");
	io_open(op, &state);
	result = op->call(&state, token, WEIR_NEVER);
	must(result == -ECANCELED, "%s: %d", op->name, result);
	op->ready(&state);
	result = op->call(&state, token, WEIR_NEVER);
	must(result == -ECANCELED, "%s, ready: %d", op->name, result);
	result = op->call(&state, token, 0);
	must(result == -ECANCELED, "%s, late: %d", op->name, result);
	must_be_done(op, &state);
	io_close(&state);
	weir_token_unref(token);
}

Test(io, a_tripped_token_wins_and_nothing_is_done)
{
	each_op(tripped_before);
}

static void late(const struct io_op *op)
{
	static const weir_time times[] = {0, -1, INT64_MIN, 1};
	weir_token *token = token_make(NULL);
	struct io_state state;
	int result;

	io_open(op, &state);
	op->ready(&state);
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		result = op->call(&state, token, times[i]);
		must(result == -ETIMEDOUT, "%s: %d", op->name, result);
		result = op->call(&state, NULL, times[i]);
		must(result == -ETIMEDOUT, "%s, without token: %d", op->name, result);
	}
	must_be_done(op, &state);
	io_close(&state);
	weir_token_unref(token);
}

Test(io, after_its_time_nothing_is_done)
{
	each_op(late);
}

static void timed_out_with(const struct io_op *op, weir_token *token)
{
	weir_time until = weir_after(3 * WEIR_MILLISECOND);
	struct io_state state;
	int result;

	io_open(op, &state);
	result = op->call(&state, token, until);
	must(result == -ETIMEDOUT, "%s: %d", op->name, result);
	must(weir_now() >= until, "%s: too early", op->name);
	if (!op->once) {
		op->ready(&state);
		must_be_done(op, &state);
	}
	io_close(&state);
}

static void timed_out(const struct io_op *op)
{
	weir_token *token = token_make(NULL);

	timed_out_with(op, token);
	timed_out_with(op, NULL);
	must(weir_token_check(token) == 0, "%s: the token is tripped", op->name);
	weir_token_unref(token);
}

Test(io, ends_at_its_time_and_not_before)
{
	each_op(timed_out);
}

static void tripped_while_waiting(const struct io_op *op)
{
	weir_token *token = token_make(NULL);
	struct caller caller;

	caller_start(&caller, op, token, WEIR_NEVER);
	must(weir_token_cancel(token, WEIR_REASON_REQUESTED, NULL), "it was tripped");
	caller_end(&caller, -ECANCELED);
	if (!op->once) {
		op->ready(&caller.state);
		must_be_done(op, &caller.state);
	}
	io_close(&caller.state);
	weir_token_unref(token);
}

Test(io, a_trip_ends_the_wait_and_nothing_was_done)
{
	each_op(tripped_while_waiting);
}

static void tripped_by_deadline(const struct io_op *op)
{
	weir_token *token = NULL;
	struct io_state state;
	int result;

	io_open(op, &state);
	must(weir_token_create(NULL, weir_after(3 * WEIR_MILLISECOND), &token) == 0, "no token");
	result = op->call(&state, token, weir_after(MUST_PATIENCE));
	must(result == -ECANCELED, "%s: %d", op->name, result);
	io_close(&state);
	weir_token_unref(token);
}

Test(io, a_deadline_of_the_token_ends_the_wait)
{
	each_op(tripped_by_deadline);
}

static void done_while_waiting_until(const struct io_op *op, weir_token *token, weir_time until)
{
	struct caller caller;

	caller_start(&caller, op, token, until);
	op->ready(&caller.state);
	caller_end(&caller, 0);
	io_close(&caller.state);
}

static void done_while_waiting(const struct io_op *op)
{
	weir_token *token = token_make(NULL);

	done_while_waiting_until(op, token, weir_after(MUST_PATIENCE));
	weir_token_unref(token);
}

Test(io, what_becomes_possible_ends_the_wait)
{
	each_op(done_while_waiting);
}

static void done_while_waiting_without(const struct io_op *op)
{
	done_while_waiting_until(op, NULL, WEIR_NEVER);
}

Test(io, waits_without_token_and_time)
{
	each_op(done_while_waiting_without);
}

static _Atomic unsigned handled;

static void note_signal(int number)
{
	(void)number;
	atomic_fetch_add(&handled, 1);
}

static void install_handler(void)
{
	struct sigaction action = {.sa_handler = note_signal}; /* no SA_RESTART */

	must(sigaction(SIGUSR1, &action, NULL) == 0, "errno %d", errno);
}

static void interrupt(struct caller *caller)
{
	unsigned before = atomic_load(&handled);
	weir_time until = weir_after(MUST_PATIENCE);

	must(pthread_kill(caller->thread.handle, SIGUSR1) == 0, "it has ended");
	while (atomic_load(&handled) == before)
		must(weir_now() < until, "%s: the handler does not run", caller->op->name);
	io_await_in(&caller->thread, caller->op->waits_in);
}

static void interrupted(const struct io_op *op)
{
	weir_token *token = token_make(NULL);
	struct caller caller;

	caller_start(&caller, op, token, weir_after(MUST_PATIENCE));
	for (int i = 0; i < 3; i++)
		interrupt(&caller);
	op->ready(&caller.state);
	caller_end(&caller, 0);
	io_close(&caller.state);
	weir_token_unref(token);
}

Test(io, signals_do_not_end_the_wait)
{
	install_handler();
	each_op(interrupted);
}

static void interrupted_and_late(const struct io_op *op)
{
	weir_time until = weir_after(20 * WEIR_MILLISECOND);
	weir_token *token = token_make(NULL);
	struct caller caller = {.op = op, .token = token, .until = until};

	io_open(op, &caller.state);
	thread_start(&caller.thread, make_call, &caller);
	/* more often than the time is long: whoever begins anew after each never ends */
	while (!atomic_load(&caller.over)) {
		must(weir_now() < until + MUST_PATIENCE, "%s: it does not end", op->name);
		(void)pthread_kill(caller.thread.handle, SIGUSR1);
		(void)sched_yield();
	}
	must(weir_now() >= until, "%s: too early", op->name);
	caller_end(&caller, -ETIMEDOUT);
	io_close(&caller.state);
	weir_token_unref(token);
}

Test(io, signals_do_not_make_the_wait_longer)
{
	install_handler();
	each_op(interrupted_and_late);
}

static void without_descriptors(const struct io_op *op)
{
	weir_token *token = token_make(NULL);
	struct rlimit limit, none;
	struct io_state state;
	int result;

	if (op->no_fd || op->waits_in != SYS_ppoll) {
		weir_token_unref(token);
		return;
	}
	io_open(op, &state);
	must(getrlimit(RLIMIT_NOFILE, &limit) == 0, "errno %d", errno);
	none = limit;
	none.rlim_cur = 3; /* poll(2) looks at it, too */
	must(setrlimit(RLIMIT_NOFILE, &none) == 0, "errno %d", errno);
	result = op->call(&state, token, weir_after(MUST_PATIENCE));
	must(setrlimit(RLIMIT_NOFILE, &limit) == 0, "errno %d", errno);
	must(result == -EMFILE, "%s: %d", op->name, result);
	if (!op->once) {
		op->ready(&state);
		must_be_done(op, &state);
	}
	io_close(&state);
	weir_token_unref(token);
}

Test(io, says_when_there_is_no_descriptor_for_the_token)
{
	each_op(without_descriptors);
}

static void called_under_a_trip_storm(const struct io_op *op)
{
	/* a trip at about the moment at which the call goes to sleep, some before, some after */
	for (unsigned i = 0; i < 20; i++) {
		weir_token *token = token_make(NULL);
		struct caller caller = {
			.op = op, .token = token, .until = weir_after(MUST_PATIENCE)};
		weir_time at;

		io_open(op, &caller.state);
		thread_start(&caller.thread, make_call, &caller);
		while (atomic_load(&caller.thread.id) == 0)
			(void)sched_yield();
		at = weir_after((weir_time)i * 2 * WEIR_MICROSECOND);
		while (weir_now() < at)
			;
		(void)weir_token_cancel(token, WEIR_REASON_REQUESTED, NULL);
		caller_end(&caller, -ECANCELED);
		io_close(&caller.state);
		weir_token_unref(token);
	}
}

Test(io, no_trip_is_lost_on_the_way_to_sleep)
{
	each_op(called_under_a_trip_storm);
}
