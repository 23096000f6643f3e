/* Media types by name. */
#include "handlers/mime.h"

#include <criterion/criterion.h>

static const char unknown[] = "application/octet-stream";

Test(mime, goes_by_the_last_extension)
{
	cr_expect_str_eq(mime_type("index.html"), "text/html; charset=utf-8");
	cr_expect_str_eq(mime_type("a/b.c/photo.JPG"), "image/jpeg");
	cr_expect_str_eq(mime_type("backup.tar.gz"), "application/gzip");
	cr_expect_str_eq(mime_type("font.woff2"), "font/woff2");
	cr_expect_str_eq(mime_type("7.zst"), "application/zstd");
}

Test(mime, admits_that_it_does_not_know)
{
	cr_expect_str_eq(mime_type("README"), unknown);
	cr_expect_str_eq(mime_type("file."), unknown);
	cr_expect_str_eq(mime_type("file.htmlx"), unknown);
	cr_expect_str_eq(mime_type("dir.html/file"), unknown);
	cr_expect_str_eq(mime_type(".html"), unknown); /* a hidden file, not an extension */
	cr_expect_str_eq(mime_type(""), unknown);
}
