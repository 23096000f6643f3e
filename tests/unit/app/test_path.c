/* Which paths of requests can name a file. */
#include "handlers/path.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <limits.h>
#include <string.h>

static void expect_path(const char *text, const char *relative, bool directory)
{
	struct path path;
	cr_assert_eq(path_parse(text, &path), 0, "%s", text);
	cr_expect_str_eq(path.relative, relative);
	cr_expect_eq(path.directory, directory, "%s", text);
}

Test(path, becomes_relative_to_the_root)
{
	expect_path("/", ".", true);
	expect_path("/a", "a", false);
	expect_path("/a/", "a/", true);
	expect_path("/a/b.txt", "a/b.txt", false);
	expect_path("/...", "...", false);
	expect_path("/..a/b..", "..a/b..", false);
	expect_path("/.hidden", ".hidden", false);
	expect_path("/.weir-uploads", ".weir-uploads", false);
}

Test(path, has_no_way_up_and_no_empty_segment)
{
	static const char *const wrong[] = {
		"",      "a",    "..",    "//",      "/..",     "/../",
		"/.",    "/./a", "/a/..", "/a/../b", "/a/./b",  "//a",
		"/a//b", "/a//", "/a/.",  "/a/../",  "/..//..", "/../etc/passwd",
	};
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		struct path path;
		cr_expect_eq(path_parse(wrong[i], &path), -EINVAL, "%s", wrong[i]);
	}
}

Test(path, never_shows_an_unfinished_upload)
{
	struct path path;
	cr_expect_eq(path_parse("/.weir-upload-0123456789abcdef", &path), -ENOENT);
	cr_expect_eq(path_parse("/a/.weir-upload-", &path), -ENOENT);
	cr_expect_eq(path_parse("/.weir-upload-x/b", &path), -ENOENT);
	cr_expect(path_hidden(".weir-upload-0"));
	cr_expect_not(path_hidden("weir-upload-0"));
}

Test(path, is_not_longer_than_a_path_can_be)
{
	char text[2 * PATH_MAX];
	struct path path;

	text[0] = '/';
	memset(text + 1, 'a', NAME_MAX);
	text[1 + NAME_MAX] = '\0';
	cr_expect_eq(path_parse(text, &path), 0);
	memcpy(text + 1 + NAME_MAX, "a", 2);
	cr_expect_eq(path_parse(text, &path), -ENAMETOOLONG);

	for (size_t i = 0; i + 2 < sizeof text; i += 2)
		memcpy(text + i, "/a", 3);
	cr_expect_eq(path_parse(text, &path), -ENAMETOOLONG);
	text[PATH_MAX] = '\0'; /* the root's slash does not count */
	cr_expect_eq(path_parse(text, &path), 0);
}
