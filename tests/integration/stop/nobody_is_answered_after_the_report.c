/* Who has connected and said nothing when a stop in a hurry began may say something when the report
 * has just been made. It is not answered: an answer would be in no account. The test learns of that
 * moment from the log: a stage of teardown that has failed is logged while the report is made. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "support/fixture.h"
#include "support/handlers.h"
#include "support/reply.h"

struct late {
	struct client client;
	bool asked;
};

static void ask_once_reported(void *arg, const struct weir_log_record *record)
{
	static const char request[] = "GET /none HTTP/1.1\r\nHost: test\r\n\r\n";
	struct late *late = arg;

	if (late->asked || strcmp(record->event, "teardown") != 0)
		return;
	late->asked = true;
	/* On a busy machine it was no newcomer any more when the stop began, and is closed. */
	(void)client_send_up_to(&late->client, request, sizeof(request) - 1);
}

static int fail_to_end(void *arg, weir_token *token)
{
	(void)arg;
	(void)token;
	return -EIO;
}

Test(nobody_is_answered_after_the_report, but_closed)
{
	struct late late = {0};
	const struct weir_server_options options = {
		.log = ask_once_reported, .log_arg = &late, .log_level = WEIR_LOG_INFO};
	const struct weir_report *report;
	struct fixture fixture;
	struct reply reply;

	fixture_create(&fixture, &options);
	fixture_route(&fixture, "GET /hello", handle_hello, NULL);
	cr_assert_eq(weir_server_on_teardown(fixture.server, "fails", fail_to_end, NULL, 0), 0);
	fixture_start(&fixture);
	client_open(&late.client, fixture.url);
	weir_server_cancel(fixture.server, "test");
	report = fixture_await(&fixture, WEIR_CLEAN);
	cr_expect(late.asked);
	client_receive(&late.client, &reply);
	cr_expect_eq(reply.status, 0, "answered %d", reply.status);
	cr_expect_eq(report->served.accepted, 0);
	reply_free(&reply);
	client_close(&late.client);
	fixture_destroy(&fixture);
}
