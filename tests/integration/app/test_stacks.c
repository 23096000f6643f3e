/* What handlers do, and where: GET /stacks at any time, and the drain report of those that never
 * came back. */
#include "app.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include <weir/report.h>
#include <weir/time.h>

#include "support/must.h"

TestSuite(stacks, .timeout = 60);

static void stick(const struct app *app, struct client *client)
{
	client_open(client, app->url);
	app_request(client, "GET", "/debug/stuck", "", NULL);
	app_await_metric(app, "weir_requests_in_flight{phase=\"running\"}", 1);
}

/* Asks the admin listener until the answer says this; the handler is on its way there. */
static void await_stacks(const struct app *app, const char *target, const char *expected)
{
	weir_time patience = weir_after(MUST_PATIENCE);
	bool said;
	do {
		struct client client;
		struct reply reply;
		client_open(&client, app->admin);
		app_request(&client, "GET", target, "", NULL);
		client_receive(&client, &reply);
		cr_assert_eq(reply.status, 200, "%d", reply.status);
		said = strstr(reply.body, expected) != NULL;
		if (!said)
			cr_assert_lt(weir_now(), patience, "%s\nnot in\n%s", expected, reply.body);
		reply_free(&reply);
		client_close(&client);
	} while (!said);
}

static int admin_status(const struct app *app, const char *target)
{
	struct client client;
	struct reply reply;
	client_open(&client, app->admin);
	app_request(&client, "GET", target, "", NULL);
	client_receive(&client, &reply);
	int status = reply.status;
	reply_free(&reply);
	client_close(&client);
	return status;
}

Test(stacks, are_there_while_every_worker_is_stuck)
{
	struct app app;
	struct client client;
	app_serve(&app, (const char *const[]){"--debug-routes", "--workers", "1", "--grace", "0",
					      "--drain-timeout", "0", NULL});
	stick(&app, &client);
	await_stacks(&app, "/stacks", "pause");
	await_stacks(&app, "/stacks", "\"route\":\"GET /debug/stuck\"");
	await_stacks(&app, "/stacks?format=json", "{\"handlers\":[{");
	await_stacks(&app, "/stacks?format=text", "handlers: 1\n  \"GET /debug/stuck\"");
	cr_expect_eq(admin_status(&app, "/stacks?format=xml"), 400);
	client_close(&client);
	cr_expect_eq(app_stop(&app), WEIR_ABANDONED);
	cr_expect_not_null(strstr(app.report, "pause"), "%s", app.report);
#ifdef WEIR_TEST_SYMBOLS
	/* A static function, which only symbol tables know. */
	cr_expect_not_null(strstr(app.report, "debug_stuck"), "%s", app.report);
	cr_expect(strstr(app.process.text, "      debug_stuck") || /* with debug information */
			  strstr(app.process.text, "      weir!debug_stuck"),
		  "%s", app.process.text);
#endif
	app_destroy(&app);
}
