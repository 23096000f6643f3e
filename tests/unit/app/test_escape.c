/* Names of others inside HTML and inside URLs. */
#include "handlers/escape.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static char *html(const char *text)
{
	char *out = NULL;
	size_t size;
	FILE *stream = open_memstream(&out, &size);
	cr_assert_not_null(stream);
	escape_html(stream, text);
	cr_assert_eq(fclose(stream), 0);
	return out;
}

static void expect_html(const char *text, const char *expected)
{
	char *out = html(text);
	cr_expect_str_eq(out, expected);
	free(out);
}

Test(escape, html_has_no_markup_left)
{
	expect_html("plain name.txt", "plain name.txt");
	expect_html("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;");
	expect_html("\" onload='x' &amp;", "&quot; onload=&#39;x&#39; &amp;amp;");
	expect_html("gr\xc3\xbc\xc3\x9f"
		    "e",
		    "gr\xc3\xbc\xc3\x9f"
		    "e");
	expect_html("a\nb\x7f", "a\xef\xbf\xbd"
				"b\xef\xbf\xbd");
	expect_html("", "");
}

static void expect_url(const char *path, const char *expected)
{
	char *out = escape_url_copy(path);
	cr_assert_not_null(out);
	cr_expect_str_eq(out, expected);
	free(out);
}

Test(escape, url_keeps_only_what_needs_no_encoding)
{
	expect_url("/a-b_c.d~e/F9", "/a-b_c.d~e/F9");
	expect_url("a b", "a%20b");
	expect_url("100%?#&\"<>", "100%25%3F%23%26%22%3C%3E");
	expect_url("c:d", "c%3Ad");
	expect_url("\xc3\xbc\xff\n", "%C3%BC%FF%0A");
	expect_url("", "");
}
