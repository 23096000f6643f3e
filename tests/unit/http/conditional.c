/* http/conditional.c: dates, entity tags, and which precondition goes before which. */
#include <criterion/criterion.h>

#include <string.h>

#include "http/conditional.h"

/* RFC 9110, 5.6.7: one moment in the three forms there are. */
#define EXAMPLE 784111777
#define EXAMPLE_TEXT "Sun, 06 Nov 1994 08:49:37 GMT"

static void parses(const char *text, int64_t expected)
{
	int64_t seconds = -1;

	cr_assert(weir__date_parse(text, &seconds), "%s", text);
	cr_assert_eq(seconds, expected, "%s: %lld", text, (long long)seconds);
}

Test(date, is_read_in_three_forms)
{
	parses(EXAMPLE_TEXT, EXAMPLE);
	parses("Sunday, 06-Nov-94 08:49:37 GMT", EXAMPLE);
	parses("Sun Nov  6 08:49:37 1994", EXAMPLE);
	parses("Thu, 01 Jan 1970 00:00:00 GMT", 0);
	parses("Wed, 31 Dec 1969 23:59:59 GMT", -1);
	parses("Tue, 29 Feb 2000 12:00:00 GMT", 951825600);
	parses("Fri, 31 Dec 9999 23:59:59 GMT", INT64_C(253402300799));
	parses("Saturday, 01-Jan-00 00:00:00 GMT", 946684800);
	parses("Tuesday, 31-Dec-69 23:59:59 GMT", INT64_C(3155759999));
	parses("Thursday, 01-Jan-70 00:00:00 GMT", 0);
	parses("Sun, 06 Nov 1994 08:49:60 GMT", EXAMPLE + 23); /* a leap second */
}

Test(date, that_is_none_is_not_read)
{
	static const char *const bad[] = {
		"",
		"yesterday",
		"784111777",
		"Sun, 06 Nov 1994",
		"Sun, 06 Nov 1994 08:49:37",
		"Sun, 06 Nov 1994 08:49:37 CET",
		EXAMPLE_TEXT "x",
		EXAMPLE_TEXT " ",
		"Sun, 06 Xyz 1994 08:49:37 GMT",
		"Sun, 32 Nov 1994 08:49:37 GMT",
		"Sun, 00 Nov 1994 08:49:37 GMT",
		"Sun, 06 Nov 1994 24:49:37 GMT",
		"Sun, 06 Nov 1994 08:60:37 GMT",
		"Sun, 06 Nov 1994 08:49:61 GMT",
		"06 Nov 1994 08:49:37 GMT",
		"Sunday, 06-Nov-94 08:49:37",
		"Sun Nov  6 08:49:37",
		"Sun Nov  6 08:49:37 1994 GMT",
		/* Found by the fuzz target: what scanf() would take for numbers. */
		"Sun, 6 Nov 1994 08:49:37 GMT",
		"Sun, +6 Nov 1994 08:49:37 GMT",
		"Sun, 06 Nov 1994 -1:49:37 GMT",
		"Sun, 06 Nov   94 08:49:37 GMT",
		"Sun, 06Nov 1994 08:49:37 GMT",
		"Xyz, 06 Nov 1994 08:49:37 GMT",
		"Sund, 06-Nov-94 08:49:37 GMT",
		"Sun, 31 Feb 1994 08:49:37 GMT",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int64_t seconds;

		cr_assert_not(weir__date_parse(bad[i], &seconds), "\"%s\"", bad[i]);
	}
}

Test(date, is_written_in_one_form_and_read_back)
{
	static const int64_t moments[] = {0, EXAMPLE, 951825600, 1700000000, 4102444799};
	char text[32];

	weir__date_print(EXAMPLE, text, sizeof(text));
	cr_assert_str_eq(text, EXAMPLE_TEXT);
	for (size_t i = 0; i < sizeof(moments) / sizeof(moments[0]); i++) {
		weir__date_print(moments[i], text, sizeof(text));
		parses(text, moments[i]);
	}
	weir__date_print(INT64_MAX, text, sizeof(text)); /* has no year */
	cr_assert_str_empty(text);
}

#define BEFORE "Sun, 06 Nov 1994 08:49:36 GMT"
#define AFTER "Sun, 06 Nov 1994 08:49:38 GMT"

/* What is there: "tag", or nothing, last changed at EXAMPLE. */
static int judge(struct weir__conditions conditions, const char *etag)
{
	const struct weir__validators validators = {etag, EXAMPLE};

	return weir__precondition(&conditions, &validators);
}

/* The result for GET and for PUT. */
static void gives(struct weir__conditions conditions, const char *etag, int reading, int writing)
{
	conditions.reading = true;
	cr_assert_eq(judge(conditions, etag), reading, "reading: %d", judge(conditions, etag));
	conditions.reading = false;
	cr_assert_eq(judge(conditions, etag), writing, "writing: %d", judge(conditions, etag));
}

#define WITH(...) ((struct weir__conditions){__VA_ARGS__})

Test(precondition, none)
{
	gives(WITH(0), "\"a\"", 0, 0);
	gives(WITH(0), NULL, 0, 0);
}

Test(precondition, if_match_compares_strongly)
{
	gives(WITH(.if_match = "\"a\""), "\"a\"", 0, 0);
	gives(WITH(.if_match = "\"b\""), "\"a\"", 412, 412);
	gives(WITH(.if_match = "\"b\", \"a\""), "\"a\"", 0, 0);
	gives(WITH(.if_match = "\"b\",\t\"c\" , \"a\""), "\"a\"", 0, 0);
	gives(WITH(.if_match = "W/\"a\""), "\"a\"", 412, 412);
	gives(WITH(.if_match = "\"a\""), "W/\"a\"", 412, 412);
	gives(WITH(.if_match = "W/\"a\""), "W/\"a\"", 412, 412);
	gives(WITH(.if_match = "*"), "\"a\"", 0, 0);
	gives(WITH(.if_match = "*"), "W/\"a\"", 0, 0);
	gives(WITH(.if_match = "*"), NULL, 412, 412);
	gives(WITH(.if_match = "\"a\""), NULL, 412, 412);
	gives(WITH(.if_match = "\"a, b\""), "\"a, b\"", 0, 0);
	gives(WITH(.if_match = "\"A\""), "\"a\"", 412, 412);
	gives(WITH(.if_match = ""), "\"a\"", 412, 412);
	gives(WITH(.if_match = "a"), "\"a\"", 412, 412);
	gives(WITH(.if_match = "\"a"), "\"a\"", 412, 412);
}

Test(precondition, if_none_match_compares_weakly)
{
	gives(WITH(.if_none_match = "\"a\""), "\"a\"", 304, 412);
	gives(WITH(.if_none_match = "W/\"a\""), "\"a\"", 304, 412);
	gives(WITH(.if_none_match = "\"a\""), "W/\"a\"", 304, 412);
	gives(WITH(.if_none_match = "W/\"a\""), "W/\"a\"", 304, 412);
	gives(WITH(.if_none_match = "\"b\", \"a\""), "\"a\"", 304, 412);
	gives(WITH(.if_none_match = "\"b\""), "\"a\"", 0, 0);
	gives(WITH(.if_none_match = "\"b\", "), "\"a\"", 0, 0);
	gives(WITH(.if_none_match = "*"), "\"a\"", 304, 412);
	gives(WITH(.if_none_match = "*"), NULL, 0, 0);
	gives(WITH(.if_none_match = "\"a\""), NULL, 0, 0);
}

Test(precondition, if_unmodified_since)
{
	gives(WITH(.if_unmodified_since = EXAMPLE_TEXT), "\"a\"", 0, 0);
	gives(WITH(.if_unmodified_since = AFTER), "\"a\"", 0, 0);
	gives(WITH(.if_unmodified_since = BEFORE), "\"a\"", 412, 412);
	gives(WITH(.if_unmodified_since = BEFORE), NULL, 0, 0);
	gives(WITH(.if_unmodified_since = "some time ago"), "\"a\"", 0, 0);
}

Test(precondition, if_modified_since_is_for_reading)
{
	gives(WITH(.if_modified_since = EXAMPLE_TEXT), "\"a\"", 304, 0);
	gives(WITH(.if_modified_since = AFTER), "\"a\"", 304, 0);
	gives(WITH(.if_modified_since = BEFORE), "\"a\"", 0, 0);
	gives(WITH(.if_modified_since = AFTER), NULL, 0, 0);
	gives(WITH(.if_modified_since = "just now"), "\"a\"", 0, 0);
}

/* RFC 9110, 13.2.2: tags are looked at instead of dates; what must match before what must
 * not. */
Test(precondition, in_order)
{
	gives(WITH(.if_match = "\"a\"", .if_unmodified_since = BEFORE), "\"a\"", 0, 0);
	gives(WITH(.if_match = "\"b\"", .if_unmodified_since = AFTER), "\"a\"", 412, 412);
	gives(WITH(.if_none_match = "\"b\"", .if_modified_since = AFTER), "\"a\"", 0, 0);
	gives(WITH(.if_none_match = "\"a\"", .if_modified_since = BEFORE), "\"a\"", 304, 412);
	gives(WITH(.if_match = "\"b\"", .if_none_match = "\"a\""), "\"a\"", 412, 412);
	gives(WITH(.if_match = "\"a\"", .if_none_match = "\"a\""), "\"a\"", 304, 412);
	gives(WITH(.if_match = "\"a\"", .if_none_match = "\"b\""), "\"a\"", 0, 0);
	gives(WITH(.if_unmodified_since = BEFORE, .if_none_match = "\"a\""), "\"a\"", 412, 412);
	gives(WITH(.if_unmodified_since = EXAMPLE_TEXT, .if_modified_since = EXAMPLE_TEXT), "\"a\"",
	      304, 0);
	gives(WITH(.if_match = "\"a\"", .if_modified_since = AFTER), "\"a\"", 304, 0);
}
