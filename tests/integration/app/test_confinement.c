/* No way out of the root. */
#include "app.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char secret[] = "the secret";

static void make_tree(struct app *app)
{
	app_prepare(app);
	scratch_write(&app->scratch, "secret.txt", secret, strlen(secret));
	cr_assert_eq(mkdirat(app->scratch.fd, "outside", 0755), 0);
	cr_assert_eq(mkdirat(app->scratch.fd, "root/sub", 0755), 0);
	cr_assert_eq(symlinkat("../secret.txt", app->scratch.fd, "root/leak"), 0);
	cr_assert_eq(symlinkat("../../secret.txt", app->scratch.fd, "root/sub/leak"), 0);
	cr_assert_eq(symlinkat("/etc/passwd", app->scratch.fd, "root/absolute"), 0);
	cr_assert_eq(symlinkat("..", app->scratch.fd, "root/up"), 0);
	cr_assert_eq(symlinkat("../outside", app->scratch.fd, "root/outside"), 0);
	cr_assert_eq(symlinkat("/proc/self/fd", app->scratch.fd, "root/fds"), 0);
}

static const char *const ways_out[] = {
	"/../secret.txt",
	"/%2e%2e/secret.txt",
	"/%2E%2e/secret.txt",
	"/.%2e/secret.txt",
	"/..%2fsecret.txt",
	"/%2e%2e%2fsecret.txt",
	"/sub/../../secret.txt",
	"/sub/%2e%2e/%2e%2e/secret.txt",
	"/sub%2f..%2f..%2fsecret.txt",
	"//../secret.txt",
	"/./../secret.txt",
	"/leak",
	"/sub/leak",
	"/up/secret.txt",
	"/up/",
	"/absolute",
	"/fds/0",
	"/fds/",
	"/..",
	"/../",
	"/%00/../secret.txt",
	"/leak%00.txt",
};

Test(confinement, nothing_outside_can_be_read)
{
	struct app app;
	make_tree(&app);
	app_start(&app, NULL);
	for (size_t i = 0; i < sizeof ways_out / sizeof ways_out[0]; i++) {
		struct reply reply;
		app_exchange(&app, "GET", ways_out[i], "", NULL, &reply);
		cr_expect(reply.status == 400 || reply.status == 404, "%s: %d", ways_out[i],
			  reply.status);
		cr_expect_null(strstr(reply.body, secret), "%s", ways_out[i]);
		reply_free(&reply);
	}
	app_finish(&app);
}

Test(confinement, nothing_outside_can_be_changed)
{
	struct app app;
	make_tree(&app);
	app_start(&app, NULL);
	static const char *const ways_in[] = {
		"/../new",          "/%2e%2e/new",    "/..%2fnew",
		"/up/new",          "/outside/new",   "/fds/new",
		"/sub/../../new",   "/up/secret.txt", "/%2e%2e/secret.txt",
		"/../root/sub/new", "/new%00",
	};
	for (size_t i = 0; i < sizeof ways_in / sizeof ways_in[0]; i++) {
		int status = app_status(&app, "PUT", ways_in[i], "", "changed");
		cr_expect(status >= 400 && status < 500, "PUT %s: %d", ways_in[i], status);
		status = app_status(&app, "DELETE", ways_in[i], "", NULL);
		cr_expect(status >= 400 && status < 500, "DELETE %s: %d", ways_in[i], status);
	}
	cr_expect_eq(scratch_count(&app.scratch, "outside"), 0);
	cr_expect_not(scratch_has(&app.scratch, "new"));
	cr_expect_not(scratch_has(&app.scratch, "root/sub/new"));
	size_t size;
	char *text = scratch_read(&app.scratch, "secret.txt", &size);
	cr_assert_not_null(text);
	cr_expect_str_eq(text, secret);
	free(text);
	app_finish(&app);
}

Test(confinement, links_within_are_followed)
{
	struct app app;
	struct reply reply;
	app_prepare(&app);
	cr_assert_eq(mkdirat(app.scratch.fd, "root/sub", 0755), 0);
	scratch_write(&app.scratch, "root/file", "text", 4);
	cr_assert_eq(symlinkat("../file", app.scratch.fd, "root/sub/link"), 0);
	app_start(&app, NULL);
	app_exchange(&app, "GET", "/sub/link", "", NULL, &reply);
	cr_expect_eq(reply.status, 200);
	cr_expect_str_eq(reply.body, "text");
	reply_free(&reply);
	app_finish(&app);
}
