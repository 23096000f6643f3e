/* drain/stages.c: teardown: stages in reverse order, each with its share. */
#include <criterion/criterion.h>

#include "theatre.h"

TestSuite(stages, .timeout = 60);

static void stop_at(struct theatre *theatre, weir_time asked, weir_time now)
{
	theatre->now = asked;
	cr_assert(weir__drain_request(&theatre->drain, "a test"));
	theatre->now = now;
	cr_assert_eq(weir__drain_step(&theatre->drain), 0);
}

Test(stages, each_gets_an_equal_share_of_what_is_left)
{
	struct theatre theatre;

	theatre_open(&theatre, 0, 300);
	theatre_add_stages(&theatre);
	for (int i = 0; i < 3; i++)
		theatre.props[i].takes = 100;
	stop_at(&theatre, ASKED, ASKED);
	theatre_expect(&theatre, ">closing a.stop b.stop >grace >teardown s3@1100 s2@1200 s1@1300 "
				 ">done");
	theatre_close(&theatre);
}

Test(stages, what_one_leaves_over_is_there_for_the_next)
{
	struct theatre theatre;

	theatre_open(&theatre, 0, 300);
	theatre_add_stages(&theatre);
	theatre.props[2].takes = 0;
	theatre.props[1].takes = 20;
	stop_at(&theatre, ASKED, ASKED);
	theatre_expect(&theatre, ">closing a.stop b.stop >grace >teardown s3@1100 s2@1150 s1@1300 "
				 ">done");
	theatre_close(&theatre);
}

Test(stages, what_one_takes_too_much_is_taken_from_the_others)
{
	struct theatre theatre;

	theatre_open(&theatre, 0, 300);
	theatre_add_stages(&theatre);
	theatre.props[2].takes = 200;
	theatre.props[1].takes = 500;
	stop_at(&theatre, ASKED, ASKED);
	theatre_expect(&theatre, ">closing a.stop b.stop >grace >teardown s3@1100 s2@1250 s1@1700 "
				 ">done");
	theatre_close(&theatre);
}

Test(stages, only_what_is_left_of_the_timeout_is_shared)
{
	struct theatre theatre;

	theatre_open(&theatre, 0, 300);
	theatre_add_stages(&theatre);
	stop_at(&theatre, ASKED, ASKED + 270);
	theatre_expect(&theatre, ">closing a.stop b.stop >grace >teardown s3@1280 s2@1285 s1@1300 "
				 ">done");
	theatre_close(&theatre);
}

Test(stages, what_a_stage_asks_for_is_the_longest_it_gets)
{
	struct theatre theatre;

	theatre_open(&theatre, 0, 300);
	theatre.shares[2] = 40;
	theatre.shares[1] = 5000;
	theatre_add_stages(&theatre);
	theatre.props[2].takes = 40;
	stop_at(&theatre, ASKED, ASKED);
	theatre_expect(&theatre, ">closing a.stop b.stop >grace >teardown s3@1040 s2@1300 s1@1300 "
				 ">done");
	cr_assert_eq(theatre.drain.stage_ends[2].share, 40);
	cr_assert_eq(theatre.drain.stage_ends[2].time, 40);
	cr_assert_eq(theatre.drain.stage_ends[1].share, 260);
	cr_assert_eq(theatre.drain.stage_ends[1].time, 0);
	theatre_close(&theatre);
}

Test(stages, a_late_stop_leaves_each_the_least_it_needs)
{
	struct theatre theatre;

	theatre_open(&theatre, 0, 300);
	theatre.least = 10;
	theatre.shares[1] = 50;
	theatre.shares[0] = 3; /* needs no more */
	theatre_add_stages(&theatre);
	for (int i = 0; i < 3; i++)
		theatre.props[i].takes = 10;
	stop_at(&theatre, ASKED, ASKED + 900);
	theatre_expect(&theatre, ">closing a.stop b.stop >grace >teardown s3@1910 s2@1920 s1@1923 "
				 ">done");
	theatre_close(&theatre);
}

Test(stages, one_that_overruns_has_as_long_again)
{
	struct theatre theatre;

	theatre_open(&theatre, 0, 300);
	theatre.shares[2] = 40;
	theatre_add_stages(&theatre);
	theatre.props[2].takes = 70;
	theatre.props[2].result = WEIR_STAGE_OVERRUN;
	stop_at(&theatre, ASKED, ASKED);
	theatre_expect(&theatre, ">closing a.stop b.stop >grace >teardown s3@1040 s2@1185 s1@1300 "
				 ">done");
	cr_assert_eq(theatre.props[2].give_up, 1080);
	cr_assert_eq(theatre.drain.stage_ends[2].result, WEIR_STAGE_OVERRUN);
	cr_assert_eq(theatre.drain.stage_ends[2].time, 70);
	cr_assert_null(theatre.drain.abandoned); /* it is over: nothing is torn down beneath it */
	theatre_close(&theatre);
}

Test(stages, but_not_for_long)
{
	struct theatre theatre;

	theatre_open(&theatre, 0, 300 * WEIR_SECOND);
	theatre.shares[2] = 40 * WEIR_SECOND;
	theatre_add_stages(&theatre);
	stop_at(&theatre, ASKED, ASKED);
	cr_assert_eq(theatre.props[2].give_up, ASKED + 41 * WEIR_SECOND);
	theatre_close(&theatre);
}

Test(stages, after_one_that_was_abandoned_the_rest_is_skipped)
{
	struct theatre theatre;

	theatre_open(&theatre, 0, 300);
	theatre.shares[2] = 40;
	theatre_add_stages(&theatre);
	theatre.props[2].takes = 1000000;
	theatre.props[2].result = WEIR_STAGE_ABANDONED;
	stop_at(&theatre, ASKED, ASKED);
	/* s1 runs always, and has all that is left after 2 * 40 */
	theatre_expect(&theatre, ">closing a.stop b.stop >grace >teardown s3@1040 s1@1300 >done");
	cr_assert_eq(theatre.now, 1080);
	cr_assert_str_eq(theatre.drain.abandoned, "s3");
	cr_assert_eq(theatre.drain.stage_ends[2].result, WEIR_STAGE_ABANDONED);
	cr_assert_null(theatre.drain.stage_ends[2].because);
	cr_assert_eq(theatre.drain.stage_ends[1].result, WEIR_STAGE_SKIPPED);
	cr_assert_str_eq(theatre.drain.stage_ends[1].because, "s3");
	cr_assert_eq(theatre.drain.stage_ends[1].time, 0);
	cr_assert_eq(theatre.drain.stage_ends[0].result, WEIR_STAGE_OK);
	theatre_close(&theatre);
}

Test(stages, the_first_that_was_abandoned_is_the_reason)
{
	struct theatre theatre;

	theatre_open(&theatre, 0, 300);
	theatre_add_stages(&theatre);
	theatre.props[2].result = WEIR_STAGE_ABANDONED;
	theatre.props[0].result = WEIR_STAGE_ABANDONED;
	stop_at(&theatre, ASKED, ASKED);
	cr_assert_str_eq(theatre.drain.abandoned, "s3");
	cr_assert_str_eq(theatre.drain.stage_ends[1].because, "s3");
	theatre_close(&theatre);
}

Test(stages, one_that_failed_keeps_nobody_from_running)
{
	struct theatre theatre;

	theatre_open(&theatre, 0, 300);
	theatre_add_stages(&theatre);
	theatre.props[2].result = WEIR_STAGE_FAILED;
	stop_at(&theatre, ASKED, ASKED);
	theatre_expect(&theatre, ">closing a.stop b.stop >grace >teardown s3@1100 s2@1150 s1@1300 "
				 ">done");
	cr_assert_eq(theatre.drain.stage_ends[2].result, WEIR_STAGE_FAILED);
	cr_assert_null(theatre.drain.abandoned);
	theatre_close(&theatre);
}

Test(stages, can_be_registered_anew_before_the_run)
{
	struct theatre theatre;

	theatre_open(&theatre, 0, 300);
	theatre_add_stages(&theatre);
	weir__drain_clear_stages(&theatre.drain);
	theatre_add_stages(&theatre);
	stop_at(&theatre, ASKED, ASKED);
	theatre_expect(&theatre, ">closing a.stop b.stop >grace >teardown s3@1100 s2@1150 s1@1300 "
				 ">done");
	theatre_close(&theatre);
}
