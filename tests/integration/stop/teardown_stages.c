/* Teardown: in reverse order, each stage within its share, never beneath something that is still
 * alive; whatever a stage does, the stop ends in time and says how it went. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/fixture.h"
#include "support/gate.h"
#include "support/handlers.h"
#include "support/must.h"

/* What the stages of a test write down; they run one after the other, on one thread. */
struct diary {
	char text[256];
	size_t size;
};

struct entry {
	struct diary *diary;
	const char *name;
	struct gate *gate; /* passed, and told at the end, if there is one */
	bool obeys;        /* waits for its token instead */
	int result;
	int reason;         /* of the token, at the end */
	weir_time deadline; /* of the token, less the time at the beginning */
};

static int stage(void *arg, weir_token *token)
{
	struct entry *entry = arg;
	struct diary *diary = entry->diary;
	int rc = 0;

	entry->deadline = weir_token_deadline(token) - weir_now();
	if (entry->obeys)
		rc = weir_token_wait(token, weir_after(MUST_PATIENCE));
	if (entry->gate)
		rc = gate_pass(entry->gate);
	entry->reason = weir_token_reason(token);
	diary->size += (size_t)snprintf(diary->text + diary->size,
					sizeof(diary->text) - diary->size, "%s ", entry->name);
	if (entry->gate)
		gate_announce(entry->gate);
	return entry->result ? entry->result : rc;
}

static void add(struct fixture *fixture, struct entry *entry, weir_time share)
{
	int rc = weir_server_on_teardown(fixture->server, entry->name, stage, entry, share);

	cr_assert_eq(rc, 0, "%s: %d", entry->name, rc);
}

Test(teardown_stages, run_in_reverse_order)
{
	struct diary diary = {0};
	struct entry a = {.diary = &diary, .name = "a"},
		     b = {.diary = &diary, .name = "b", .result = -EIO},
		     c = {.diary = &diary, .name = "c"};
	struct fixture fixture;
	char number[16];

	fixture_create(&fixture, NULL);
	add(&fixture, &a, 0);
	add(&fixture, &b, 0);
	add(&fixture, &c, 2 * WEIR_SECOND);
	fixture_start(&fixture);
	cr_assert_eq(weir_server_on_teardown(fixture.server, "d", stage, &a, 0), -EBUSY);
	weir_server_stop(fixture.server, "test");
	fixture_await(&fixture, WEIR_CLEAN);
	cr_assert_str_eq(diary.text, "c b a ");
	cr_assert_eq(fixture.report->stage_count, 3);
	cr_assert_str_eq(fixture.report->stages[0].name, "c");
	cr_assert_eq(fixture.report->stages[0].share, 2 * WEIR_SECOND);
	cr_assert_leq(c.deadline, 2 * WEIR_SECOND);
	cr_assert_gt(c.deadline, 0);
	cr_assert_eq(fixture.report->stages[0].result, WEIR_STAGE_OK);
	/* one that fails keeps nobody from running, and is told of */
	cr_assert_eq(fixture.report->stages[1].result, WEIR_STAGE_FAILED);
	cr_assert_eq(fixture.report->stages[1].error, -EIO);
	cr_assert_eq(fixture.report->stages[2].result, WEIR_STAGE_OK);
	cr_assert_eq(log_capture_count(&fixture.log, "teardown"), 1);
	cr_assert_str_eq(log_capture_field(&fixture.log, "teardown", "stage"), "b");
	cr_assert_str_eq(log_capture_field(&fixture.log, "teardown", "result"), "failed");
	(void)snprintf(number, sizeof(number), "%d", EIO);
	cr_assert_str_eq(log_capture_field(&fixture.log, "teardown", "errno"), number);
	fixture_destroy(&fixture);
}

Test(teardown_stages, one_that_overruns_is_cancelled_and_the_next_one_runs)
{
	struct diary diary = {0};
	struct entry a = {.diary = &diary, .name = "a"},
		     b = {.diary = &diary, .name = "b", .obeys = true};
	struct fixture fixture;

	fixture_create(&fixture, NULL);
	add(&fixture, &a, 0);
	add(&fixture, &b, 500 * WEIR_MILLISECOND);
	fixture_start(&fixture);
	weir_server_stop(fixture.server, "test");
	fixture_await(&fixture, WEIR_CLEAN);
	cr_assert_str_eq(diary.text, "b a ");
	cr_assert_eq(b.reason, WEIR_REASON_DEADLINE);
	cr_assert_eq(fixture.report->stages[0].result, WEIR_STAGE_OVERRUN);
	cr_assert_eq(fixture.report->stages[0].error, -ECANCELED);
	cr_assert_geq(fixture.report->stages[0].time, 500 * WEIR_MILLISECOND);
	cr_assert_eq(fixture.report->stages[1].result, WEIR_STAGE_OK);
	cr_assert_str_eq(log_capture_field(&fixture.log, "teardown", "result"), "overrun");
	fixture_destroy(&fixture);
}

Test(teardown_stages, after_one_that_never_comes_back_the_rest_is_skipped)
{
	static struct gate gate;
	static struct diary diary;
	static struct entry a = {.diary = &diary, .name = "a"},
			    b = {.diary = &diary, .name = "b", .gate = &gate},
			    c = {.diary = &diary, .name = "c"};
	struct fixture fixture;

	gate_init(&gate);
	fixture_create(&fixture, NULL);
	add(&fixture, &a, 0);
	add(&fixture, &b, 50 * WEIR_MILLISECOND);
	add(&fixture, &c, 0);
	fixture_start(&fixture);
	weir_server_stop(fixture.server, "test");
	fixture_await(&fixture, WEIR_ABANDONED);
	cr_assert_str_eq(diary.text, "c ");
	cr_assert_eq(fixture.report->stages[1].result, WEIR_STAGE_ABANDONED);
	cr_assert_eq(fixture.report->stages[1].error, 0);
	cr_assert_geq(fixture.report->stages[1].time, 100 * WEIR_MILLISECOND);
	cr_assert_eq(fixture.report->stages[1].share, 50 * WEIR_MILLISECOND);
	cr_assert_eq(fixture.report->stages[2].result, WEIR_STAGE_SKIPPED);
	cr_assert_str_eq(fixture.report->stages[2].because, "b");
	cr_assert_eq(fixture.report->stages[2].time, 0);
	cr_assert_eq(log_capture_count(&fixture.log, "teardown"), 2);
	fixture_destroy(&fixture);
	gate_await(&gate, 1);
	gate_open(&gate, 1);
	gate_await(&gate,
		   1); /* nothing was freed under it: it goes on as if nothing had happened */
	cr_assert_str_eq(diary.text, "c b ");
}

static const struct weir_server_options hurried = {
	.grace = 50 * WEIR_MILLISECOND, .drain_timeout = 200 * WEIR_MILLISECOND, .workers = 2};

static int stuck(weir_request *request, weir_response *response, weir_token *token)
{
	struct gate *gate = weir_request_context(request);
	int rc = gate_pass(gate);

	(void)response;
	(void)token;
	gate_announce(gate);
	return rc;
}

static int end_with_token(void *arg, weir_token *token)
{
	int rc = weir_token_wait(token, weir_after(MUST_PATIENCE));

	gate_announce(arg);
	return rc;
}

Test(teardown_stages, are_skipped_beneath_a_handler_that_is_alive)
{
	static struct gate gate, task;
	static struct diary diary;
	static struct entry a = {.diary = &diary, .name = "a"};
	struct fixture fixture;
	struct client client;

	gate_init(&gate);
	gate_init(&task);
	fixture_create(&fixture, &hurried);
	fixture_route(&fixture, "GET /", stuck, &gate);
	add(&fixture, &a, 0);
	cr_assert_eq(weir_task_start(fixture.server, "task", end_with_token, &task), 0);
	fixture_start(&fixture);
	client_open(&client, fixture.url);
	client_send_text(&client, "GET / HTTP/1.1\r\nHost: test\r\n\r\n");
	gate_await(&gate, 1);
	weir_server_stop(fixture.server, "test");
	fixture_await(&fixture, WEIR_ABANDONED);
	cr_assert_eq(fixture.report->counts.abandoned, 1);
	cr_assert_eq(fixture.report->stages[0].result, WEIR_STAGE_SKIPPED);
	cr_assert_str_eq(fixture.report->stages[0].because, "workers");
	cr_assert_str_eq(diary.text, "");
	/* tasks are ended all the same */
	cr_assert_eq(gate_arrivals(&task), 1);
	cr_assert_eq(fixture.report->task_total, 0);
	cr_assert_str_eq(log_capture_field(&fixture.log, "teardown", "because"), "workers");
	client_close(&client);
	fixture_destroy(&fixture);
	gate_open(&gate, 1);
	gate_await(&gate, 1);
}

/* The drain timeout is over before their turn: they have time to close what they must. */
Test(teardown_stages, run_even_if_the_stop_is_late)
{
	const struct weir_server_options late = {.drain_timeout = WEIR_NONE};
	struct diary diary = {0};
	struct entry a = {.diary = &diary, .name = "a"}, b = {.diary = &diary, .name = "b"};
	struct fixture fixture;

	fixture_create(&fixture, &late);
	add(&fixture, &a, 0);
	add(&fixture, &b, WEIR_SECOND);
	fixture_start(&fixture);
	weir_server_stop(fixture.server, "test");
	fixture_await(&fixture, WEIR_CLEAN);
	cr_assert_str_eq(diary.text, "b a ");
	for (int i = 0; i < 2; i++)
		cr_assert_eq(fixture.report->stages[i].share, 100 * WEIR_MILLISECOND);
	fixture_destroy(&fixture);
}

static int look_at_the_server(void *arg, weir_token *token)
{
	weir_server *server = ((struct fixture *)arg)->server;
	char *text;
	int rc;

	(void)token;
	if (weir_server_wait(server, NULL) != -EDEADLK)
		return -EPROTO;
	rc = weir_server_status(server, &text, NULL);
	if (rc)
		return rc;
	rc = strstr(text, "\"phase\":\"teardown\"") && strstr(text, "\"tasks\":[]") ? 0 : -EPROTO;
	free(text);
	return rc;
}

Test(teardown_stages, may_ask_the_server_but_not_wait_for_it)
{
	struct fixture fixture;

	fixture_create(&fixture, NULL);
	cr_assert_eq(
		weir_server_on_teardown(fixture.server, "curious", look_at_the_server, &fixture, 0),
		0);
	fixture_start(&fixture);
	weir_server_stop(fixture.server, "test");
	fixture_await(&fixture, WEIR_CLEAN);
	cr_assert_eq(fixture.report->stages[0].result, WEIR_STAGE_OK);
	fixture_destroy(&fixture);
}

Test(teardown_stages, are_bounded_and_named)
{
	struct diary diary = {0};
	struct entry a = {.diary = &diary, .name = "a"};
	struct fixture fixture;

	fixture_create(&fixture, NULL);
	cr_assert_eq(weir_server_on_teardown(fixture.server, NULL, stage, &a, 0), -EINVAL);
	cr_assert_eq(weir_server_on_teardown(fixture.server, "", stage, &a, 0), -EINVAL);
	cr_assert_eq(weir_server_on_teardown(fixture.server, "a", NULL, &a, 0), -EINVAL);
	cr_assert_eq(weir_server_on_teardown(fixture.server, "a", stage, &a, -1), -EINVAL);
	for (int i = 0; i < 64; i++)
		add(&fixture, &a, 0);
	cr_assert_eq(weir_server_on_teardown(fixture.server, "a", stage, &a, 0), -ENOSPC);
	fixture_start(&fixture);
	weir_server_stop(fixture.server, "test");
	fixture_await(&fixture, WEIR_CLEAN);
	cr_assert_eq(diary.size, 2 * 64);
	cr_assert_eq(fixture.report->stage_count, 64);
	fixture_destroy(&fixture);
}
