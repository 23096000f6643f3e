/* One signal, two, three. */
#include "app.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>

#include <weir/report.h>

static const char *const patient[] = {"--debug-routes",  "--grace", "1h",
				      "--drain-timeout", "1h",      NULL};

static void begin(struct app *app, struct client *client, const char *target)
{
	app_serve(app, patient);
	client_open(client, app->url);
	app_request(client, "GET", target, "", NULL);
	app_await_metric(app, "weir_requests_in_flight{phase=\"running\"}", 1);
}

Test(signals, an_idle_server_stops_at_the_first_of_either)
{
	static const int numbers[] = {SIGTERM, SIGINT};
	static const char *const names[] = {"SIGTERM", "SIGINT"};
	for (size_t i = 0; i < 2; i++) {
		struct app app;
		app_serve(&app, patient);
		process_signal(&app.process, numbers[i]);
		cr_expect_eq(app_wait(&app), 0);
		cr_assert_not_null(app.report);
		cr_expect_not_null(strstr(app.report, names[i]), "%s", app.report);
		app_report_check(&app);
		app_destroy(&app);
	}
}

Test(signals, the_second_one_cancels)
{
	struct app app;
	struct client client;
	struct reply reply;
	begin(&app, &client, "/debug/sleep?ms=3600000");
	process_signal(&app.process, SIGTERM);
	app_await_metric(&app, "weir_drain_phase", WEIR_PHASE_GRACE);
	process_signal(&app.process, SIGINT);
	client_receive(&client, &reply);
	cr_expect_eq(reply.status, 503);
	reply_free(&reply);
	client_close(&client);
	cr_expect_eq(app_wait(&app), 0);
	cr_expect_eq(app_report_number(&app, "cancelled"), 1, "%s", app.report);
	app_report_check(&app);
	app_destroy(&app);
}

Test(signals, the_third_one_leaves)
{
	struct app app;
	struct client client;
	begin(&app, &client, "/debug/work?ms=3600000");
	process_signal(&app.process, SIGTERM);
	app_await_metric(&app, "weir_drain_phase", WEIR_PHASE_GRACE);
	process_signal(&app.process, SIGTERM);
	app_await_metric(&app, "weir_drain_phase", WEIR_PHASE_CANCELLING);
	process_signal(&app.process, SIGTERM);
	int code = app_wait(&app);
	cr_expect_eq(code, WEIR_LEFT, "exit code %d:\n%s", code, app.process.text);
	client_close(&client);
	app_destroy(&app);
}

Test(signals, the_last_line_is_a_sentence)
{
	struct app app;
	app_serve(&app, NULL);
	cr_expect_eq(app_stop(&app), 0);
	const char *text = app.process.text;
	size_t size = app.process.text_size;
	cr_assert_gt(size, 2);
	cr_assert(text[size - 1] == '\n' && text[size - 2] == '.', "%s", text);
	const char *line = memrchr(text, '\n', size - 1);
	cr_assert_not_null(line);
	cr_expect_eq(strncmp(line + 1, "Stopped ", 8), 0, "%s", line);
	app_destroy(&app);
}
