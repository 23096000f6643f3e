/* http/raw_header.h: what the memory that libmicrohttpd has parsed still tells.
 *
 * The parser below does what libmicrohttpd 0.9.75 does to a header: it puts zeros over the
 * colons and the line ends, skips the white space before a value, and takes a bare LF and a
 * line without a name for what they are not. */
#include <criterion/criterion.h>

#include <string.h>

#include "http/raw_header.h"

/* Ends the line at `at` with zeros as the parser does; returns where the next one begins. */
static char *end_line(char *at)
{
	char *end = strchr(at, '\n');

	cr_assert_not_null(end);
	*end = '\0';
	if (end > at && end[-1] == '\r')
		end[-1] = '\0';
	return end + 1;
}

/* Whether a header, in which '@' stands for NUL, looks as it should. */
static bool is_good(const char *text)
{
	char buffer[256];
	char *at = buffer, *next;
	struct weir__raw_header raw;

	cr_assert_lt(strlen(text), sizeof(buffer));
	memcpy(buffer, text, strlen(text) + 1);
	next = end_line(at);
	weir__raw_header_begin(&raw, buffer + strlen(buffer), buffer + strlen(text));
	for (at = next; *at != '\r' && *at != '\n' && *at != ':'; at = next) {
		char *colon, *value;

		next = end_line(at);
		for (char *nul = at; nul < next; nul++)
			if (*nul == '@')
				*nul = '\0';
		colon = at + strcspn(at, ":");
		value = *colon ? colon + 1 : colon;
		*colon = '\0';
		value += strspn(value, " \t");
		weir__raw_header_field(&raw, at, value + strlen(value));
	}
	raw.end = end_line(at);
	if (*at == ':')
		*at = '\0';
	return weir__raw_header_good(&raw);
}

Test(raw_header, well_formed)
{
	cr_assert(is_good("GET / HTTP/1.1\r\n\r\n"));
	cr_assert(is_good("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
	cr_assert(is_good("GET / HTTP/1.1\r\nHost:a\r\nB: c\r\nD:\t e f \r\n\r\n"));
	cr_assert(is_good("GET / HTTP/1.1\r\nHost:\r\nX: \r\n\r\n"));
}

Test(raw_header, a_bare_lf_shows)
{
	cr_assert_not(is_good("GET / HTTP/1.1\n\r\n"));
	cr_assert_not(is_good("GET / HTTP/1.1\r\n\n"));
	cr_assert_not(is_good("GET / HTTP/1.1\nHost: a\r\n\r\n"));
	cr_assert_not(is_good("GET / HTTP/1.1\r\nHost: a\n\r\n"));
	cr_assert_not(is_good("GET / HTTP/1.1\r\nHost: a\nB: c\r\n\r\n"));
	cr_assert_not(is_good("GET / HTTP/1.1\r\nHost: a\r\nB: c\r\n\n"));
	cr_assert_not(is_good("GET / HTTP/1.1\nHost: a\nB: c\n\n"));
}

Test(raw_header, a_nul_shows)
{
	cr_assert_not(is_good("GET / HTTP/1.1\r\nHost: a@b\r\n\r\n"));
	cr_assert_not(is_good("GET / HTTP/1.1\r\nHost: @\r\n\r\n"));
	cr_assert_not(is_good("GET / HTTP/1.1\r\nHost: a@b\r\nC: d\r\n\r\n"));
}

Test(raw_header, a_line_that_begins_with_a_colon_shows)
{
	cr_assert_not(is_good("GET / HTTP/1.1\r\n: x\r\n\r\n"));
	cr_assert_not(is_good("GET / HTTP/1.1\r\nHost: a\r\n:\r\nX: y\r\n\r\n"));
	cr_assert_not(is_good("GET / HTTP/1.1\r\nHost: a\n:x\nY: z\r\n\r\n"));
	cr_assert_not(is_good("GET / HTTP/1.1\n:x\nHost: a\r\n\r\n"));
	cr_assert_not(is_good("GET / HTTP/1.1\nHost: a\n:xy\n"));
}

/* The request line as the parser leaves it. */
Test(raw_header, a_nul_in_the_target_shows)
{
	static const char good[] = "GET\0/a?b\0HTTP/1.1", cut[] = "GET\0/a\0b\0HTTP/1.1",
			  wide[] = "GET\0\0/a\0HTTP/1.1";

	cr_expect(weir__raw_line_good(good, "/a?b", good + 9));
	cr_expect_not(weir__raw_line_good(cut, "/a", cut + 9));
	cr_expect_not(weir__raw_line_good(wide, "/a", wide + 8));
}
