/* drain/coordinator.c: the loop around the steps, with the real clock and real threads. */
#include <criterion/criterion.h>

#include "drain/coordinator.h"
#include "support/gate.h"
#include "support/must.h"
#include "unit/threads.h"

TestSuite(run, .timeout = 60);

struct house {
	struct weir__drain drain;
	_Atomic uint64_t in_flight;
	struct gate stopped, cancelled; /* announced by the part */
	_Atomic int forced;
	struct thread runner;
};

static weir_time real_now(void *arg)
{
	(void)arg;
	return weir_now();
}

static void stop_intake(void *arg)
{
	gate_announce(&((struct house *)arg)->stopped);
}

static uint64_t count(void *arg)
{
	return atomic_load(&((struct house *)arg)->in_flight);
}

static void cancel(void *arg)
{
	gate_announce(&((struct house *)arg)->cancelled);
}

static void force(void *arg)
{
	atomic_store(&((struct house *)arg)->forced, 1);
}

static void run(void *arg)
{
	weir__drain_run(&((struct house *)arg)->drain);
}

static void house_open(struct house *house, weir_time grace, weir_time timeout)
{
	struct weir__drain_options options = {.grace = grace, .timeout = timeout, .now = real_now};
	struct weir__drain_part part = {.name = "house",
					.arg = house,
					.stop_intake = stop_intake,
					.count = count,
					.cancel = cancel,
					.force = force};

	atomic_init(&house->in_flight, 1);
	atomic_init(&house->forced, 0);
	gate_init(&house->stopped);
	gate_init(&house->cancelled);
	cr_assert_eq(weir__drain_init(&house->drain, &options), 0);
	cr_assert_eq(weir__drain_add_part(&house->drain, &part), 0);
	thread_start(&house->runner, run, house);
}

static void house_close(struct house *house)
{
	thread_join(&house->runner);
	cr_assert_eq(weir__drain_phase(&house->drain), WEIR_PHASE_DONE);
	weir__drain_fini(&house->drain);
	gate_destroy(&house->stopped);
	gate_destroy(&house->cancelled);
}

static void leave(struct house *house)
{
	atomic_store(&house->in_flight, 0);
	weir__drain_notify(&house->drain);
}

Test(run, the_last_request_to_end_ends_the_stop)
{
	struct house house;

	house_open(&house, WEIR_NEVER, WEIR_NEVER);
	thread_await_waiting(&house.runner);
	cr_assert(weir__drain_request(&house.drain, "a test"));
	gate_await(&house.stopped, 1);
	leave(&house);
	house_close(&house);
	cr_assert_eq(gate_arrivals(&house.cancelled), 0);
}

Test(run, a_hurry_wakes_it_from_the_grace)
{
	struct house house;

	house_open(&house, WEIR_NEVER, WEIR_NEVER);
	cr_assert(weir__drain_request(&house.drain, "a test"));
	gate_await(&house.stopped, 1);
	thread_await_waiting(&house.runner);
	weir__drain_hurry(&house.drain, "a test");
	gate_await(&house.cancelled, 1);
	leave(&house);
	house_close(&house);
	cr_assert_not(atomic_load(&house.forced));
}

Test(run, time_alone_drives_it_to_the_end)
{
	struct house house;
	weir_time asked = weir_now();

	house_open(&house, 2 * WEIR_MILLISECOND, 4 * WEIR_MILLISECOND);
	cr_assert(weir__drain_request(&house.drain, "a test"));
	house_close(&house);
	cr_assert_geq(weir_now(), asked + 4 * WEIR_MILLISECOND);
	cr_assert(atomic_load(&house.forced));
	cr_assert_eq(gate_arrivals(&house.cancelled), 1);
}

struct asker {
	struct house *house;
	_Atomic unsigned *first;
	struct thread thread;
};

static void ask(void *arg)
{
	struct asker *asker = arg;

	if (weir__drain_request(&asker->house->drain, "one of many"))
		atomic_fetch_add(asker->first, 1);
	weir__drain_notify(&asker->house->drain);
}

Test(run, of_many_who_ask_one_is_the_first)
{
	struct asker askers[8];
	_Atomic unsigned first = 0;
	struct house house;

	house_open(&house, WEIR_NEVER, WEIR_NEVER);
	for (int i = 0; i < 8; i++) {
		askers[i].house = &house;
		askers[i].first = &first;
		thread_start(&askers[i].thread, ask, &askers[i]);
	}
	for (int i = 0; i < 8; i++)
		thread_join(&askers[i].thread);
	leave(&house);
	house_close(&house);
	cr_assert_eq(atomic_load(&first), 1);
	cr_assert_eq(gate_arrivals(&house.stopped), 1);
}

/* A count that drops between the look at it and the wait must not be missed. */
Test(run, no_notification_falls_between_look_and_wait)
{
	for (int round = 0; round < 300; round++) {
		struct house house;

		house_open(&house, WEIR_NEVER, WEIR_NEVER);
		cr_assert(weir__drain_request(&house.drain, "a test"));
		leave(&house);
		house_close(&house);
	}
}
