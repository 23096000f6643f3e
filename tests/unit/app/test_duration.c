/* Durations as people type them. */
#include "duration.h"

#include <criterion/criterion.h>
#include <errno.h>

Test(duration, knows_the_units)
{
	static const struct {
		const char *text;
		weir_time expected;
	} rows[] = {
		{"0", 0},
		{"0s", 0},
		{"1ms", WEIR_MILLISECOND},
		{"500ms", 500 * WEIR_MILLISECOND},
		{"10s", 10 * WEIR_SECOND},
		{"2m", 120 * WEIR_SECOND},
		{"1h", 3600 * WEIR_SECOND},
		{"2562047h", 2562047 * (3600 * WEIR_SECOND)}, /* 292 years */
		{"9223372036854ms", 9223372036854 * WEIR_MILLISECOND},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		weir_time value = -7;
		cr_expect_eq(duration_parse(rows[i].text, &value), 0, "%s", rows[i].text);
		cr_expect_eq(value, rows[i].expected, "%s: %jd", rows[i].text, (intmax_t)value);
	}
}

Test(duration, refuses_what_is_none)
{
	static const char *const wrong[] = {
		"",    "s",   "10",    "1.5s", "-1s", "+1s", " 1s",
		"1s ", "1 s", "1m30s", "1S",   "1us", "1d",  "1mss",
	};
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		weir_time value = -7;
		cr_expect_eq(duration_parse(wrong[i], &value), -EINVAL, "%s", wrong[i]);
		cr_expect_eq(value, -7, "%s was stored", wrong[i]);
	}
}

Test(duration, refuses_what_does_not_fit)
{
	static const char *const wrong[] = {
		"2562048h",
		"9223372036855ms",
		"9223372037s",
		"18446744073709551615h",
		"18446744073709551616ms",
		"99999999999999999999999999s",
	};
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		weir_time value = -7;
		cr_expect_eq(duration_parse(wrong[i], &value), -ERANGE, "%s", wrong[i]);
		cr_expect_eq(value, -7, "%s was stored", wrong[i]);
	}
}
