/* JSON strings, UTF-8, and sizes. */
#include "byte_size.h"
#include "handlers/json_text.h"
#include "handlers/utf8.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

static void expect_string(const char *data, size_t size, const char *json)
{
	struct json_text text = {0};
	json_text_string(&text, data, size);
	cr_assert_not(text.failed);
	cr_expect_eq(text.size, strlen(json), "%.*s", (int)text.size, text.data);
	cr_expect_eq(memcmp(text.data, json, text.size), 0, "%.*s", (int)text.size, text.data);
	json_text_free(&text);
}

Test(json_text, escapes_what_it_must)
{
	expect_string("", 0, "\"\"");
	expect_string("plain", 5, "\"plain\"");
	expect_string("a\"b\\c/", 6, "\"a\\\"b\\\\c/\"");
	expect_string("\b\t\n\f\r", 5, "\"\\b\\t\\n\\f\\r\"");
	expect_string("\0\x1f\x7f", 3, "\"\\u0000\\u001f\x7f\"");
	expect_string("\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80", 9,
		      "\"\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80\"");
}

Test(json_text, replaces_what_is_not_utf8)
{
	expect_string("a\xff"
		      "b",
		      3,
		      "\"a\xef\xbf\xbd"
		      "b\"");
	expect_string("\xc3", 1, "\"\xef\xbf\xbd\"");
	expect_string("\xed\xa0\x80", 3, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
}

Test(json_text, prints_what_is_of_any_length)
{
	struct json_text text = {0};
	static char large[10000];
	memset(large, 'x', sizeof large - 1);
	json_text_print(&text, "%d,", 7);
	json_text_print(&text, "%s", "");
	json_text_print(&text, "%s", large);
	cr_assert_not(text.failed);
	cr_assert_eq(text.size, 2 + strlen(large));
	cr_expect_eq(memcmp(text.data, "7,", 2), 0);
	cr_expect_eq(memcmp(text.data + 2, large, strlen(large)), 0);
	json_text_free(&text);
}

Test(json_text, grows)
{
	struct json_text text = {0};
	static char large[10000];
	memset(large, 'x', sizeof large);
	for (int i = 0; i < 10; i++)
		json_text_raw(&text, large, sizeof large);
	cr_assert_eq(text.size, 100000);
	cr_expect_eq(memcmp(text.data + 90000, large, sizeof large), 0);
	json_text_raw(&text, large, SIZE_MAX); /* cannot be had: nothing is read */
	cr_expect(text.failed);
	json_text_free(&text);
}

Test(utf8, knows_the_valid_from_the_others)
{
	static const char *const valid[] = {"",
					    "a",
					    "\xc2\x80",
					    "\xe0\xa0\x80",
					    "\xef\xbf\xbf",
					    "\xf0\x90\x80\x80",
					    "\xf4\x8f\xbf\xbf"};
	static const char *const invalid[] = {
		"\x80",
		"\xc0\x80",
		"\xc1\xbf",
		"\xc2",
		"\xc2\x41",
		"\xe0\x9f\xbf",
		"\xed\xa0\x80",
		"\xed\xbf\xbf",
		"\xf0\x8f\xbf\xbf",
		"\xf4\x90\x80\x80",
		"\xf8\x88\x80\x80\x80",
		"\xff",
		"a\xe2\x82",
	};
	for (size_t i = 0; i < sizeof valid / sizeof valid[0]; i++)
		cr_expect(utf8_valid(valid[i], strlen(valid[i])), "valid[%zu]", i);
	for (size_t i = 0; i < sizeof invalid / sizeof invalid[0]; i++)
		cr_expect_not(utf8_valid(invalid[i], strlen(invalid[i])), "invalid[%zu]", i);
}

Test(byte_size, has_units_of_1024)
{
	uint64_t size;
	cr_expect(byte_size_parse("0", &size) == 0 && size == 0);
	cr_expect(byte_size_parse("512", &size) == 0 && size == 512);
	cr_expect(byte_size_parse("64KiB", &size) == 0 && size == 65536);
	cr_expect(byte_size_parse("3MiB", &size) == 0 && size == 3145728);
	cr_expect(byte_size_parse("2GiB", &size) == 0 && size == (uint64_t)2 << 30);
	static const char *const wrong[] = {"", "KiB", "1KB", "1k", "-1", "1 KiB", "1.5MiB", "1B"};
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		cr_expect_eq(byte_size_parse(wrong[i], &size), -EINVAL, "%s", wrong[i]);
	cr_expect_eq(byte_size_parse("18446744073709551615GiB", &size), -ERANGE);
	cr_expect_eq(byte_size_parse("99999999999999999999", &size), -ERANGE);
}
