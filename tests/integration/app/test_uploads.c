/* PUT and DELETE. */
#include "app.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void expect_file(const struct app *app, const char *name, const char *expected)
{
	size_t size;
	char *text = scratch_read(&app->scratch, name, &size);
	cr_assert_not_null(text, "%s is missing", name);
	cr_expect_str_eq(text, expected);
	free(text);
}

Test(uploads, make_and_replace_files)
{
	struct app app;
	struct reply reply;
	app_serve(&app, NULL);

	app_exchange(&app, "PUT", "/a%20b", "", "first", &reply);
	cr_expect_eq(reply.status, 201);
	cr_assert_not_null(reply_header(&reply, "Location"));
	cr_expect_str_eq(reply_header(&reply, "Location"), "/a%20b");
	char etag[80] = "";
	cr_assert_not_null(reply_header(&reply, "ETag"));
	(void)snprintf(etag, sizeof etag, "%s", reply_header(&reply, "ETag"));
	reply_free(&reply);
	expect_file(&app, "root/a b", "first");

	app_exchange(&app, "GET", "/a%20b", "", NULL, &reply);
	cr_expect_str_eq(reply.body, "first");
	cr_expect_str_eq(reply_header(&reply, "ETag"), etag);
	reply_free(&reply);

	cr_expect_eq(app_status(&app, "PUT", "/a%20b", "", "second"), 204);
	expect_file(&app, "root/a b", "second");
	cr_expect_eq(app_status(&app, "PUT", "/empty", "", ""), 201);
	expect_file(&app, "root/empty", "");
	cr_expect_eq(scratch_count(&app.scratch, "root"), 2);
	app_finish(&app);
}

Test(uploads, take_chunked_bodies)
{
	struct app app;
	struct client client;
	struct reply reply;
	app_serve(&app, NULL);
	client_open(&client, app.url);
	client_send_text(&client, "PUT /chunked HTTP/1.1\r\nHost: localhost\r\n"
				  "Transfer-Encoding: chunked\r\n\r\n"
				  "5\r\nhello\r\n1\r\n,\r\n6\r\n world\r\n0\r\n\r\n");
	client_receive(&client, &reply);
	cr_expect_eq(reply.status, 201);
	reply_free(&reply);
	client_close(&client);
	expect_file(&app, "root/chunked", "hello, world");
	app_finish(&app);
}

Test(uploads, keep_the_mode_of_the_file_they_replace)
{
	struct app app;
	struct stat file;
	app_prepare(&app);
	scratch_write(&app.scratch, "root/private", "old", 3);
	cr_assert_eq(fchmodat(app.scratch.fd, "root/private", 0640, 0), 0);
	app_start(&app, NULL);
	cr_expect_eq(app_status(&app, "PUT", "/private", "", "new"), 204);
	cr_assert_eq(fstatat(app.scratch.fd, "root/private", &file, 0), 0);
	cr_expect_eq(file.st_mode & 07777, 0640, "%o", file.st_mode & 07777);
	app_finish(&app);
}

Test(uploads, need_a_directory_that_exists_and_a_name_that_is_none)
{
	struct app app;
	app_prepare(&app);
	cr_assert_eq(mkdirat(app.scratch.fd, "root/sub", 0755), 0);
	scratch_write(&app.scratch, "root/file", "x", 1);
	app_start(&app, NULL);
	cr_expect_eq(app_status(&app, "PUT", "/none/file", "", "x"), 409);
	cr_expect_eq(app_status(&app, "PUT", "/file/file", "", "x"), 409);
	cr_expect_eq(app_status(&app, "PUT", "/sub", "", "x"), 409);
	cr_expect_eq(app_status(&app, "PUT", "/sub/", "", "x"), 409);
	cr_expect_eq(app_status(&app, "PUT", "/", "", "x"), 409);
	cr_expect_eq(app_status(&app, "PUT", "/sub/file", "", "x"), 201);
	cr_expect_eq(scratch_count(&app.scratch, "root"), 2);
	cr_expect_eq(scratch_count(&app.scratch, "root/sub"), 1);
	app_finish(&app);
}

Test(uploads, honour_conditions)
{
	struct app app;
	struct reply reply;
	char fields[128];
	app_serve(&app, NULL);
	cr_expect_eq(app_status(&app, "PUT", "/file", "If-Match: *\r\n", "x"), 412);
	cr_expect_not(scratch_has(&app.scratch, "root/file"));
	app_exchange(&app, "PUT", "/file", "If-None-Match: *\r\n", "one", &reply);
	cr_assert_eq(reply.status, 201);
	(void)snprintf(fields, sizeof fields, "If-Match: %s\r\n", reply_header(&reply, "ETag"));
	reply_free(&reply);
	cr_expect_eq(app_status(&app, "PUT", "/file", "If-None-Match: *\r\n", "two"), 412);
	expect_file(&app, "root/file", "one");
	cr_expect_eq(app_status(&app, "PUT", "/file", fields, "three"), 204);
	expect_file(&app, "root/file", "three");
	cr_expect_eq(app_status(&app, "PUT", "/file", fields, "four"), 412);
	cr_expect_eq(app_status(&app, "DELETE", "/file", fields, NULL), 412);
	expect_file(&app, "root/file", "three");
	cr_expect_eq(scratch_count(&app.scratch, "root"), 1);
	app_finish(&app);
}

/* Two uploads on the same condition: the second one to finish finds that it no longer holds,
 * although it did when its upload began. */
Test(uploads, check_conditions_again_when_they_take_effect)
{
	struct app app;
	struct client slow;
	struct reply reply;
	app_serve(&app, NULL);
	client_open(&slow, app.url);
	client_send_text(&slow, "PUT /file HTTP/1.1\r\nHost: localhost\r\nIf-None-Match: *\r\n"
				"Content-Length: 4\r\n\r\nsl");
	app_await_metric(&app, "weir_requests_in_flight{phase=\"running\"}", 1);
	cr_expect_eq(app_status(&app, "PUT", "/file", "If-None-Match: *\r\n", "fast"), 201);
	client_send_text(&slow, "ow");
	client_receive(&slow, &reply);
	cr_expect_eq(reply.status, 412);
	reply_free(&reply);
	client_close(&slow);
	expect_file(&app, "root/file", "fast");
	cr_expect_eq(scratch_count(&app.scratch, "root"), 1);
	app_finish(&app);
}

Test(uploads, replace_a_link_and_not_what_it_points_to)
{
	struct app app;
	struct stat file;
	app_prepare(&app);
	scratch_write(&app.scratch, "root/real", "real", 4);
	cr_assert_eq(symlinkat("real", app.scratch.fd, "root/link"), 0);
	app_start(&app, NULL);
	cr_expect_eq(app_status(&app, "GET", "/link", "", NULL), 200);
	cr_expect_eq(app_status(&app, "PUT", "/link", "", "new"), 204);
	expect_file(&app, "root/real", "real");
	expect_file(&app, "root/link", "new");
	cr_assert_eq(fstatat(app.scratch.fd, "root/link", &file, AT_SYMLINK_NOFOLLOW), 0);
	cr_expect(S_ISREG(file.st_mode));
	app_finish(&app);
}

Test(uploads, delete_removes_files_and_links_only)
{
	struct app app;
	app_prepare(&app);
	cr_assert_eq(mkdirat(app.scratch.fd, "root/sub", 0755), 0);
	scratch_write(&app.scratch, "root/file", "x", 1);
	cr_assert_eq(symlinkat("file", app.scratch.fd, "root/link"), 0);
	app_start(&app, NULL);
	cr_expect_eq(app_status(&app, "DELETE", "/link", "", NULL), 204);
	cr_expect(scratch_has(&app.scratch, "root/file"));
	cr_expect_eq(app_status(&app, "DELETE", "/file", "", NULL), 204);
	cr_expect_eq(app_status(&app, "DELETE", "/file", "", NULL), 404);
	cr_expect_eq(app_status(&app, "DELETE", "/none/file", "", NULL), 404);
	cr_expect_eq(app_status(&app, "DELETE", "/sub", "", NULL), 409);
	cr_expect_eq(app_status(&app, "DELETE", "/sub/", "", NULL), 409);
	cr_expect_eq(app_status(&app, "DELETE", "/", "", NULL), 409);
	cr_expect(scratch_has(&app.scratch, "root/sub"));
	cr_expect_not(scratch_has(&app.scratch, "root/file"));
	app_finish(&app);
}

Test(uploads, a_cut_one_leaves_the_old_file_and_no_trace)
{
	struct app app;
	struct client client;
	app_prepare(&app);
	scratch_write(&app.scratch, "root/file", "old", 3);
	app_start(&app, NULL);
	for (int reset = 0; reset < 2; reset++) {
		client_open(&client, app.url);
		client_send_text(&client, "PUT /file HTTP/1.1\r\nHost: localhost\r\n"
					  "Content-Length: 1000000\r\n\r\nnew");
		app_await_metric(&app, "weir_requests_in_flight{phase=\"running\"}", 1);
		if (reset)
			client_reset(&client);
		else
			client_close(&client);
		app_await_metric(&app, "weir_requests_in_flight{phase=\"running\"}", 0);
		expect_file(&app, "root/file", "old");
		cr_expect_eq(scratch_count(&app.scratch, "root"), 1);
	}
	app_finish(&app);
}
