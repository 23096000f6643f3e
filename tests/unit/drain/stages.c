/* drain/coordinator.c: teardown: stages in reverse order, each with its share. */
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
