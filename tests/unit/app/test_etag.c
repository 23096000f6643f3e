/* Entity tags: quoted, and different whenever the file is. */
#include "handlers/etag.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <string.h>

static void tag(char out[ETAG_SIZE], ino_t inode, off_t size, time_t seconds, long nanoseconds)
{
	struct stat file = {.st_ino = inode, .st_size = size};
	file.st_mtim = (struct timespec){seconds, nanoseconds};
	etag_of(&file, out);
}

Test(etag, is_a_quoted_token)
{
	char text[ETAG_SIZE];
	tag(text, UINT64_MAX, INT64_MAX, INT64_MAX, 999999999);
	size_t length = strlen(text);
	cr_assert_gt(length, 2);
	cr_assert_lt(length, ETAG_SIZE - 1, "cut: %s", text);
	cr_assert(text[0] == '"' && text[length - 1] == '"', "%s", text);
	cr_assert_eq(strspn(text + 1, "0123456789abcdef-."), length - 2, "%s", text);
}

Test(etag, changes_with_each_part)
{
	char base[ETAG_SIZE], other[ETAG_SIZE];
	tag(base, 1, 2, 3, 4);
	tag(other, 1, 2, 3, 4);
	cr_assert_str_eq(base, other);
	tag(other, 9, 2, 3, 4);
	cr_expect_str_neq(base, other);
	tag(other, 1, 9, 3, 4);
	cr_expect_str_neq(base, other);
	tag(other, 1, 2, 9, 4);
	cr_expect_str_neq(base, other);
	tag(other, 1, 2, 3, 9);
	cr_expect_str_neq(base, other);
}
