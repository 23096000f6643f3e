/* A stop that has to cut: a client does not take its answer. */
#include "app.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include <weir/report.h>

Test(forced, a_client_that_does_not_read_is_cut_and_named)
{
	enum { SIZE = 32 * 1024 * 1024 };
	struct app app;
	struct client client;
	app_prepare(&app);
	char *data = calloc(1, SIZE);
	cr_assert_not_null(data);
	scratch_write(&app.scratch, "root/large", data, SIZE);
	free(data);
	app_start(&app,
		  (const char *const[]){"--grace", "100ms", "--drain-timeout", "200ms", NULL});
	client_open_narrow(&client, app.url);
	app_request(&client, "GET", "/large", "", NULL);
	client_await_text(&client, "HTTP/1.1 200 OK");

	int code = app_stop(&app);
	cr_expect_eq(code, WEIR_FORCED, "exit code %d:\n%s", code, app.process.text);
	cr_assert_not_null(app.report);
	cr_expect_eq(app_report_number(&app, "cut"), 1, "%s", app.report);
	cr_expect_not_null(strstr(app.report, "\"path\":\"/large\""), "%s", app.report);
	app_report_check(&app);
	client_close(&client);
	app_destroy(&app);
}
