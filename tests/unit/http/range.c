/* http/conditional.c: ranges (RFC 9110, section 14). */
#include <criterion/criterion.h>

#include <inttypes.h>

#include "http/conditional.h"

#define DATE 784111777
#define DATE_TEXT "Sun, 06 Nov 1994 08:49:37 GMT"

static enum weir__range range_if(const char *range, const char *if_range, const char *etag,
				 uint64_t size, uint64_t *offset, uint64_t *length)
{
	const struct weir__conditions conditions = {
		.range = range, .if_range = if_range, .reading = true};
	const struct weir__validators validators = {etag, DATE};

	*offset = *length = 4711;
	return weir__range(&conditions, &validators, size, offset, length);
}

static void gives(const char *range, uint64_t size, uint64_t expected_offset,
		  uint64_t expected_length)
{
	uint64_t offset, length;

	cr_assert_eq(range_if(range, NULL, "\"a\"", size, &offset, &length), WEIR__RANGE_ONE, "%s",
		     range);
	cr_assert(offset == expected_offset && length == expected_length,
		  "%s of %" PRIu64 ": %" PRIu64 " from %" PRIu64, range, size, length, offset);
}

static void gives_no_range(const char *range, uint64_t size, enum weir__range expected)
{
	uint64_t offset, length;

	cr_assert_eq(range_if(range, NULL, "\"a\"", size, &offset, &length), expected,
		     "%s of %" PRIu64, range, size);
}

Test(range, one)
{
	gives("bytes=0-0", 10, 0, 1);
	gives("bytes=0-9", 10, 0, 10);
	gives("bytes=9-9", 10, 9, 1);
	gives("bytes=2-5", 10, 2, 4);
	gives("bytes=5-", 10, 5, 5);
	gives("bytes=0-", 10, 0, 10);
	gives("BYTES=0-", 10, 0, 10);
	gives("bytes= 2-5 ", 10, 2, 4);
	gives("bytes=0000002-5", 10, 2, 4);
}

Test(range, is_cut_to_what_is_there)
{
	gives("bytes=5-10", 10, 5, 5);
	gives("bytes=5-99999999999999999999999999", 10, 5, 5);
	gives("bytes=5-18446744073709551615", 10, 5, 5);
	gives("bytes=0-18446744073709551615", UINT64_MAX, 0, UINT64_MAX);
}

Test(range, of_the_last_bytes)
{
	gives("bytes=-1", 10, 9, 1);
	gives("bytes=-10", 10, 0, 10);
	gives("bytes=-11", 10, 0, 10);
	gives("bytes=-99999999999999999999999999", 10, 0, 10);
}

Test(range, that_nothing_is_in)
{
	gives_no_range("bytes=10-", 10, WEIR__RANGE_UNSATISFIABLE);
	gives_no_range("bytes=10-11", 10, WEIR__RANGE_UNSATISFIABLE);
	gives_no_range("bytes=99999999999999999999999999-", 10, WEIR__RANGE_UNSATISFIABLE);
	gives_no_range("bytes=-0", 10, WEIR__RANGE_UNSATISFIABLE);
	gives_no_range("bytes=0-", 0, WEIR__RANGE_UNSATISFIABLE);
	gives_no_range("bytes=-5", 0, WEIR__RANGE_UNSATISFIABLE);
}

Test(range, that_is_not_understood_is_as_if_not_there)
{
	static const char *const bad[] = {
		"",
		"bytes",
		"bytes=",
		"bytes=-",
		"bytes=a-b",
		"bytes=1",
		"bytes=5-2",
		"lines=1-2",
		"bytes=1-2x",
		"bytes=1 -2",
		"bytes=1- 2",
		"bytes=--1",
		"bytes=+1-2",
		"bytes=0x1-2",
		"bytes=1-2,",
		"bytes=1-2,3-",
		"bytes=-1,-2",
		"bytes=1-2;",
		"bytes 1-2",
		"bytes=-1-2",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		gives_no_range(bad[i], 10, WEIR__RANGE_NONE);
	gives_no_range(NULL, 10, WEIR__RANGE_NONE);
}

Test(range, is_for_reading)
{
	const struct weir__conditions conditions = {.range = "bytes=0-1"};
	const struct weir__validators validators = {"\"a\"", DATE};
	uint64_t offset, length;

	cr_assert_eq(weir__range(&conditions, &validators, 10, &offset, &length), WEIR__RANGE_NONE);
}

/* RFC 9110, 13.1.5: a tag compares strongly, a date exactly; else all of it is sent. */
Test(range, only_if_nothing_has_changed)
{
	static const struct {
		const char *if_range, *etag;
		enum weir__range expected;
	} cases[] = {
		{"\"a\"", "\"a\"", WEIR__RANGE_ONE},
		{"\"b\"", "\"a\"", WEIR__RANGE_NONE},
		{"W/\"a\"", "\"a\"", WEIR__RANGE_NONE},
		{"\"a\"", "W/\"a\"", WEIR__RANGE_NONE},
		{"W/\"a\"", "W/\"a\"", WEIR__RANGE_NONE},
		{DATE_TEXT, "\"a\"", WEIR__RANGE_ONE},
		{"Sun, 06 Nov 1994 08:49:36 GMT", "\"a\"", WEIR__RANGE_NONE},
		{"Sun, 06 Nov 1994 08:49:38 GMT", "\"a\"", WEIR__RANGE_NONE},
		{"whatever", "\"a\"", WEIR__RANGE_NONE},
		{"", "\"a\"", WEIR__RANGE_NONE},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t offset, length;

		cr_assert_eq(range_if("bytes=2-3", cases[i].if_range, cases[i].etag, 10, &offset,
				      &length),
			     cases[i].expected, "%s against %s", cases[i].if_range, cases[i].etag);
	}
}
