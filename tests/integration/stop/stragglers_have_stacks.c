/* A handler that never comes back is named in the report with the stack of its thread, whatever
 * it is stuck in: in text, in JSON and in the log. */
#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <weir/io.h>
#include <weir/stack.h>

#include "support/fixture.h"
#include "support/gate.h"
#include "support/must.h"

/* A function that the test's symbolizer knows although it is static: it is alone in a section, of
 * which the linker tells where it begins and ends. */
#define KNOWN(name) static __attribute__((noinline, section("known_" #name))) int name
#define BOUNDS(name) extern const char __start_known_##name[], __stop_known_##name[]

BOUNDS(spin_for_ever);
BOUNDS(deadlocked);
BOUNDS(dig);

static struct gate gate;
static int idle_pipe[2];
static pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER;
static atomic_bool released;
static weir_token *until_released;

KNOWN(spin_for_ever)(void)
{
	while (!atomic_load_explicit(&released, memory_order_relaxed))
		atomic_signal_fence(memory_order_seq_cst);
	return 0;
}

static int in_a_loop(void)
{
	return spin_for_ever();
}

static int in_read(void)
{
	char byte;
	ssize_t count = read(idle_pipe[0], &byte, 1);

	return count < 0 ? -errno : 0;
}

static int in_nanosleep(void)
{
	const struct timespec moment = {.tv_nsec = 200 * WEIR_MILLISECOND};

	while (!atomic_load_explicit(&released, memory_order_relaxed))
		if (nanosleep(&moment, NULL) && errno != EINTR)
			return -errno;
	return 0;
}

static int in_weir_sleep(void)
{
	int error = weir_sleep(until_released, WEIR_NEVER);

	return error == -ECANCELED ? 0 : error;
}

KNOWN(deadlocked)(void)
{
	int error = pthread_mutex_lock(&held);

	if (!error)
		(void)pthread_mutex_unlock(&held);
	return -error;
}

KNOWN(dig)(int depth)
{
	int (*volatile again)(int) = dig; /* so that it is a call, and not the last one */

	return depth ? again(depth - 1) + 1 : spin_for_ever();
}

static int deep_down(void)
{
	return dig(100) == 100 ? 0 : -EIO;
}

static int in_silence(void)
{
	sigset_t all, before;
	int error;

	(void)sigfillset(&all);
	error = -pthread_sigmask(SIG_SETMASK, &all, &before);
	if (!error)
		error = gate_pass(&gate);
	return error ? error : -pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static int handle(weir_request *request, weir_response *response, weir_token *token)
{
	int (*const *block)(void) = weir_request_context(request);
	int error;

	(void)token;
	gate_announce(&gate);
	error = (*block)();
	if (!error)
		error = weir_response_printf(response, "done\n");
	gate_announce(&gate);
	return error;
}

static int is_in(const char *start, const char *stop, uintptr_t address)
{
	return address > (uintptr_t)start && address <= (uintptr_t)stop;
}

/* Names the functions above, and what the dynamic linker knows. */
static int name(void *arg, uintptr_t address, char *out, size_t size)
{
#define NAME(function)                                                                             \
	if (is_in(__start_known_##function, __stop_known_##function, address)) {                   \
		(void)snprintf(out, size, "test!" #function);                                      \
		return 0;                                                                          \
	}
	NAME(spin_for_ever)
	NAME(deadlocked)
	NAME(dig)
#undef NAME
	return weir_symbolize_elf(arg, address, out, size);
}

struct stuck {
	struct fixture fixture;
	struct client client;
};

static void begin(struct stuck *stuck, int (*const *block)(void))
{
	static const struct weir_server_options hurried = {.grace = 10 * WEIR_MILLISECOND,
							   .drain_timeout = 50 * WEIR_MILLISECOND,
							   .workers = 2,
							   .symbolizer = name};

	gate_init(&gate);
	cr_assert_eq(weir_token_create(NULL, WEIR_NEVER, &until_released), 0);
	cr_assert_eq(pipe(idle_pipe), 0);
	cr_assert_eq(pthread_mutex_lock(&held), 0);
	fixture_serve(&stuck->fixture, &hurried, "GET /stuck", handle, (void *)block);
	client_open(&stuck->client, stuck->fixture.url);
	client_send_text(&stuck->client, "GET /stuck HTTP/1.1\r\nHost: test\r\n\r\n");
	gate_await(&gate, 1);
}

/* Until the handler has come to where it gets stuck. */
static void await_there(struct stuck *stuck, const char *expected)
{
	weir_time patience = weir_after(MUST_PATIENCE);
	char *text;
	int there;

	do {
		cr_assert_eq(weir_server_stacks_text(stuck->fixture.server, &text, NULL), 0);
		there = strstr(text, expected) != NULL;
		if (!there)
			cr_assert_lt(weir_now(), patience, "%s\nnot in\n%s", expected, text);
		free(text);
		(void)sched_yield();
	} while (!there);
}

static const struct weir_straggler *stop(struct stuck *stuck)
{
	const struct weir_report *report;

	weir_server_stop(stuck->fixture.server, "test");
	report = fixture_await(&stuck->fixture, WEIR_ABANDONED);
	cr_assert_eq(report->straggler_count, 1);
	cr_assert_not_null(report->stragglers[0].stack);
	return &report->stragglers[0];
}

static void release(struct stuck *stuck)
{
	atomic_store(&released, true);
	(void)weir_token_cancel(until_released, WEIR_REASON_REQUESTED, NULL);
	cr_assert_eq(write(idle_pipe[1], "x", 1), 1);
	cr_assert_eq(pthread_mutex_unlock(&held), 0);
	gate_open(&gate, 1);
	client_close(&stuck->client);
	fixture_destroy(&stuck->fixture);
}

static void expect(int (*block)(void), const char *expected)
{
	struct stuck stuck;
	const struct weir_straggler *straggler;
	const char *logged;
	char *text;

	begin(&stuck, &block);
	await_there(&stuck, expected);
	straggler = stop(&stuck);
	cr_assert_not_null(strstr(straggler->stack, expected), "%s\nnot in\n%s", expected,
			   straggler->stack);
	cr_assert_eq(weir_report_text(stuck.fixture.report, &text, NULL), 0);
	cr_assert_not_null(strstr(text, expected), "%s", text);
	free(text);
	cr_assert_eq(weir_report_json(stuck.fixture.report, &text, NULL), 0);
	cr_assert_not_null(strstr(text, expected), "%s", text);
	free(text);
	logged = log_capture_field(&stuck.fixture.log, "straggler", "stack");
	cr_assert_not_null(logged);
	cr_assert_not_null(strstr(logged, expected), "%s", logged);
	release(&stuck);
}

Test(stragglers_have_stacks, in_an_endless_loop)
{
	expect(in_a_loop, "test!spin_for_ever");
}

Test(stragglers_have_stacks, in_a_system_call)
{
	expect(in_read, "read");
}

Test(stragglers_have_stacks, in_nanosleep)
{
	expect(in_nanosleep, "nanosleep");
}

/* In which the wait for a token is a futex(2). */
Test(stragglers_have_stacks, in_weir_sleep)
{
	expect(in_weir_sleep, "syscall");
}

Test(stragglers_have_stacks, in_a_mutex)
{
	expect(deadlocked, "test!deadlocked");
}

static size_t lines(const char *text)
{
	size_t count = 1;

	for (; *text; text++)
		count += *text == '\n';
	return count;
}

Test(stragglers_have_stacks, of_which_the_innermost_frames_are_told)
{
	static int (*const block)(void) = deep_down;
	struct stuck stuck;
	const char *stack;

	begin(&stuck, &block);
	await_there(&stuck, "test!spin_for_ever");
	stack = stop(&stuck)->stack;
	cr_assert_eq(lines(stack), WEIR_STACK_MAX, "%s", stack);
	cr_assert_eq(strncmp(stack, "test!spin_for_ever\ntest!dig\ntest!dig\n", 37), 0, "%s",
		     stack);
	release(&stuck);
}

Test(stragglers_have_stacks, unless_they_do_not_answer)
{
	static int (*const block)(void) = in_silence;
	struct stuck stuck;

	begin(&stuck, &block);
	gate_await(&gate, 1); /* in gate_pass() */
	cr_assert_str_eq(stop(&stuck)->stack, "(did not answer)");
	cr_assert_lt(stuck.fixture.report->phase_time[WEIR_PHASE_FORCING], MUST_PATIENCE / 4);
	release(&stuck);
}
