/* GET and HEAD of files. */
#include "app.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static void expect_header(const struct reply *reply, const char *name, const char *expected)
{
	const char *value = reply_header(reply, name);
	cr_expect_not_null(value, "no %s", name);
	if (value != NULL)
		cr_expect_str_eq(value, expected);
}

Test(downloads, a_file_comes_with_what_is_known_about_it)
{
	struct app app;
	struct reply reply;
	app_prepare(&app);
	scratch_write(&app.scratch, "root/a b.html", "<p>hi</p>", 9);
	scratch_write(&app.scratch, "root/plain", "", 0);
	app_start(&app, NULL);

	app_exchange(&app, "GET", "/a%20b.html", "", NULL, &reply);
	cr_expect_eq(reply.status, 200);
	cr_expect_str_eq(reply.body, "<p>hi</p>");
	expect_header(&reply, "Content-Type", "text/html; charset=utf-8");
	expect_header(&reply, "X-Content-Type-Options", "nosniff");
	expect_header(&reply, "Accept-Ranges", "bytes");
	cr_expect_not_null(reply_header(&reply, "ETag"));
	cr_expect_not_null(reply_header(&reply, "Last-Modified"));
	reply_free(&reply);

	app_exchange(&app, "HEAD", "/a%20b.html", "", NULL, &reply);
	cr_expect_eq(reply.status, 200);
	expect_header(&reply, "Content-Length", "9");
	reply_free(&reply);

	app_exchange(&app, "GET", "/plain", "", NULL, &reply);
	cr_expect_eq(reply.status, 200);
	cr_expect_eq(reply.body_size, 0);
	expect_header(&reply, "Content-Type", "application/octet-stream");
	reply_free(&reply);

	cr_expect_eq(app_status(&app, "GET", "/nothing", "", NULL), 404);
	cr_expect_eq(app_status(&app, "GET", "/plain/", "", NULL), 404);
	cr_expect_eq(app_status(&app, "GET", "/plain/more", "", NULL), 404);
	cr_expect_eq(app_status(&app, "POST", "/plain", "", "x"), 405);
	app_finish(&app);
}

Test(downloads, ranges)
{
	struct app app;
	struct reply reply;
	app_prepare(&app);
	scratch_write(&app.scratch, "root/digits", "0123456789", 10);
	app_start(&app, NULL);

	app_exchange(&app, "GET", "/digits", "Range: bytes=2-4\r\n", NULL, &reply);
	cr_expect_eq(reply.status, 206);
	cr_expect_str_eq(reply.body, "234");
	expect_header(&reply, "Content-Range", "bytes 2-4/10");
	reply_free(&reply);

	app_exchange(&app, "GET", "/digits", "Range: bytes=-3\r\n", NULL, &reply);
	cr_expect_eq(reply.status, 206);
	cr_expect_str_eq(reply.body, "789");
	reply_free(&reply);

	app_exchange(&app, "GET", "/digits", "Range: bytes=10-\r\n", NULL, &reply);
	cr_expect_eq(reply.status, 416);
	expect_header(&reply, "Content-Range", "bytes */10");
	reply_free(&reply);
	app_finish(&app);
}

Test(downloads, conditions)
{
	struct app app;
	struct reply reply;
	char fields[256];
	app_prepare(&app);
	scratch_write(&app.scratch, "root/file", "text", 4);
	app_start(&app, NULL);

	app_exchange(&app, "GET", "/file", "", NULL, &reply);
	cr_assert_not_null(reply_header(&reply, "ETag"));
	(void)snprintf(fields, sizeof fields, "If-None-Match: %s\r\n",
		       reply_header(&reply, "ETag"));
	reply_free(&reply);
	cr_expect_eq(app_status(&app, "GET", "/file", fields, NULL), 304);
	cr_expect_eq(app_status(&app, "GET", "/file", "If-None-Match: \"other\"\r\n", NULL), 200);
	cr_expect_eq(app_status(&app, "GET", "/file", "If-Match: \"other\"\r\n", NULL), 412);

	scratch_write(&app.scratch, "root/file", "other text", 10);
	cr_expect_eq(app_status(&app, "GET", "/file", fields, NULL), 200);
	app_finish(&app);
}

Test(downloads, only_regular_files_are_served)
{
	struct app app;
	app_prepare(&app);
	cr_assert_eq(mkfifoat(app.scratch.fd, "root/fifo", 0600), 0);
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int length = snprintf(address.sun_path, sizeof address.sun_path, "%s/root/socket",
			      app.scratch.path);
	cr_assert(length > 0 && (size_t)length < sizeof address.sun_path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	cr_assert_eq(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
	app_start(&app, NULL);

	cr_expect_eq(app_status(&app, "GET", "/fifo", "", NULL), 403);
	cr_expect_eq(app_status(&app, "GET", "/socket", "", NULL), 403);
	cr_expect_eq(app_status(&app, "PUT", "/fifo", "", "x"), 403);
	cr_expect_eq(app_status(&app, "DELETE", "/fifo", "", NULL), 403);
	cr_expect(scratch_has(&app.scratch, "root/fifo"));
	(void)close(fd);
	app_finish(&app);
}

/* Bigger than every buffer on the way, and not a text. */
Test(downloads, a_large_file_arrives_unchanged)
{
	enum { SIZE = 20 * 1024 * 1024 + 7 };
	struct app app;
	struct reply reply;
	app_prepare(&app);
	char *data = malloc(SIZE);
	cr_assert_not_null(data);
	uint32_t state = 1;
	for (size_t i = 0; i < SIZE; i++) {
		state = state * 1664525 + 1013904223;
		data[i] = (char)(state >> 24);
	}
	scratch_write(&app.scratch, "root/large", data, SIZE);
	app_start(&app, NULL);
	app_exchange(&app, "GET", "/large", "", NULL, &reply);
	cr_expect_eq(reply.status, 200);
	cr_assert_eq(reply.body_size, SIZE);
	cr_expect_eq(memcmp(reply.body, data, SIZE), 0);
	reply_free(&reply);
	free(data);
	app_finish(&app);
}
