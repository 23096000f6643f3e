/* The admin listener, and the two health routes that every listener has. */
#include "app.h"

#include <criterion/criterion.h>
#include <string.h>

#include <weir/report.h>

static int admin_status(const struct app *app, const char *method, const char *target,
			const char *fields)
{
	struct client client;
	struct reply reply;
	client_open(&client, app->admin);
	app_request(&client, method, target, fields, strcmp(method, "POST") == 0 ? "" : NULL);
	client_receive(&client, &reply);
	int status = reply.status;
	reply_free(&reply);
	client_close(&client);
	return status;
}

Test(admin, routes_are_on_the_admin_listener_only)
{
	struct app app;
	struct client client;
	struct reply reply;
	app_serve(&app, NULL);
	static const char *const routes[] = {"/metrics", "/status"};
	for (size_t i = 0; i < 2; i++) {
		cr_expect_eq(admin_status(&app, "GET", routes[i], ""), 200, "%s", routes[i]);
		cr_expect_eq(app_status(&app, "GET", routes[i], "", NULL), 404, "%s", routes[i]);
	}
	cr_expect_geq(app_status(&app, "POST", "/shutdown", "", ""), 404);
	cr_expect_eq(admin_status(&app, "GET", "/name", ""), 404);

	client_open(&client, app.admin);
	client_get(&client, "/", &reply);
	cr_expect_eq(reply.status, 200);
	cr_expect_not_null(strstr(reply.body, "POST /shutdown"));
	reply_free(&reply);
	client_get(&client, "/status", &reply);
	cr_expect_str_eq(reply_header(&reply, "Content-Type"), "application/json");
	cr_expect_eq(reply.body[0], '{');
	reply_free(&reply);
	client_close(&client);
	app_finish(&app);
}

Test(admin, health_is_on_every_listener)
{
	static const char *const routes[] = {"/healthz", "/readyz"};
	struct app app;
	app_serve(&app, NULL);
	for (size_t i = 0; i < 2; i++) {
		cr_expect_eq(admin_status(&app, "GET", routes[i], ""), 200, "%s", routes[i]);
		cr_expect_eq(app_status(&app, "GET", routes[i], "", NULL), 200, "%s", routes[i]);
	}
	app_finish(&app);
}

/* The whole conversation of a stop as an operator has it: asked for over the admin listener,
 * watched there, and over when the last request is answered. */
Test(admin, shutdown_stops_and_can_be_watched)
{
	struct app app;
	struct client client;
	app_serve(&app, (const char *const[]){"--debug-routes", "--grace", "1h", "--drain-timeout",
					      "1h", NULL});
	client_open(&client, app.url);
	app_request(&client, "GET", "/debug/sleep?ms=3600000", "", NULL);
	app_await_metric(&app, "weir_requests_in_flight{phase=\"running\"}", 1);
	cr_expect_eq(admin_status(&app, "POST", "/shutdown", ""), 202);
	app_await_metric(&app, "weir_drain_phase", WEIR_PHASE_GRACE);
	cr_expect_eq(admin_status(&app, "GET", "/readyz", ""), 503);
	cr_expect_eq(admin_status(&app, "GET", "/healthz", ""), 200);
	cr_expect_eq(admin_status(&app, "POST", "/shutdown", ""), 202);

	/* The first signal after that changes nothing, as when a supervisor does both. */
	app_hurry(&app, &client);
	cr_expect_eq(app_wait(&app), 0);
	cr_expect_not_null(strstr(app.report, "\"asked_by\":\"admin\""), "%s", app.report);
	app_report_check(&app);
	app_destroy(&app);
}

Test(admin, shutdown_is_not_for_web_pages)
{
	struct app app;
	app_serve(&app, NULL);
	cr_expect_eq(admin_status(&app, "POST", "/shutdown", "Origin: http://example.com\r\n"),
		     403);
	cr_expect_eq(admin_status(&app, "GET", "/readyz", ""), 200);
	app_finish(&app);
}
