/* work/drain_rate.h: how long a queue takes to get empty, by what it did while it was not. */
#include <criterion/criterion.h>

#include "work/drain_rate.h"

#define MS WEIR_MILLISECOND

TestSuite(drain_rate, .timeout = 60);

Test(drain_rate, is_of_the_time_with_something_in_the_queue)
{
	struct weir__drain_rate rate = {0};

	/* 10 in each of ten spells of 100 ms, which are a minute apart. */
	for (weir_time spell = 0; spell < 10; spell++) {
		weir__drain_begin(&rate, spell * 60 * WEIR_SECOND);
		for (weir_time i = 1; i <= 10; i++)
			weir__drain_leave(&rate, spell * 60 * WEIR_SECOND + i * 10 * MS, true);
	}
	weir__drain_begin(&rate, 3600 * WEIR_SECOND);
	cr_assert_eq(weir__drain_time(&rate, 1, 3600 * WEIR_SECOND), 10 * MS);
	cr_assert_eq(weir__drain_time(&rate, 250, 3600 * WEIR_SECOND), 2500 * MS);
}

Test(drain_rate, follows_what_it_is_now)
{
	struct weir__drain_rate rate = {0};
	weir_time now = 0;

	weir__drain_begin(&rate, now);
	for (int i = 0; i < 100000; i++)
		weir__drain_leave(&rate, now += MS / 10, true);
	cr_assert_eq(weir__drain_time(&rate, 1, now) / 1000, MS / 10 / 1000);
	/* Twenty seconds of ten a second. */
	for (int i = 0; i < 200; i++)
		weir__drain_leave(&rate, now += 100 * MS, true);
	cr_assert_gt(weir__drain_time(&rate, 1, now), 95 * MS);
	cr_assert_lt(weir__drain_time(&rate, 1, now), 105 * MS);
}

Test(drain_rate, counts_only_what_was_taken_to_be_run)
{
	struct weir__drain_rate rate = {0};

	weir__drain_begin(&rate, 0);
	for (int i = 1; i <= 100; i++)
		weir__drain_leave(&rate, i * 10 * MS, i % 4 == 0);
	cr_assert_eq(weir__drain_time(&rate, 1, WEIR_SECOND), 40 * MS);
}

Test(drain_rate, grows_while_nothing_moves)
{
	struct weir__drain_rate rate = {0};

	weir__drain_begin(&rate, 0);
	cr_assert_eq(weir__drain_time(&rate, 5, 2 * WEIR_SECOND), 10 * WEIR_SECOND);
	weir__drain_leave(&rate, 2 * WEIR_SECOND, true);
	cr_assert_eq(weir__drain_time(&rate, 5, 2 * WEIR_SECOND), 10 * WEIR_SECOND);
	cr_assert_eq(weir__drain_time(&rate, 5, 4 * WEIR_SECOND), 20 * WEIR_SECOND);
	cr_assert_eq(weir__drain_time(&rate, 1000000, WEIR_NEVER / 1000), WEIR_NEVER);
}
