/* weir_server_on_signal(): weir_server_run() takes signals of the program's own, on its thread, and
 * they are not counted among those that stop it. */
#include <criterion/criterion.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#include "support/fixture.h"
#include "support/gate.h"
#include "support/handlers.h"
#include "support/must.h"

struct taker {
	struct gate gate;
	pthread_t thread;
	_Atomic int number;
};

static void take(weir_server *server, int number, void *arg)
{
	struct taker *taker = arg;

	(void)server;
	taker->thread = pthread_self();
	atomic_store(&taker->number, number);
	gate_announce(&taker->gate);
}

static void *run(void *arg)
{
	struct fixture *fixture = arg;

	return (void *)(intptr_t)weir_server_run(fixture->server, &fixture->report);
}

/* As a program that calls weir_server_run() first of all would have it. */
static void block(const int *numbers, size_t count)
{
	sigset_t mask;

	(void)sigemptyset(&mask);
	for (size_t i = 0; i < count; i++)
		(void)sigaddset(&mask, numbers[i]);
	cr_assert_eq(pthread_sigmask(SIG_BLOCK, &mask, NULL), 0);
}

Test(signals_of_the_program, are_given_to_it)
{
	static const int numbers[] = {SIGHUP, SIGUSR1, SIGINT, SIGTERM};
	struct taker hup = {.number = 0}, usr1 = {.number = 0}, never = {.number = 0};
	struct fixture fixture;
	pthread_t thread;
	void *result;

	gate_init(&hup.gate);
	gate_init(&usr1.gate);
	gate_init(&never.gate);
	block(numbers, 4);
	fixture_create(&fixture, NULL);
	fixture_route(&fixture, "GET /", handle_hello, NULL);
	cr_assert_eq(weir_server_on_signal(fixture.server, SIGHUP, take, &hup), 0);
	cr_assert_eq(weir_server_on_signal(fixture.server, SIGUSR1, take, &never), 0);
	cr_assert_eq(weir_server_on_signal(fixture.server, SIGUSR1, take, &usr1), 0);
	cr_assert_eq(pthread_create(&thread, NULL, run, &fixture), 0);

	/* Three of them would be two too many for SIGTERM. */
	for (int i = 0; i < 3; i++) {
		cr_assert_eq(pthread_kill(thread, SIGHUP), 0);
		gate_await(&hup.gate, 1);
	}
	cr_expect_eq(atomic_load(&hup.number), SIGHUP);
	cr_expect(pthread_equal(hup.thread, thread));
	cr_assert_eq(pthread_kill(thread, SIGUSR1), 0);
	gate_await(&usr1.gate, 1);
	cr_expect_eq(atomic_load(&usr1.number), SIGUSR1);
	cr_expect_eq(gate_arrivals(&never.gate), 0);
	cr_expect_not(weir_server_stopping(fixture.server));

	/* NOLINTNEXTLINE(bugprone-bad-signal-to-kill-thread,cert-pos44-c): taken, not fatal */
	cr_assert_eq(pthread_kill(thread, SIGTERM), 0);
	cr_assert_eq(pthread_join(thread, &result), 0);
	cr_expect_eq((intptr_t)result, WEIR_CLEAN);
	cr_expect_str_eq(fixture.report->who, "SIGTERM");
	fixture_destroy(&fixture);
	gate_destroy(&hup.gate);
	gate_destroy(&usr1.gate);
	gate_destroy(&never.gate);
}

Test(signals_of_the_program, have_limits)
{
	const int refused[] = {SIGINT, SIGTERM, SIGKILL, SIGSTOP,      SIGSEGV,
			       SIGBUS, 0,       -1,      SIGRTMAX + 1, SIGRTMIN - 1};
	struct fixture fixture;
	struct taker taker = {.number = 0};

	fixture_create(&fixture, NULL);
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		cr_expect_eq(weir_server_on_signal(fixture.server, refused[i], take, &taker),
			     -EINVAL, "signal %d", refused[i]);
	cr_expect_eq(weir_server_on_signal(fixture.server, SIGHUP, NULL, NULL), -EINVAL);
	for (int i = 0; i < 8; i++)
		cr_expect_eq(weir_server_on_signal(fixture.server, SIGRTMIN + i, take, &taker), 0);
	cr_expect_eq(weir_server_on_signal(fixture.server, SIGHUP, take, &taker), -ENOSPC);
	cr_expect_eq(weir_server_on_signal(fixture.server, SIGRTMIN, take, &taker), 0);
	weir_server_destroy(fixture.server);
	log_capture_destroy(&fixture.log);
}
