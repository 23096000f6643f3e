/* Ranges of a file (RFC 9110, section 14): one range gives 206, several the whole file,
 * one beyond the end 416. */
#include <criterion/criterion.h>
#include <string.h>

#include "served_file.h"

static const char content[] = "0123456789";

static void expect(struct served_file *file, const char *fields, int status, const char *body,
		   const char *range)
{
	struct reply reply;

	served_file_get(file, fields, &reply);
	cr_assert_eq(reply.status, status, "%s status %d", fields, reply.status);
	cr_assert(reply.complete);
	if (body != NULL)
		cr_assert_str_eq(reply.body, body, "%s %s", fields, reply.body);
	if (range != NULL) {
		cr_assert_not_null(reply_header(&reply, "Content-Range"), "%s", fields);
		cr_assert_str_eq(reply_header(&reply, "Content-Range"), range, "%s %s", fields,
				 reply_header(&reply, "Content-Range"));
	} else {
		cr_assert_null(reply_header(&reply, "Content-Range"), "%s", fields);
	}
	cr_assert_not(reply_says_close(&reply));
	reply_free(&reply);
}

Test(file_ranges, one_range)
{
	struct served_file file;

	served_file_start(&file, content, 10);
	expect(&file, "Range: bytes=0-4\r\n", 206, "01234", "bytes 0-4/10");
	expect(&file, "Range: bytes=3-3\r\n", 206, "3", "bytes 3-3/10");
	expect(&file, "Range: bytes=5-\r\n", 206, "56789", "bytes 5-9/10");
	expect(&file, "Range: bytes=-3\r\n", 206, "789", "bytes 7-9/10");
	expect(&file, "Range: bytes=-100\r\n", 206, content, "bytes 0-9/10");
	expect(&file, "Range: bytes=8-100\r\n", 206, "89", "bytes 8-9/10");
	expect(&file, "Range: bytes=9-\r\n", 206, "9", "bytes 9-9/10");
	expect(&file, "Range: bytes=0-99999999999999999999\r\n", 206, content, "bytes 0-9/10");
	expect(&file, "", 200, content, NULL);
	served_file_finish(&file);
}

Test(file_ranges, beyond_the_end)
{
	struct served_file file;

	served_file_start(&file, content, 10);
	expect(&file, "Range: bytes=10-\r\n", 416, NULL, "bytes */10");
	expect(&file, "Range: bytes=100-200\r\n", 416, NULL, "bytes */10");
	expect(&file, "Range: bytes=-0\r\n", 416, NULL, "bytes */10");
	served_file_finish(&file);
}

Test(file_ranges, that_are_none_are_ignored)
{
	struct served_file file;

	served_file_start(&file, content, 10);
	expect(&file, "Range: bytes=5-3\r\n", 200, content, NULL);
	expect(&file, "Range: bytes=a-b\r\n", 200, content, NULL);
	expect(&file, "Range: bytes=\r\n", 200, content, NULL);
	expect(&file, "Range: bytes=-\r\n", 200, content, NULL);
	expect(&file, "Range: lines=0-4\r\n", 200, content, NULL);
	expect(&file, "Range: 0-4\r\n", 200, content, NULL);
	expect(&file, "Range: bytes=0-1,3-4\r\n", 200, content, NULL);
	served_file_finish(&file);
}

Test(file_ranges, only_of_the_file_that_the_client_means)
{
	struct served_file file;

	served_file_start(&file, content, 10);
	expect(&file, "Range: bytes=0-4\r\nIf-Range: " SERVED_FILE_TAG "\r\n", 206, "01234",
	       "bytes 0-4/10");
	expect(&file, "Range: bytes=0-4\r\nIf-Range: \"other\"\r\n", 200, content, NULL);
	expect(&file, "Range: bytes=0-4\r\nIf-Range: W/" SERVED_FILE_TAG "\r\n", 200, content,
	       NULL);
	expect(&file, "Range: bytes=0-4\r\nIf-Range: " SERVED_FILE_DATE "\r\n", 206, "01234",
	       "bytes 0-4/10");
	expect(&file, "Range: bytes=0-4\r\nIf-Range: Tue, 14 Nov 2023 22:13:21 GMT\r\n", 200,
	       content, NULL);
	expect(&file, "Range: bytes=10-\r\nIf-Range: \"other\"\r\n", 200, content, NULL);
	served_file_finish(&file);
}

Test(file_ranges, are_for_get_alone)
{
	struct served_file file;
	struct reply reply;

	served_file_start(&file, content, 10);
	served_file_head(&file, "Range: bytes=0-4\r\n", &reply);
	cr_assert(reply.status == 200 || reply.status == 206, "status %d", reply.status);
	if (reply.status == 200)
		cr_assert_str_eq(reply_header(&reply, "Content-Length"), "10");
	reply_free(&reply);
	served_file_finish(&file);
}

Test(file_ranges, of_a_large_file)
{
	static char large[6 << 20];
	struct served_file file;
	struct reply reply;

	for (size_t i = 0; i < sizeof(large); i++)
		large[i] = (char)(i * 13 + i / 4093);
	served_file_start(&file, large, sizeof(large));
	served_file_get(&file, "Range: bytes=1000001-5000000\r\n", &reply);
	cr_assert_eq(reply.status, 206);
	cr_assert_eq(reply.body_size, 4000000);
	cr_assert_eq(memcmp(reply.body, large + 1000001, 4000000), 0);
	reply_free(&reply);
	served_file_finish(&file);
}
