/* http/target.c: forms of a target, percent-decoding, queries. */
#include <criterion/criterion.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "http/target.h"

static void splits(const char *target, const char *path, const char *query)
{
	struct weir__target out;

	cr_assert_eq(weir__target_split(target, &out), 0, "%s", target);
	cr_assert_eq(out.path_size, strlen(path), "%s: path of %zu bytes", target, out.path_size);
	cr_assert_eq(memcmp(out.path, path, out.path_size), 0, "%s", target);
	if (query)
		cr_assert_str_eq(out.query, query, "%s", target);
	else
		cr_assert_null(out.query, "%s", target);
}

Test(target, has_a_path_and_perhaps_a_query)
{
	splits("/", "/", NULL);
	splits("/a/b", "/a/b", NULL);
	splits("/a?", "/a", "");
	splits("/a?b=c", "/a", "b=c");
	splits("/a?b?c", "/a", "b?c");
	splits("/?/x", "/", "/x");
	splits("//a//", "//a//", NULL);
	splits("/a%20b%2Fc", "/a%20b%2Fc", NULL);
	splits("/..", "/..", NULL);
	splits("/\xc3\xa9", "/\xc3\xa9", NULL);
}

Test(target, may_be_absolute)
{
	splits("http://example.org/a?b", "/a", "b");
	splits("HTTP://example.org:80/", "/", NULL);
	splits("https://example.org/a", "/a", NULL);
	splits("http://example.org", "/", NULL);
	splits("http://example.org?q", "/", "q");
}

Test(target, of_any_other_form_is_refused)
{
	static const char *const bad[] = {
		"",
		"*",
		"a",
		"a/b",
		"?q",
		"example.org:80",
		"ftp:/",
		"/a b",
		"/a#b",
		"/a\tb",
		"/\x01",
		"/\x7f",
		"/%",
		"/%4",
		"/%4g",
		"/%g4",
		"/a?%",
		"/a?x=%zz",
		"/%00",
		"/%0a",
		"/a%7f",
		"/a?%00",
		"http://h#",
		"http://h /",
		"/%1F",
		"/%%41",
		" /a",
		"http://",
		"http:///a",
		"http://:80/a",
		"http://user@h/a",
		"http://[::1/a",
		"http://h:p/a",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct weir__target out;

		cr_assert_eq(weir__target_split(bad[i], &out), -EINVAL, "\"%s\"", bad[i]);
	}
}

static void decodes(const char *data, bool plus, const char *expected)
{
	char out[64];
	ssize_t size = weir__percent_decode(out, data, strlen(data), plus);

	cr_assert_eq(size, (ssize_t)strlen(expected), "%s", data);
	cr_assert_str_eq(out, expected, "%s", data);
}

Test(percent_decode, takes_escapes_and_leaves_the_rest)
{
	decodes("", false, "");
	decodes("plain", false, "plain");
	decodes("%41%5a%5A", false, "AZZ");
	decodes("a%20b", false, "a b");
	decodes("%25%2541", false, "%%41");
	decodes("%c3%a9%FF", false, "\xc3\xa9\xff");
	decodes("a+b%2B", false, "a+b+");
	decodes("a+b%2B", true, "a b+");
}

Test(percent_decode, refuses_bad_escapes_and_nul)
{
	static const char *const bad[] = {"%", "a%", "%4", "%x1", "%1x", "%00", "ok%"};
	char out[16];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		cr_assert_eq(weir__percent_decode(out, bad[i], strlen(bad[i]), true), -EINVAL, "%s",
			     bad[i]);
		cr_assert_eq(weir__percent_decode(out, bad[i], strlen(bad[i]), false), -EINVAL,
			     "%s", bad[i]);
	}
}

/* A form may send several lines; a path has none. */
Test(percent_decode, takes_controls_in_queries_only)
{
	static const char *const controls[] = {"%0A", "%0d", "%7F", "%1f", "%01"};
	char out[16];

	for (size_t i = 0; i < sizeof(controls) / sizeof(controls[0]); i++) {
		cr_assert_eq(weir__percent_decode(out, controls[i], 3, true), 1, "%s", controls[i]);
		cr_assert_eq(weir__percent_decode(out, controls[i], 3, false), -EINVAL, "%s",
			     controls[i]);
	}
	splits("/a?b=%0D%0A", "/a", "b=%0D%0A");
}

Test(percent_decode, does_not_read_beyond_its_size)
{
	char out[16];

	cr_assert_eq(weir__percent_decode(out, "ab%41", 2, false), 2);
	cr_assert_str_eq(out, "ab");
	cr_assert_eq(weir__percent_decode(out, "ab%41", 3, false), -EINVAL);
	cr_assert_eq(weir__percent_decode(out, "ab%41", 4, false), -EINVAL);
}

/* All pairs of a query as "name=value;". */
static void walks(const char *query, const char *expected)
{
	const char *at = query, *name, *value;
	size_t name_size, value_size, used = 0;
	char text[128] = "";

	while ((at = weir__query_next(at, &name, &name_size, &value, &value_size)))
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%.*s=%.*s;",
					 (int)name_size, name, (int)value_size, value);
	cr_assert_str_eq(text, expected, "\"%s\"", query ? query : "(none)");
}

Test(query, is_walked_pair_by_pair)
{
	walks(NULL, "");
	walks("", "");
	walks("a", "a=;");
	walks("a=", "a=;");
	walks("a=b", "a=b;");
	walks("a=b&c=d", "a=b;c=d;");
	walks("a=b=c", "a=b=c;");
	walks("a&b", "a=;b=;");
	walks("=b", "=b;");
	walks("a=b&", "a=b;");
	walks("&a=b", "=;a=b;");
	walks("a=b&&c", "a=b;=;c=;");
	walks("a%3Db=c%26d", "a%3Db=c%26d;");
}
