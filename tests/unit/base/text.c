/* base/text.c: growth, and the two ways to quote. */
#include <criterion/criterion.h>

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "unit/faults.h"

TestSuite(text, .timeout = 60);

static void check_quoted(void (*quote)(struct weir__text *, const char *), const char *value,
			 const char *expected)
{
	struct weir__text text = WEIR__TEXT_EMPTY;

	quote(&text, value);
	cr_assert_eq(text.error, 0);
	cr_assert_str_eq(text.data, expected, "%s became %s, not %s", value, text.data, expected);
	cr_assert_eq(text.size, strlen(expected));
	weir__text_free(&text);
}

static void json(const char *value, const char *expected)
{
	check_quoted(weir__text_json, value, expected);
}

static void logfmt(const char *value, const char *expected)
{
	check_quoted(weir__text_logfmt, value, expected);
}

#define REPLACED "\xef\xbf\xbd"

Test(text, json_escapes_what_json_must)
{
	json("", "\"\"");
	json("plain text / here", "\"plain text / here\"");
	json("say \"hi\"", "\"say \\\"hi\\\"\"");
	json("C:\\x", "\"C:\\\\x\"");
	json("a\nb", "\"a\\nb\"");
	json("a\rb\tc\b\f\x01\x1f\x7f", "\"a\\u000db\\u0009c\\u0008\\u000c\\u0001\\u001f\\u007f\"");
}

Test(text, json_keeps_utf8)
{
	json("\xc3\xa9 \xe2\x82\xac \xf0\x9f\x8c\x8a",
	     "\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x8c\x8a\"");
	json("\xc2\xa0\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf",
	     "\"\xc2\xa0\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf\"");
}

Test(text, json_replaces_what_is_not_utf8)
{
	json("\xff", "\"" REPLACED "\"");
	json("a\x80z", "\"a" REPLACED "z\"");
	json("\xc0\xaf", "\"" REPLACED REPLACED "\"");                           /* '/' too long */
	json("\xe0\x80\xaf", "\"" REPLACED REPLACED REPLACED "\"");              /* likewise */
	json("\xed\xa0\x80", "\"" REPLACED REPLACED REPLACED "\"");              /* a surrogate */
	json("\xf4\x90\x80\x80", "\"" REPLACED REPLACED REPLACED REPLACED "\""); /* too large */
	json("\xf5\x80\x80\x80", "\"" REPLACED REPLACED REPLACED REPLACED "\"");
	json("\xf0\x8f\xbf\xbf", "\"" REPLACED REPLACED REPLACED REPLACED "\"");
}

Test(text, a_sequence_cut_by_the_end_is_replaced_and_nothing_beyond_is_read)
{
	static const char *const cut[] = {"\xc3", "\xe2\x82", "\xe2", "\xf0\x9f\x8c", "\xf0\x9f"};

	for (size_t i = 0; i < sizeof(cut) / sizeof(cut[0]); i++) {
		/* malloc()ed to its very size, so that a sanitizer sees a read too far */
		size_t size = strlen(cut[i]) + 1;
		char *value = malloc(size), expected[32];
		int end = 0;

		cr_assert_not_null(value);
		memcpy(value, cut[i], size);
		for (size_t k = 1; k < size; k++)
			end += snprintf(expected + end, sizeof(expected) - (size_t)end, "%s%s",
					k == 1 ? "\"" : "", REPLACED);
		(void)snprintf(expected + end, sizeof(expected) - (size_t)end, "\"");
		json(value, expected);
		free(value);
	}
	json("\xe2\x82\"", "\"" REPLACED REPLACED "\\\"\"");
	json("\xc3\xc3\xa9", "\"" REPLACED "\xc3\xa9\"");
}

Test(text, logfmt_leaves_plain_values_bare)
{
	logfmt("plain", "plain");
	logfmt("/a/b?c", "/a/b?c");
	logfmt("127.0.0.1:80", "127.0.0.1:80");
}

Test(text, logfmt_quotes_what_could_be_read_otherwise)
{
	logfmt("", "\"\"");
	logfmt("two words", "\"two words\"");
	logfmt("x=1", "\"x=1\"");
	logfmt("say \"hi\"", "\"say \\\"hi\\\"\"");
	logfmt("back\\slash", "\"back\\\\slash\"");
	logfmt("\xc3\xa9", "\"\xc3\xa9\"");
}

Test(text, a_value_cannot_forge_a_line_or_steer_a_terminal)
{
	logfmt("x\nlistening url=evil", "\"x\\nlistening url=evil\"");
	logfmt("x\rlistening", "\"x\\u000dlistening\"");
	logfmt("\x1b[2J", "\"\\u001b[2J\"");
	logfmt("\xc2\x9b"
	       "2J",
	       "\"\\u009b2J\""); /* CSI as one code point */
	logfmt("a\xc2\x85"
	       "b",
	       "\"a\\u0085b\""); /* next line */
	logfmt("a\xe2\x80\xa8"
	       "b\xe2\x80\xa9",
	       "\"a\\u2028b\\u2029\""); /* line, paragraph */
	json("\xc2\x80\xc2\x9f\xc2\xa0", "\"\\u0080\\u009f\xc2\xa0\"");
}

Test(text, seconds_have_six_decimals)
{
	static const struct {
		weir_time duration;
		const char *expected;
	} cases[] = {
		{0, "0.000000"},
		{999, "0.000000"},
		{1000, "0.000001"},
		{WEIR_SECOND - 1, "0.999999"},
		{WEIR_SECOND, "1.000000"},
		{90 * WEIR_SECOND + 50 * WEIR_MILLISECOND, "90.050000"},
		{WEIR_NEVER, "9223372036.854775"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct weir__text text = WEIR__TEXT_EMPTY;

		weir__text_seconds(&text, cases[i].duration);
		cr_assert_str_eq(text.data, cases[i].expected);
		weir__text_free(&text);
	}
}

Test(text, grows_and_keeps_what_it_has)
{
	struct weir__text text = WEIR__TEXT_EMPTY;
	char *data = NULL;
	size_t size = 0;

	for (unsigned i = 0; i < 10000; i++) {
		weir__text_printf(&text, "%u,", i);
		cr_assert_eq(text.data[text.size], '\0');
		cr_assert_lt(text.size, text.capacity);
	}
	cr_assert_eq(weir__text_take(&text, &data, &size), 0);
	cr_assert_eq(size, 48890);
	cr_assert_eq(strlen(data), size);
	cr_assert_eq(strncmp(data, "0,1,2,", 6), 0);
	cr_assert_str_eq(data + size - 10, "9998,9999,");
	cr_assert_null(text.data);
	free(data);
}

Test(text, sizes_around_the_first_capacity)
{
	char filler[600];

	memset(filler, 'f', sizeof(filler));
	for (size_t first = 250; first < 260; first++)
		for (size_t second = 250; second < 260; second++) {
			struct weir__text text = WEIR__TEXT_EMPTY;

			weir__text_append(&text, filler, first);
			weir__text_printf(&text, "%.*s", (int)second, filler);
			cr_assert_eq(text.size, first + second);
			cr_assert_eq(strspn(text.data, "f"), first + second);
			weir__text_free(&text);
		}
}

Test(text, nothing_can_be_taken_too)
{
	struct weir__text text = WEIR__TEXT_EMPTY;
	char *data = NULL;

	cr_assert_eq(weir__text_take(&text, &data, NULL), 0);
	cr_assert_str_eq(data, "");
	free(data);
}

Test(text, a_failed_allocation_is_remembered)
{
	struct weir__text text = WEIR__TEXT_EMPTY;
	char *data = NULL;
	size_t size;

	weir__text_append(&text, "kept", 4);
	fault_set(FAULT_REALLOC, 0);
	for (int i = 0; i < 100; i++)
		weir__text_json(&text, "0123456789");
	weir__text_printf(&text, "%d", 1);
	cr_assert(fault_struck(FAULT_REALLOC));
	cr_assert_eq(text.error, -ENOMEM);
	cr_assert_eq(weir__text_take(&text, &data, &size), -ENOMEM);
	cr_assert_null(data);
	cr_assert_null(text.data);
	cr_assert_eq(text.error, 0);
}

Test(text, a_size_that_cannot_be_is_refused)
{
	struct weir__text text = WEIR__TEXT_EMPTY;

	weir__text_append(&text, "x", 1);
	weir__text_append(&text, "x", SIZE_MAX - 1);
	cr_assert_eq(text.error, -ENOMEM);
	weir__text_free(&text);
}
