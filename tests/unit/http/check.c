/* http/check.c: what a header must be. */
#include <criterion/criterion.h>

#include <string.h>

#include "http/check.h"

Test(token, has_no_separators)
{
	static const char *const good[] = {"GET", "a", "M-SEARCH", "!#$%&'*+-.^_`|~0Az"};
	static const char *const bad[] = {"",    " ",   "a b", "a:",   "a,",       "a/b",
					  "a\"", "(a)", "a\t", "\x7f", "\xc3\xa9", "a=b",
					  "[a]", "{a}", "a;",  "@"};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		cr_assert(weir__is_token(good[i]), "%s", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_assert_not(weir__is_token(bad[i]), "%s", bad[i]);
}

Test(field_value, has_no_controls_but_tab)
{
	cr_assert(weir__is_field_value(""));
	cr_assert(weir__is_field_value("a b\tc"));
	cr_assert(weir__is_field_value("\xc3\xa9\xff"));
	for (char c = 1; c < 0x20; c++) {
		const char value[] = {'a', c, 'b', '\0'};

		cr_assert_eq(weir__is_field_value(value), c == '\t', "%#x", c);
	}
	cr_assert_not(weir__is_field_value("a\x7f"));
}

struct header {
	const char *method;
	bool http_1_0;
	struct weir__field fields[4];
};

static int check(const struct header *header, struct weir__framing *framing)
{
	const char *reason = "untouched";
	size_t count = 0;
	int status;

	while (count < 4 && header->fields[count].name)
		count++;
	status = weir__check_header(header->method ? header->method : "GET", header->http_1_0,
				    header->fields, count, framing, &reason);
	cr_assert_eq(status == 0, reason == NULL, "status %d, reason %s", status,
		     reason ? reason : "none");
	return status;
}

Test(header, that_is_good)
{
	static const struct header good[] = {
		{.fields = {{"Host", "example.org"}}},
		{.fields = {{"hOsT", ""}}},
		{.fields = {{"Host", "example.org:8080"}}},
		{.fields = {{"Host", "127.0.0.1:"}}},
		{.fields = {{"Host", "[::1]:80"}}},
		{.fields = {{"Host", "a-b_c.d~e%20!$&'()*+;="}}},
		{.http_1_0 = true},
		{.http_1_0 = true, .fields = {{"Host", "x"}}},
		{.method = "PROPFIND", .fields = {{"Host", "x"}}},
		{.method = "connect", .fields = {{"Host", "x"}}},
		{.fields = {{"Host", "x"}, {"X", "a\tb"}, {"X", ""}}},
	};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct weir__framing framing = {true, 7, true};

		cr_assert_eq(check(&good[i], &framing), 0, "%zu", i);
		cr_assert(!framing.chunked && framing.length == 0 && !framing.expects_continue);
	}
}

Test(header, that_is_refused)
{
	static const struct header bad[] = {
		{.fields = {{NULL, NULL}}}, /* no Host */
		{.fields = {{"Host", "a"}, {"Host", "a"}}},
		{.fields = {{"Host", "a"}, {"HOST", "b"}}},
		{.fields = {{"Host", "a b"}}},
		{.fields = {{"Host", "a,b"}}},
		{.fields = {{"Host", "a/b"}}},
		{.fields = {{"Host", "user@a"}}},
		{.fields = {{"Host", "a:b"}}},
		{.fields = {{"Host", "a:80:80"}}},
		{.fields = {{"Host", "[::1"}}},
		{.fields = {{"Host", "[::g]"}}},
		{.fields = {{"Host", "[::1]x"}}},
		{.fields = {{"Host", "a\"b"}}},
		{.http_1_0 = true, .fields = {{"Host", "a,b"}}},
		{.method = "", .fields = {{"Host", "a"}}},
		{.method = "GE T", .fields = {{"Host", "a"}}},
		{.method = "CONNECT", .fields = {{"Host", "a"}}},
		{.fields = {{"Host", "a"}, {"X Y", "b"}}},
		{.fields = {{"Host", "a"}, {"", "b"}}},
		{.fields = {{"Host", "a"}, {"X", "b\rc"}}},
		{.fields = {{"Host", "a"}, {"X", "b\x01"}}},
		{.fields = {{"Host", "a"}, {"Content-Length", ""}}},
		{.fields = {{"Host", "a"}, {"Content-Length", "+1"}}},
		{.fields = {{"Host", "a"}, {"Content-Length", "-1"}}},
		{.fields = {{"Host", "a"}, {"Content-Length", "1 "}}},
		{.fields = {{"Host", "a"}, {"Content-Length", "0x1"}}},
		{.fields = {{"Host", "a"}, {"Content-Length", "1,1"}}},
		{.fields = {{"Host", "a"}, {"Content-Length", "18446744073709551615"}}},
		{.fields = {{"Host", "a"}, {"Content-Length", "18446744073709551617"}}},
		{.fields = {{"Host", "a"}, {"Content-Length", "99999999999999999999999"}}},
		{.fields = {{"Host", "a"}, {"Content-Length", "1"}, {"Content-Length", "2"}}},
		{.fields = {{"Host", "a"}, {"Content-Length", "1"}, {"Content-Length", "01"}}},
		{.fields = {{"Host", "a"}, {"Transfer-Encoding", "gzip"}}},
		{.fields = {{"Host", "a"}, {"Transfer-Encoding", "gzip, chunked"}}},
		{.fields = {{"Host", "a"}, {"Transfer-Encoding", "chunked, chunked"}}},
		{.fields = {{"Host", "a"}, {"Transfer-Encoding", "chunked "}}},
		{.fields = {{"Host", "a"}, {"Transfer-Encoding", ""}}},
		{.fields = {{"Host", "a"},
			    {"Transfer-Encoding", "chunked"},
			    {"Transfer-Encoding", "chunked"}}},
		{.fields = {{"Host", "a"},
			    {"Transfer-Encoding", "chunked"},
			    {"Content-Length", "1"}}},
		{.fields = {{"Host", "a"},
			    {"Content-Length", "0"},
			    {"Transfer-Encoding", "chunked"}}},
		{.http_1_0 = true, .fields = {{"Transfer-Encoding", "chunked"}}},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct weir__framing framing;

		cr_assert_eq(check(&bad[i], &framing), 400, "%zu: %s: %s", i,
			     bad[i].fields[1].name ? bad[i].fields[1].name : "",
			     bad[i].fields[1].name ? bad[i].fields[1].value : "");
	}
}

static struct weir__framing framing_of(const char *name, const char *value, bool http_1_0)
{
	const struct header header = {
		.http_1_0 = http_1_0,
		.fields = {{"Host", "a"}, {name, value}},
	};
	struct weir__framing framing;

	cr_assert_eq(check(&header, &framing), 0, "%s: %s", name, value);
	return framing;
}

Test(framing, by_length)
{
	cr_assert_eq(framing_of("Content-Length", "0", false).length, 0);
	cr_assert_eq(framing_of("content-length", "007", false).length, 7);
	cr_assert_eq(framing_of("Content-Length", "1000000000000000000", false).length,
		     1000000000000000000);
	cr_assert_not(framing_of("Content-Length", "5", false).chunked);
	cr_assert_eq(framing_of("Content-Length", "5", true).length, 5);
}

Test(framing, the_same_length_twice_is_one_length)
{
	const struct header header = {
		.fields = {{"Host", "a"}, {"Content-Length", "5"}, {"Content-Length", "5"}},
	};
	struct weir__framing framing;

	cr_assert_eq(check(&header, &framing), 0);
	cr_assert_eq(framing.length, 5);
}

Test(framing, by_chunks)
{
	cr_assert(framing_of("Transfer-Encoding", "chunked", false).chunked);
	cr_assert(framing_of("transfer-encoding", "CHUNKED", false).chunked);
	cr_assert_eq(framing_of("Transfer-Encoding", "chunked", false).length, 0);
}

Test(expectation, is_to_continue_or_refused)
{
	const struct header other = {.fields = {{"Host", "a"}, {"Expect", "the unexpected"}}};
	struct weir__framing framing;

	cr_assert(framing_of("Expect", "100-Continue", false).expects_continue);
	/* A client of 1.0 does not know interim answers (RFC 9110, 10.1.1). */
	cr_assert_not(framing_of("Expect", "100-continue", true).expects_continue);
	cr_assert_eq(check(&other, &framing), 417);
}
