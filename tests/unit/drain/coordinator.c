/* drain/coordinator.c: each row of its table of phases, step by step. */
#include <criterion/criterion.h>

#include <errno.h>
#include <string.h>

#include "theatre.h"

TestSuite(coordinator, .timeout = 60);

static enum weir_phase phase(struct theatre *theatre)
{
	return weir__drain_phase(&theatre->drain);
}

Test(coordinator, nothing_happens_until_a_stop_is_asked_for)
{
	struct theatre theatre;

	theatre_open(&theatre, GRACE, TIMEOUT);
	cr_assert_eq(weir__drain_step(&theatre.drain), WEIR_NEVER);
	weir__drain_notify(&theatre.drain);
	cr_assert_eq(theatre_step_at(&theatre, 1000000), WEIR_NEVER);
	cr_assert_eq(phase(&theatre), WEIR_PHASE_RUNNING);
	cr_assert_not(weir__drain_requested(&theatre.drain));
	theatre_expect(&theatre, "");
	theatre_close(&theatre);
}

Test(coordinator, with_nothing_in_flight_a_stop_is_over_at_once)
{
	struct theatre theatre;

	theatre_open(&theatre, GRACE, TIMEOUT);
	theatre_add_stages(&theatre);
	cr_assert_eq(theatre_ask(&theatre), 0);
	theatre_expect(&theatre, ">closing a.stop b.stop >grace >teardown s3@1083 s2@1125 s1@1250 "
				 ">done");
	cr_assert_eq(phase(&theatre), WEIR_PHASE_DONE);
	cr_assert_eq(weir__drain_step(&theatre.drain), 0);
	theatre_expect(&theatre, "");
	theatre_close(&theatre);
}

Test(coordinator, closing_may_be_what_ends_the_last_request)
{
	struct theatre theatre;

	theatre_open(&theatre, GRACE, TIMEOUT);
	theatre.actors[1].in_flight = 3;
	theatre.actors[1].after_stop = 0;
	cr_assert_eq(theatre_ask(&theatre), 0);
	theatre_expect(&theatre, ">closing a.stop b.stop >grace >teardown >done");
	theatre_close(&theatre);
}

Test(coordinator, grace_begins_when_nobody_can_come_any_more)
{
	struct theatre theatre;

	theatre_open(&theatre, GRACE, TIMEOUT);
	theatre_shut_intake(&theatre);
	theatre.actors[0].in_flight = 1;
	theatre.actors[1].after_shut = 1;
	cr_assert_eq(theatre_ask(&theatre), ASKED + GRACE);
	theatre_expect(&theatre, ">closing a.stop b.stop b.shut >grace");
	theatre.actors[0].in_flight = 0;
	cr_assert_eq(theatre_step_at(&theatre, ASKED + 1), ASKED + GRACE);
	theatre.actors[1].in_flight = 0;
	cr_assert_eq(theatre_step_at(&theatre, ASKED + 2), 0);
	theatre_expect(&theatre, ">teardown >done");
	theatre_close(&theatre);
}

Test(coordinator, without_a_grace_the_cancel_does_not_wait_for_newcomers)
{
	struct theatre theatre;

	theatre_open(&theatre, 0, TIMEOUT);
	theatre_shut_intake(&theatre);
	theatre.actors[0].in_flight = 1;
	cr_assert_eq(theatre_ask(&theatre), ASKED + TIMEOUT);
	theatre_expect(&theatre,
		       ">closing a.stop b.stop >grace >cancelling a.cancel b.cancel b.shut");
	theatre_close(&theatre);
	theatre_open(&theatre, GRACE, TIMEOUT);
	theatre_shut_intake(&theatre);
	theatre.actors[0].in_flight = 1;
	theatre.now = ASKED;
	weir__drain_hurry(&theatre.drain, "at once");
	cr_assert_eq(theatre_step_at(&theatre, ASKED), ASKED + TIMEOUT);
	theatre_expect(&theatre,
		       ">closing a.stop b.stop >grace >cancelling a.cancel b.cancel b.shut");
	theatre_close(&theatre);
}

Test(coordinator, without_a_grace_a_newcomer_is_waited_for)
{
	struct theatre theatre;

	theatre_open(&theatre, 0, TIMEOUT);
	theatre_shut_intake(&theatre);
	theatre.actors[1].after_shut = 1;
	cr_assert_eq(theatre_ask(&theatre), ASKED + TIMEOUT);
	theatre_expect(&theatre,
		       ">closing a.stop b.stop >grace b.shut >cancelling a.cancel b.cancel");
	theatre.actors[1].in_flight = 0;
	cr_assert_eq(theatre_step_at(&theatre, ASKED + 2), 0);
	theatre_expect(&theatre, ">teardown >done");
	theatre_close(&theatre);
}

Test(coordinator, a_lame_duck_closes_nothing_until_its_time_is_over)
{
	struct theatre theatre;

	theatre_open(&theatre, GRACE, TIMEOUT);
	theatre.drain.lame_duck = 500;
	theatre.actors[0].in_flight = 1;
	cr_assert_eq(theatre_ask(&theatre), ASKED + 500);
	theatre_expect(&theatre, ">lame_duck");
	cr_assert_eq(theatre_step_at(&theatre, ASKED + 499), ASKED + 500);
	theatre_expect(&theatre, "");
	/* Grace and timeout count from its end, whenever that is noticed. */
	cr_assert_eq(theatre_step_at(&theatre, ASKED + 510), ASKED + 510 + GRACE);
	theatre_expect(&theatre, ">closing a.stop b.stop >grace");
	cr_assert_eq(weir__drain_grace_end(&theatre.drain), ASKED + 510 + GRACE);
	cr_assert_eq(theatre_step_at(&theatre, ASKED + 510 + GRACE), ASKED + 510 + TIMEOUT);
	theatre_expect(&theatre, ">cancelling a.cancel b.cancel");
	theatre_close(&theatre);
}

static void expect_unseen(void *arg, enum weir_phase phase)
{
	struct theatre *theatre = arg;

	cr_assert_neq(weir__drain_phase(&theatre->drain), phase);
}

Test(coordinator, tells_of_a_phase_before_it_can_be_seen)
{
	struct theatre theatre;

	theatre_open(&theatre, GRACE, TIMEOUT);
	theatre.drain.options.entering = expect_unseen;
	theatre.drain.lame_duck = 500;
	theatre.actors[0].in_flight = 1;
	(void)theatre_ask(&theatre);
	(void)theatre_step_at(&theatre, ASKED + 500);
	theatre.actors[0].in_flight = 0;
	cr_assert_eq(theatre_step_at(&theatre, ASKED + 501), 0);
	theatre_close(&theatre);
}

Test(coordinator, a_lame_duck_takes_its_time_with_nothing_in_flight)
{
	struct theatre theatre;

	theatre_open(&theatre, GRACE, TIMEOUT);
	theatre.drain.lame_duck = 500;
	cr_assert_eq(theatre_ask(&theatre), ASKED + 500);
	cr_assert_eq(theatre_step_at(&theatre, ASKED + 500), 0);
	theatre_expect(&theatre, ">lame_duck >closing a.stop b.stop >grace >teardown >done");
	theatre_close(&theatre);
}

Test(coordinator, goes_by_the_times_that_were_set_last)
{
	struct theatre theatre;
	struct weir__drain_times times;

	theatre_open(&theatre, GRACE, TIMEOUT);
	theatre.actors[0].in_flight = 1;
	cr_assert_eq(weir__drain_set_times(&theatre.drain, 300, GRACE + 5, TIMEOUT + 7), 0);
	times = weir__drain_times(&theatre.drain);
	cr_assert(times.lame_duck == 300 && times.grace == GRACE + 5 &&
		  times.timeout == TIMEOUT + 7);
	cr_assert_eq(theatre_ask(&theatre), ASKED + 300);
	theatre_expect(&theatre, ">lame_duck");
	cr_assert_eq(weir__drain_set_times(&theatre.drain, 0, GRACE, TIMEOUT), -ECANCELED);
	cr_assert_eq(theatre_step_at(&theatre, ASKED + 300), ASKED + 300 + GRACE + 5);
	cr_assert_eq(theatre_step_at(&theatre, ASKED + 300 + GRACE + 5), ASKED + 300 + TIMEOUT + 7);
	theatre_close(&theatre);
}

Test(coordinator, grace_waits_for_what_is_in_flight_and_ends_with_it)
{
	struct theatre theatre;

	theatre_open(&theatre, GRACE, TIMEOUT);
	theatre.actors[0].in_flight = 1;
	theatre.actors[1].in_flight = 1;
	cr_assert_eq(theatre_ask(&theatre), ASKED + GRACE);
	theatre_expect(&theatre, ">closing a.stop b.stop >grace");
	cr_assert_eq(phase(&theatre), WEIR_PHASE_GRACE);
	theatre.actors[0].in_flight = 0;
	cr_assert_eq(theatre_step_at(&theatre, ASKED + 10), ASKED + GRACE);
	theatre_expect(&theatre, "");
	theatre.actors[1].in_flight = 0;
	cr_assert_eq(theatre_step_at(&theatre, ASKED + 20), 0);
	theatre_expect(&theatre, ">teardown >done");
	theatre_close(&theatre);
}

Test(coordinator, when_grace_is_over_what_is_left_is_cancelled)
{
	struct theatre theatre;

	theatre_open(&theatre, GRACE, TIMEOUT);
	theatre.actors[0].in_flight = 1;
	cr_assert_eq(theatre_ask(&theatre), ASKED + GRACE);
	cr_assert_eq(theatre_step_at(&theatre, ASKED + GRACE - 1), ASKED + GRACE);
	theatre_expect(&theatre, ">closing a.stop b.stop >grace");
	cr_assert_eq(theatre_step_at(&theatre, ASKED + GRACE), ASKED + TIMEOUT);
	theatre_expect(&theatre, ">cancelling a.cancel b.cancel");
	cr_assert_eq(theatre_step_at(&theatre, ASKED + TIMEOUT - 1), ASKED + TIMEOUT);
	theatre_expect(&theatre, "");
	theatre.actors[0].in_flight = 0;
	cr_assert_eq(theatre_step_at(&theatre, ASKED + TIMEOUT - 1), 0);
	theatre_expect(&theatre, ">teardown >done");
	theatre_close(&theatre);
}

Test(coordinator, cancelling_may_be_what_ends_the_last_request)
{
	struct theatre theatre;

	theatre_open(&theatre, GRACE, TIMEOUT);
	theatre.actors[0].in_flight = 2;
	theatre.actors[0].after_cancel = 0;
	(void)theatre_ask(&theatre);
	cr_assert_eq(theatre_step_at(&theatre, ASKED + GRACE), 0);
	theatre_expect(&theatre, ">closing a.stop b.stop >grace >cancelling a.cancel b.cancel "
				 ">teardown >done");
	theatre_close(&theatre);
}

Test(coordinator, at_the_timeout_what_is_left_is_forced)
{
	struct theatre theatre;

	theatre_open(&theatre, GRACE, TIMEOUT);
	theatre.actors[1].in_flight = 1;
	theatre.actors[1].after_force = 0;
	(void)theatre_ask(&theatre);
	(void)theatre_step_at(&theatre, ASKED + GRACE);
	theatre_expect(&theatre, ">closing a.stop b.stop >grace >cancelling a.cancel b.cancel");
	cr_assert_eq(theatre_step_at(&theatre, ASKED + TIMEOUT), 0);
	theatre_expect(&theatre, ">forcing a.force b.force >teardown >done");
	theatre_close(&theatre);
}

Test(coordinator, force_is_the_end_even_of_what_it_cannot_end)
{
	struct theatre theatre;

	theatre_open(&theatre, GRACE, TIMEOUT);
	theatre_add_stages(&theatre);
	theatre.actors[1].in_flight = 1;
	(void)theatre_ask(&theatre);
	(void)theatre_step_at(&theatre, ASKED + GRACE);
	theatre_expect(&theatre, ">closing a.stop b.stop >grace >cancelling a.cancel b.cancel");
	cr_assert_eq(theatre_step_at(&theatre, ASKED + TIMEOUT), 0);
	theatre_expect(&theatre,
		       ">forcing a.force b.force >teardown s3@1250 s2@1250 s1@1250 >done");
	theatre_close(&theatre);
}

Test(coordinator, a_stop_that_is_late_passes_all_phases_in_order)
{
	struct theatre theatre;

	theatre_open(&theatre, GRACE, TIMEOUT);
	theatre_add_stages(&theatre);
	theatre.actors[0].in_flight = 1;
	theatre.now = ASKED;
	cr_assert(weir__drain_request(&theatre.drain, "a test"));
	cr_assert_eq(theatre_step_at(&theatre, ASKED + TIMEOUT + 100), 0);
	theatre_expect(&theatre,
		       ">closing a.stop b.stop >grace >cancelling a.cancel b.cancel "
		       ">forcing a.force b.force >teardown s3@1350 s2@1350 s1@1350 >done");
	theatre_close(&theatre);
}

Test(coordinator, without_grace_cancelling_follows_closing)
{
	struct theatre theatre;

	theatre_open(&theatre, 0, TIMEOUT);
	theatre.actors[0].in_flight = 1;
	cr_assert_eq(theatre_ask(&theatre), ASKED + TIMEOUT);
	theatre_expect(&theatre, ">closing a.stop b.stop >grace >cancelling a.cancel b.cancel");
	theatre_close(&theatre);
}

Test(coordinator, without_time_it_forces_at_once)
{
	struct theatre theatre;

	theatre_open(&theatre, GRACE, 0);
	theatre.actors[0].in_flight = 1;
	cr_assert_eq(theatre_ask(&theatre), 0);
	theatre_expect(&theatre, ">closing a.stop b.stop >grace >cancelling a.cancel b.cancel "
				 ">forcing a.force b.force >teardown >done");
	theatre_close(&theatre);
}

Test(coordinator, a_grace_longer_than_the_timeout_ends_with_it)
{
	struct theatre theatre;

	theatre_open(&theatre, TIMEOUT * 2, TIMEOUT);
	theatre.actors[0].in_flight = 1;
	cr_assert_eq(theatre_ask(&theatre), ASKED + TIMEOUT);
	cr_assert_eq(theatre_step_at(&theatre, ASKED + TIMEOUT), 0);
	theatre_expect(&theatre, ">closing a.stop b.stop >grace >cancelling a.cancel b.cancel "
				 ">forcing a.force b.force >teardown >done");
	theatre_close(&theatre);
}

Test(coordinator, times_without_end_do_not_overflow)
{
	struct theatre theatre;

	theatre_open(&theatre, WEIR_NEVER, WEIR_NEVER);
	theatre_add_stages(&theatre);
	theatre.actors[0].in_flight = 1;
	cr_assert_eq(theatre_ask(&theatre), WEIR_NEVER);
	cr_assert_eq(theatre_step_at(&theatre, WEIR_NEVER - 10), WEIR_NEVER);
	theatre.now = ASKED;
	weir__drain_hurry(&theatre.drain, "again");
	cr_assert_eq(weir__drain_step(&theatre.drain), WEIR_NEVER);
	theatre.actors[0].in_flight = 0;
	cr_assert_eq(weir__drain_step(&theatre.drain), 0);
	cr_assert_eq(phase(&theatre), WEIR_PHASE_DONE);
	cr_assert_eq(theatre.props[0].until, WEIR_NEVER);
	theatre_close(&theatre);
}

Test(coordinator, phases_are_timed)
{
	struct theatre theatre;
	const weir_time *took = theatre.drain.phase_time;

	theatre_open(&theatre, GRACE, TIMEOUT);
	theatre_add_stages(&theatre);
	theatre.actors[0].in_flight = 1;
	theatre.actors[0].takes = 3;
	theatre.actors[1].takes = 4;
	theatre.props[1].takes = 5;
	(void)theatre_ask(&theatre);
	(void)theatre_step_at(&theatre, ASKED + GRACE);
	(void)theatre_step_at(&theatre, ASKED + TIMEOUT);
	cr_assert_eq(phase(&theatre), WEIR_PHASE_DONE);
	cr_assert_eq(took[WEIR_PHASE_RUNNING], 0);
	cr_assert_eq(took[WEIR_PHASE_CLOSING], 7);
	cr_assert_eq(took[WEIR_PHASE_GRACE], GRACE - 7);
	cr_assert_eq(took[WEIR_PHASE_CANCELLING], TIMEOUT - GRACE);
	cr_assert_eq(took[WEIR_PHASE_FORCING], 7);
	cr_assert_eq(took[WEIR_PHASE_TEARDOWN], 5);
	theatre_close(&theatre);
}

Test(coordinator, there_is_room_for_so_many_parts_and_stages_and_no_more)
{
	struct weir__drain drain;
	struct weir__drain_options options = {.grace = 0};
	struct weir__drain_part part = {.name = "part"};
	struct weir__drain_stage stage = {.name = "stage"};

	cr_assert_eq(weir__drain_init(&drain, &options), 0);
	for (int i = 0; i < WEIR__DRAIN_MAX_PARTS; i++)
		cr_assert_eq(weir__drain_add_part(&drain, &part), 0);
	cr_assert_eq(weir__drain_add_part(&drain, &part), -ENOSPC);
	for (int i = 0; i < WEIR__DRAIN_MAX_STAGES; i++)
		cr_assert_eq(weir__drain_add_stage(&drain, &stage), 0);
	cr_assert_eq(weir__drain_add_stage(&drain, &stage), -ENOSPC);
	weir__drain_fini(&drain);
}
