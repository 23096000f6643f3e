/* http/deadline_field.c: how long a client says that it will wait. */
#include <criterion/criterion.h>

#include <errno.h>

#include "http/deadline_field.h"

Test(deadline_field, is_a_number_with_a_unit)
{
	static const struct {
		const char *value;
		weir_time duration;
	} cases[] = {
		{"0", 0},
		{"0s", 0},
		{"1", WEIR_MILLISECOND},
		{"1ms", WEIR_MILLISECOND},
		{"500ms", 500 * WEIR_MILLISECOND},
		{"2s", 2 * WEIR_SECOND},
		{"007s", 7 * WEIR_SECOND},
		{"9223372036s", 9223372036 * WEIR_SECOND},
		{"9223372037s", WEIR_NEVER},
		{"9223372036854", 9223372036854 * WEIR_MILLISECOND},
		{"9223372036855", WEIR_NEVER},
		{"9223372036854775807ms", WEIR_NEVER},
		{"9223372036854775808s", WEIR_NEVER},
		{"92233720368547758070", WEIR_NEVER},
		{"00000000000000000000000000000000001s", WEIR_SECOND},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		weir_time duration = -1;

		cr_assert_eq(weir__deadline_parse(cases[i].value, &duration), 0, "%s",
			     cases[i].value);
		cr_assert_eq(duration, cases[i].duration, "%s", cases[i].value);
	}
}

Test(deadline_field, is_nothing_else)
{
	static const char *const values[] = {"",     " ",   "s",   "ms",   "-1",
					     "+1",   " 1",  "1 ",  "1 s",  "1.5s",
					     "1m",   "1h",  "1S",  "1MS",  "1us",
					     "1mss", "1e3", "0x1", "1s\t", "99999999999999999999m"};

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		weir_time duration;

		cr_assert_eq(weir__deadline_parse(values[i], &duration), -EINVAL, "\"%s\"",
			     values[i]);
	}
}

Test(deadline_field, is_found_by_its_name_once)
{
	static const struct weir__field fields[] = {{"Host", "test"},
						    {"TIMEOUT", "3s"},
						    {"Twice", "1s"},
						    {"Bad", "x"},
						    {"twice", "1s"}};
	weir_time duration;

	cr_assert_eq(weir__deadline_field(fields, 5, "timeout", &duration), 0);
	cr_assert_eq(duration, 3 * WEIR_SECOND);
	cr_assert_eq(weir__deadline_field(fields, 5, "Absent", &duration), 0);
	cr_assert_eq(duration, WEIR_NEVER);
	cr_assert_eq(weir__deadline_field(fields, 0, "timeout", &duration), 0);
	cr_assert_eq(duration, WEIR_NEVER);
	cr_assert_eq(weir__deadline_field(fields, 5, "Bad", &duration), -EINVAL);
	cr_assert_eq(weir__deadline_field(fields, 5, "Twice", &duration), -EINVAL);
	cr_assert_eq(weir__deadline_field(fields, 4, "Twice", &duration), 0);
	cr_assert_eq(duration, WEIR_SECOND);
}
