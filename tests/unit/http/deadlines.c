/* http/deadlines.h: lists that are sorted by themselves. */
#include <criterion/criterion.h>

#include "http/deadlines.h"

static void init(struct weir__deadlines *deadlines)
{
	for (int i = 0; i < WEIR__DEADLINE_COUNT; i++) {
		weir__list_init(&deadlines->lists[i]);
		deadlines->durations[i] = 10 * (i + 1);
	}
}

Test(deadlines, come_due_in_order_and_not_before)
{
	struct weir__deadlines deadlines;
	struct weir__deadline one, two;

	init(&deadlines);
	weir__deadline_init(&one);
	weir__deadline_init(&two);
	cr_assert_eq(weir__deadline_next(&deadlines), WEIR_NEVER);
	weir__deadline_set(&deadlines, &one, WEIR__DEADLINE_HEADER, 100);
	weir__deadline_set(&deadlines, &two, WEIR__DEADLINE_HEADER, 105);
	cr_assert_eq(weir__deadline_next(&deadlines), 120);
	cr_assert_null(weir__deadline_due(&deadlines, WEIR__DEADLINE_HEADER, 119));
	cr_assert_null(weir__deadline_due(&deadlines, WEIR__DEADLINE_IDLE, 1000));
	cr_assert_eq(weir__deadline_due(&deadlines, WEIR__DEADLINE_HEADER, 120), &one);
	cr_assert_null(weir__deadline_due(&deadlines, WEIR__DEADLINE_HEADER, 124));
	cr_assert_eq(weir__deadline_due(&deadlines, WEIR__DEADLINE_HEADER, 200), &two);
	cr_assert_null(weir__deadline_due(&deadlines, WEIR__DEADLINE_HEADER, 200));
}

Test(deadlines, setting_one_again_moves_it)
{
	struct weir__deadlines deadlines;
	struct weir__deadline one, two;

	init(&deadlines);
	weir__deadline_init(&one);
	weir__deadline_init(&two);
	weir__deadline_set(&deadlines, &one, WEIR__DEADLINE_BODY, 100);
	weir__deadline_set(&deadlines, &two, WEIR__DEADLINE_BODY, 100);
	weir__deadline_set(&deadlines, &one, WEIR__DEADLINE_BODY, 101);
	cr_assert_eq(weir__deadline_due(&deadlines, WEIR__DEADLINE_BODY, 1000), &two);
	weir__deadline_set(&deadlines, &one, WEIR__DEADLINE_HANGUP, 200);
	cr_assert_null(weir__deadline_due(&deadlines, WEIR__DEADLINE_BODY, 1000));
	cr_assert_eq(weir__deadline_next(&deadlines), 210);
}

Test(deadlines, clearing_is_harmless_when_none_is_set)
{
	struct weir__deadlines deadlines;
	struct weir__deadline one;

	init(&deadlines);
	weir__deadline_init(&one);
	weir__deadline_clear(&one);
	weir__deadline_set(&deadlines, &one, WEIR__DEADLINE_SEND, 0);
	weir__deadline_clear(&one);
	weir__deadline_clear(&one);
	cr_assert_eq(weir__deadline_next(&deadlines), WEIR_NEVER);
}

Test(deadlines, the_earliest_of_all_classes_is_next)
{
	struct weir__deadlines deadlines;
	struct weir__deadline all[WEIR__DEADLINE_COUNT];

	init(&deadlines);
	for (int i = WEIR__DEADLINE_COUNT - 1; i >= 0; i--) {
		weir__deadline_init(&all[i]);
		weir__deadline_set(&deadlines, &all[i], (enum weir__deadline_class)i, 0);
		cr_assert_eq(weir__deadline_next(&deadlines), 10 * (i + 1));
	}
}
