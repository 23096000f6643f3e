/* drain/coordinator.c: who asks for a stop, and what those do who are in a hurry. */
#include <criterion/criterion.h>

#include <string.h>

#include "theatre.h"

TestSuite(asking, .timeout = 60);

Test(asking, the_first_to_ask_is_kept_and_the_others_change_nothing)
{
	struct theatre theatre;

	theatre_open(&theatre, GRACE, TIMEOUT);
	theatre.actors[0].in_flight = 1;
	cr_assert_eq(theatre_ask(&theatre), ASKED + GRACE);
	theatre.now = ASKED + 50;
	cr_assert_not(weir__drain_request(&theatre.drain, "somebody else"));
	cr_assert_eq(weir__drain_step(&theatre.drain), ASKED + GRACE);
	cr_assert_str_eq(theatre.drain.who, "a test");
	cr_assert_eq(theatre.drain.requested_at, ASKED);
	theatre_expect(&theatre, ">closing a.stop b.stop >grace");
	theatre_close(&theatre);
}

Test(asking, who_asks_may_be_nobody_or_long_winded)
{
	struct theatre theatre;
	char name[200];

	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	theatre_open(&theatre, GRACE, TIMEOUT);
	cr_assert(weir__drain_request(&theatre.drain, NULL));
	cr_assert_str_eq(theatre.drain.who, "the program");
	theatre_close(&theatre);
	theatre_open(&theatre, GRACE, TIMEOUT);
	cr_assert(weir__drain_request(&theatre.drain, name));
	cr_assert_eq(strlen(theatre.drain.who), sizeof(theatre.drain.who) - 1);
	theatre_close(&theatre);
}

Test(asking, hurry_before_any_stop_asks_for_one_without_grace)
{
	struct theatre theatre;

	theatre_open(&theatre, GRACE, TIMEOUT);
	theatre.actors[0].in_flight = 1;
	theatre.now = ASKED;
	weir__drain_hurry(&theatre.drain, "in a hurry");
	cr_assert(weir__drain_requested(&theatre.drain));
	cr_assert_eq(weir__drain_step(&theatre.drain), ASKED + TIMEOUT);
	theatre_expect(&theatre, ">closing a.stop b.stop >grace >cancelling a.cancel b.cancel");
	cr_assert_str_eq(theatre.drain.who, "in a hurry");
	cr_assert_not(weir__drain_request(&theatre.drain, "late"));
	theatre_close(&theatre);
}

Test(asking, hurry_ends_the_grace)
{
	struct theatre theatre;

	theatre_open(&theatre, GRACE, TIMEOUT);
	theatre.actors[0].in_flight = 1;
	(void)theatre_ask(&theatre);
	theatre.now = ASKED + 50;
	weir__drain_hurry(&theatre.drain, "again");
	cr_assert_eq(weir__drain_step(&theatre.drain), ASKED + TIMEOUT);
	theatre_expect(&theatre, ">closing a.stop b.stop >grace >cancelling a.cancel b.cancel");
	cr_assert_str_eq(theatre.drain.who, "a test");
	theatre_close(&theatre);
}

Test(asking, hurry_ends_a_lame_duck)
{
	struct theatre theatre;

	theatre_open(&theatre, GRACE, TIMEOUT);
	theatre.drain.lame_duck = 500;
	theatre.actors[0].in_flight = 1;
	cr_assert_eq(theatre_ask(&theatre), ASKED + 500);
	theatre.now = ASKED + 100;
	weir__drain_hurry(&theatre.drain, "again");
	cr_assert_eq(theatre_step_at(&theatre, ASKED + 100), ASKED + 100 + TIMEOUT);
	theatre_expect(&theatre, ">lame_duck >closing a.stop b.stop >grace >cancelling a.cancel "
				 "b.cancel");
	theatre_close(&theatre);
	theatre_open(&theatre, GRACE, TIMEOUT);
	theatre.drain.lame_duck = 500;
	theatre.actors[0].in_flight = 1;
	theatre.now = ASKED;
	weir__drain_hurry(&theatre.drain, "at once");
	cr_assert_eq(theatre_step_at(&theatre, ASKED), ASKED + TIMEOUT);
	theatre_expect(&theatre, ">closing a.stop b.stop >grace >cancelling a.cancel b.cancel");
	theatre_close(&theatre);
}

Test(asking, grace_ends_at_its_time_or_the_timeout_or_with_a_hurry)
{
	struct theatre theatre;

	theatre_open(&theatre, GRACE, TIMEOUT);
	(void)theatre_ask(&theatre);
	cr_assert_eq(weir__drain_grace_end(&theatre.drain), ASKED + GRACE);
	theatre.now = ASKED + 50;
	weir__drain_hurry(&theatre.drain, "again");
	cr_assert_leq(weir__drain_grace_end(&theatre.drain), theatre.now);
	theatre_close(&theatre);
	theatre_open(&theatre, TIMEOUT * 2, TIMEOUT);
	(void)theatre_ask(&theatre);
	cr_assert_eq(weir__drain_grace_end(&theatre.drain), ASKED + TIMEOUT);
	theatre_close(&theatre);
}

Test(asking, hurry_cancels_nothing_when_nothing_is_in_flight)
{
	struct theatre theatre;

	theatre_open(&theatre, GRACE, TIMEOUT);
	theatre.now = ASKED;
	weir__drain_hurry(&theatre.drain, "in a hurry");
	cr_assert_eq(weir__drain_step(&theatre.drain), 0);
	theatre_expect(&theatre, ">closing a.stop b.stop >grace >teardown >done");
	theatre_close(&theatre);
}

Test(asking, hurry_while_cancelling_and_afterwards_changes_nothing)
{
	struct theatre theatre;

	theatre_open(&theatre, GRACE, TIMEOUT);
	theatre.actors[0].in_flight = 1;
	(void)theatre_ask(&theatre);
	(void)theatre_step_at(&theatre, ASKED + GRACE);
	theatre_expect(&theatre, ">closing a.stop b.stop >grace >cancelling a.cancel b.cancel");
	weir__drain_hurry(&theatre.drain, "again");
	cr_assert_eq(weir__drain_step(&theatre.drain), ASKED + TIMEOUT);
	theatre_expect(&theatre, "");
	theatre.actors[0].in_flight = 0;
	cr_assert_eq(weir__drain_step(&theatre.drain), 0);
	theatre_expect(&theatre, ">teardown >done");
	weir__drain_hurry(&theatre.drain, "again");
	cr_assert_not(weir__drain_request(&theatre.drain, "again"));
	cr_assert_eq(weir__drain_step(&theatre.drain), 0);
	theatre_expect(&theatre, "");
	theatre_close(&theatre);
}
