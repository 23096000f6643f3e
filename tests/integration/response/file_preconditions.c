/* Conditional requests for files (RFC 9110, section 13), in the order of its 13.2.2. */
#include <criterion/criterion.h>

#include "served_file.h"

#define BEFORE "Tue, 14 Nov 2023 22:13:19 GMT"
#define AFTER "Tue, 14 Nov 2023 22:13:21 GMT"

struct expectation {
	const char *fields;
	int status;
};

static void expect_all(const struct expectation *expected, size_t count)
{
	struct served_file file;
	struct reply reply;

	served_file_start(&file, "0123456789", 10);
	for (size_t i = 0; i < count; i++) {
		served_file_get(&file, expected[i].fields, &reply);
		cr_assert_eq(reply.status, expected[i].status, "%s status %d", expected[i].fields,
			     reply.status);
		cr_assert_not(reply_says_close(&reply));
		if (reply.status == 200)
			cr_assert_str_eq(reply.body, "0123456789");
		if (reply.status == 304) {
			cr_assert_eq(reply.body_size, 0);
			cr_assert_str_eq(reply_header(&reply, "ETag"), SERVED_FILE_TAG);
		}
		reply_free(&reply);
		served_file_head(&file, expected[i].fields, &reply);
		cr_assert_eq(reply.status, expected[i].status, "HEAD: %s status %d",
			     expected[i].fields, reply.status);
		reply_free(&reply);
	}
	served_file_finish(&file);
}

Test(file_preconditions, if_none_match)
{
	static const struct expectation expected[] = {
		{"If-None-Match: " SERVED_FILE_TAG "\r\n", 304},
		{"If-None-Match: W/" SERVED_FILE_TAG "\r\n", 304},
		{"If-None-Match: \"a\", " SERVED_FILE_TAG ", \"b\"\r\n", 304},
		{"If-None-Match: \"a,b\"," SERVED_FILE_TAG "\r\n", 304},
		{"If-None-Match: *\r\n", 304},
		{"If-None-Match: \"other\"\r\n", 200},
		{"If-None-Match: the-tag\r\n", 200},
		{"If-None-Match: \"other\"\r\nIf-Modified-Since: " SERVED_FILE_DATE "\r\n", 200},
	};

	expect_all(expected, sizeof(expected) / sizeof(expected[0]));
}

Test(file_preconditions, if_modified_since)
{
	static const struct expectation expected[] = {
		{"If-Modified-Since: " SERVED_FILE_DATE "\r\n", 304},
		{"If-Modified-Since: " AFTER "\r\n", 304},
		{"If-Modified-Since: " BEFORE "\r\n", 200},
		{"If-Modified-Since: Tuesday, 14-Nov-23 22:13:20 GMT\r\n", 304},
		{"If-Modified-Since: Tue Nov 14 22:13:20 2023\r\n", 304},
		{"If-Modified-Since: yesterday\r\n", 200},
	};

	expect_all(expected, sizeof(expected) / sizeof(expected[0]));
}

Test(file_preconditions, if_match)
{
	static const struct expectation expected[] = {
		{"If-Match: " SERVED_FILE_TAG "\r\n", 200},
		{"If-Match: \"a\", " SERVED_FILE_TAG "\r\n", 200},
		{"If-Match: *\r\n", 200},
		{"If-Match: \"other\"\r\n", 412},
		{"If-Match: W/" SERVED_FILE_TAG "\r\n", 412},
		{"If-Match: \"other\"\r\nIf-None-Match: " SERVED_FILE_TAG "\r\n", 412},
		{"If-Match: \"other\"\r\nRange: bytes=0-4\r\n", 412},
	};

	expect_all(expected, sizeof(expected) / sizeof(expected[0]));
}

Test(file_preconditions, if_unmodified_since)
{
	static const struct expectation expected[] = {
		{"If-Unmodified-Since: " SERVED_FILE_DATE "\r\n", 200},
		{"If-Unmodified-Since: " AFTER "\r\n", 200},
		{"If-Unmodified-Since: " BEFORE "\r\n", 412},
		{"If-Unmodified-Since: yesterday\r\n", 200},
		{"If-Match: " SERVED_FILE_TAG "\r\nIf-Unmodified-Since: " BEFORE "\r\n", 200},
	};

	expect_all(expected, sizeof(expected) / sizeof(expected[0]));
}
