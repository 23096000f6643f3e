/* A stop in the middle of uploads. */
#include "app.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <weir/report.h>

static void begin_upload(struct client *client, const struct app *app, const char *target)
{
	client_open(client, app->url);
	client_printf(client,
		      "PUT %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\nnew",
		      target);
}

static void expect_old_file(const struct app *app)
{
	size_t size;
	char *text = scratch_read(&app->scratch, "root/file", &size);
	cr_assert_not_null(text);
	cr_expect_str_eq(text, "old");
	free(text);
	cr_expect_eq(scratch_count(&app->scratch, "root"), 1, "something was left behind");
}

Test(stopped_upload, without_grace_is_answered_503_and_leaves_no_trace)
{
	enum { UPLOADS = 8 };
	struct app app;
	struct client clients[UPLOADS];
	app_prepare(&app);
	scratch_write(&app.scratch, "root/file", "old", 3);
	app_start(&app, (const char *const[]){"--grace", "0", NULL});
	for (int i = 0; i < UPLOADS; i++)
		begin_upload(&clients[i], &app, i % 2 == 0 ? "/file" : "/other");
	app_await_metric(&app, "weir_requests_in_flight{phase=\"running\"}", UPLOADS);

	process_signal(&app.process, SIGTERM);
	for (int i = 0; i < UPLOADS; i++) {
		struct reply reply;
		client_receive(&clients[i], &reply);
		cr_expect_eq(reply.status, 503, "%d", reply.status);
		cr_expect(reply.complete);
		cr_expect(reply_says_close(&reply));
		cr_expect_not_null(reply_header(&reply, "Retry-After"));
		reply_free(&reply);
		client_close(&clients[i]);
	}
	int code = app_wait(&app);
	cr_expect_eq(code, 0, "exit code %d:\n%s", code, app.process.text);
	expect_old_file(&app);
	cr_expect_eq(app_report_number(&app, "cancelled"), UPLOADS, "%s", app.report);
	app_report_check(&app);
	app_destroy(&app);
}

Test(stopped_upload, finishes_in_its_grace)
{
	struct app app;
	struct client client;
	struct reply reply;
	app_prepare(&app);
	scratch_write(&app.scratch, "root/file", "old", 3);
	app_start(&app, (const char *const[]){"--grace", "1h", "--drain-timeout", "1h", NULL});
	client_open(&client, app.url);
	client_send_text(&client, "PUT /file HTTP/1.1\r\nHost: localhost\r\n"
				  "Content-Length: 8\r\n\r\nnew ");
	app_await_metric(&app, "weir_requests_in_flight{phase=\"running\"}", 1);
	process_signal(&app.process, SIGTERM);
	app_await_metric(&app, "weir_drain_phase", WEIR_PHASE_GRACE);

	client_send_text(&client, "text");
	client_receive(&client, &reply);
	cr_expect_eq(reply.status, 204);
	cr_expect(reply_says_close(&reply));
	reply_free(&reply);
	client_close(&client);
	cr_expect_eq(app_wait(&app), 0);
	cr_expect_eq(app_report_number(&app, "answered"), 1, "%s", app.report);
	app_report_check(&app);
	size_t size;
	char *text = scratch_read(&app.scratch, "root/file", &size);
	cr_assert_not_null(text);
	cr_expect_str_eq(text, "new text");
	free(text);
	app_destroy(&app);
}

/* Nobody cleans up after SIGKILL: there must have been no name that could be left behind. */
Test(stopped_upload, leaves_no_trace_even_when_killed)
{
	struct app app;
	struct client client;
	app_prepare(&app);
	int nameless = openat(app.scratch.fd, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
	if (nameless < 0) {
		app_destroy(&app);
		cr_skip("this file system has no files without names");
	}
	(void)close(nameless);
	scratch_write(&app.scratch, "root/file", "old", 3);
	app_start(&app, (const char *const[]){"--grace", "1h", "--drain-timeout", "1h", NULL});
	begin_upload(&client, &app, "/file");
	app_await_metric(&app, "weir_requests_in_flight{phase=\"running\"}", 1);
	process_signal(&app.process, SIGKILL);
	cr_expect_eq(app_wait(&app), 128 + SIGKILL);
	expect_old_file(&app);
	cr_expect_null(app.report);
	cr_expect_eq(scratch_count(&app.scratch, "."), 2); /* root/ and the dead admin.sock */
	client_close(&client);
	app_destroy(&app);
}
