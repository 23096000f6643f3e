/* Directories: pages, redirects, index.html. */
#include "app.h"

#include <criterion/criterion.h>
#include <string.h>
#include <sys/stat.h>

static void expect_in(const struct reply *reply, const char *part)
{
	cr_expect_not_null(strstr(reply->body, part), "no %s in:\n%s", part, reply->body);
}

Test(directories, are_shown_as_a_page)
{
	struct app app;
	struct reply reply;
	app_prepare(&app);
	cr_assert_eq(mkdirat(app.scratch.fd, "root/sub", 0755), 0);
	scratch_write(&app.scratch, "root/sub/a&b.txt", "12345", 5);
	app_start(&app, NULL);

	app_exchange(&app, "GET", "/", "", NULL, &reply);
	cr_expect_eq(reply.status, 200);
	cr_assert_not_null(reply_header(&reply, "Content-Type"));
	cr_expect_str_eq(reply_header(&reply, "Content-Type"), "text/html; charset=utf-8");
	expect_in(&reply, "<a href=\"./sub/\">sub/</a>");
	reply_free(&reply);

	app_exchange(&app, "GET", "/sub/", "", NULL, &reply);
	cr_expect_eq(reply.status, 200);
	expect_in(&reply, "<h1>/sub/</h1>");
	expect_in(&reply, "<a href=\"./a%26b.txt\">a&amp;b.txt</a></td><td>5 B</td>");
	reply_free(&reply);

	app_exchange(&app, "HEAD", "/sub/", "", NULL, &reply);
	cr_expect_eq(reply.status, 200);
	reply_free(&reply);
	app_finish(&app);
}

Test(directories, without_their_slash_are_redirected)
{
	struct app app;
	struct reply reply;
	app_prepare(&app);
	cr_assert_eq(mkdirat(app.scratch.fd, "root/a b", 0755), 0);
	app_start(&app, NULL);
	app_exchange(&app, "GET", "/a%20b", "", NULL, &reply);
	cr_expect_eq(reply.status, 301);
	cr_assert_not_null(reply_header(&reply, "Location"));
	cr_expect_str_eq(reply_header(&reply, "Location"), "/a%20b/");
	reply_free(&reply);
	app_finish(&app);
}

Test(directories, show_their_index_if_it_is_a_file)
{
	struct app app;
	struct reply reply;
	app_prepare(&app);
	cr_assert_eq(mkdirat(app.scratch.fd, "root/site", 0755), 0);
	cr_assert_eq(mkdirat(app.scratch.fd, "root/odd", 0755), 0);
	cr_assert_eq(mkdirat(app.scratch.fd, "root/odd/index.html", 0755), 0);
	scratch_write(&app.scratch, "root/site/index.html", "<p>home</p>", 11);
	app_start(&app, NULL);

	app_exchange(&app, "GET", "/site/", "", NULL, &reply);
	cr_expect_eq(reply.status, 200);
	cr_expect_str_eq(reply.body, "<p>home</p>");
	cr_expect_not_null(reply_header(&reply, "ETag"));
	reply_free(&reply);

	app_exchange(&app, "GET", "/odd/", "", NULL, &reply);
	cr_expect_eq(reply.status, 200);
	expect_in(&reply, "<a href=\"./index.html/\">index.html/</a>");
	reply_free(&reply);
	app_finish(&app);
}

Test(directories, do_not_show_unfinished_uploads)
{
	struct app app;
	struct reply reply;
	app_prepare(&app);
	scratch_write(&app.scratch, "root/.weir-upload-0011223344556677", "x", 1);
	app_start(&app, NULL);
	app_exchange(&app, "GET", "/", "", NULL, &reply);
	cr_expect_null(strstr(reply.body, "weir-upload"), "%s", reply.body);
	reply_free(&reply);
	static const char path[] = "/.weir-upload-0011223344556677";
	cr_expect_eq(app_status(&app, "GET", path, "", NULL), 404);
	cr_expect_eq(app_status(&app, "DELETE", path, "", NULL), 404);
	cr_expect_geq(app_status(&app, "PUT", path, "", "y"), 400);
	cr_expect(scratch_has(&app.scratch, "root/.weir-upload-0011223344556677"));
	app_finish(&app);
}
