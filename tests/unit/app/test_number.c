/* Numbers as people type them. */
#include "number.h"

#include <criterion/criterion.h>
#include <errno.h>

Test(number, takes_the_whole_range)
{
	uint64_t value = 99;
	cr_assert_eq(number_parse("1", 1, 64, &value), 0);
	cr_assert_eq(value, 1);
	cr_assert_eq(number_parse("64", 1, 64, &value), 0);
	cr_assert_eq(value, 64);
	cr_assert_eq(number_parse("007", 1, 64, &value), 0);
	cr_assert_eq(value, 7);
	cr_assert_eq(number_parse("18446744073709551615", 0, UINT64_MAX, &value), 0);
	cr_assert_eq(value, UINT64_MAX);
}

Test(number, refuses_what_is_none)
{
	static const char *const wrong[] = {
		"",
		"0",
		"65",
		"-1",
		"+1",
		" 1",
		"1 ",
		"0x10",
		"1e3",
		"abc",
		"4k",
		"18446744073709551616",
		"99999999999999999999999",
	};
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		uint64_t value = 99;
		cr_expect_eq(number_parse(wrong[i], 1, 64, &value), -EINVAL, "%s", wrong[i]);
		cr_expect_eq(value, 99, "%s was stored", wrong[i]);
	}
}

Test(number, prefix_stops_at_the_first_other_character)
{
	const char *end;
	uint64_t value;
	cr_assert_eq(number_prefix("500ms", &end, &value), 0);
	cr_assert_eq(value, 500);
	cr_assert_str_eq(end, "ms");
	cr_assert_eq(number_prefix("ms", &end, &value), -EINVAL);
	cr_assert_eq(number_prefix("18446744073709551616ms", &end, &value), -ERANGE);
}

Test(number, a_range_is_one_or_two)
{
	static const char *const wrong[] = {"",      "0",   "65",     "a",    "1.",
					    "1..",   "..1", "1..65",  "4..3", "1...2",
					    "1..2x", "-1",  "1 .. 2", "1..0", "0..1"};
	unsigned least, most;
	cr_expect_eq(number_range_parse("7", 64, &least, &most), 0);
	cr_expect(least == 7 && most == 7);
	cr_expect_eq(number_range_parse("1..64", 64, &least, &most), 0);
	cr_expect(least == 1 && most == 64);
	cr_expect_eq(number_range_parse("3..3", 64, &least, &most), 0);
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		cr_expect_eq(number_range_parse(wrong[i], 64, &least, &most), -EINVAL, "%s",
			     wrong[i]);
}
