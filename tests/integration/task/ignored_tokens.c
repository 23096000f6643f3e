/* A task that does not come back does not keep a stop beyond its time: it is named in report and
 * log, the stages that come after it are skipped, and the outcome is WEIR_ABANDONED. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "support/fixture.h"
#include "support/gate.h"
#include "support/must.h"

static const struct weir_server_options hurried = {.drain_timeout = 300 * WEIR_MILLISECOND};

static int ignore(void *arg, weir_token *token)
{
	struct gate *gate = arg;
	int rc = gate_pass(gate);

	(void)token;
	gate_announce(gate);
	return rc;
}

static int obey(void *arg, weir_token *token)
{
	(void)arg;
	return weir_token_wait(token, weir_after(MUST_PATIENCE));
}

static int stage(void *arg, weir_token *token)
{
	(void)token;
	gate_announce(arg);
	return 0;
}

static void check_words(const struct weir_report *report)
{
	char *text;

	cr_assert_eq(weir_report_text(report, &text, NULL), 0);
	cr_assert_not_null(strstr(text, "  never came back: task=deaf age="), "%s", text);
	cr_assert_not_null(strstr(text, "  teardown: stage=files result=skipped because=tasks\n"),
			   "%s", text);
	cr_assert_not_null(strstr(text, ", 1 task abandoned, 2 teardown stages skipped.\n"), "%s",
			   text);
	free(text);
	cr_assert_eq(weir_report_json(report, &text, NULL), 0);
	cr_assert_not_null(strstr(text, "\"task_total\":1,\"tasks\":[{\"name\":\"deaf\","), "%s",
			   text);
	free(text);
}

static void stop_with_a_deaf_task(bool back_before_destroy)
{
	static struct gate gate, stages;
	struct fixture fixture;
	const struct weir_report *report;

	gate_init(&gate);
	gate_init(&stages);
	fixture_create(&fixture, &hurried);
	cr_assert_eq(weir_task_start(fixture.server, "obedient", obey, NULL), 0);
	cr_assert_eq(weir_task_start(fixture.server, "deaf", ignore, &gate), 0);
	cr_assert_eq(weir_server_on_teardown(fixture.server, "database", stage, &stages, 0), 0);
	cr_assert_eq(weir_server_on_teardown(fixture.server, "files", stage, &stages, 0), 0);
	fixture_start(&fixture);
	gate_await(&gate, 1);
	weir_server_stop(fixture.server, "test");
	report = fixture_await(&fixture, WEIR_ABANDONED);
	cr_assert_eq(report->task_total, 1);
	cr_assert_eq(report->task_count, 1);
	cr_assert_str_eq(report->tasks[0].name, "deaf");
	cr_assert_gt(report->tasks[0].age, 0);
	cr_assert_eq(report->stage_count, 2);
	cr_assert_str_eq(report->stages[0].name, "files");
	cr_assert_str_eq(report->stages[1].name, "database");
	for (int i = 0; i < 2; i++) {
		cr_assert_eq(report->stages[i].result, WEIR_STAGE_SKIPPED);
		cr_assert_str_eq(report->stages[i].because, "tasks");
	}
	cr_assert_eq(gate_arrivals(&stages), 0);
	cr_assert_eq(log_capture_count(&fixture.log, "task-abandoned"), 1);
	cr_assert_str_eq(log_capture_field(&fixture.log, "task-abandoned", "task"), "deaf");
	cr_assert_eq(log_capture_count(&fixture.log, "teardown"), 2);
	cr_assert_str_eq(log_capture_field(&fixture.log, "teardown", "result"), "skipped");
	cr_assert_str_eq(log_capture_field(&fixture.log, "teardown", "because"), "tasks");
	check_words(report);
	if (back_before_destroy) {
		gate_open(&gate, 1);
		gate_await(&gate, 1);
	}
	fixture_destroy(&fixture);
	if (!back_before_destroy) {
		gate_open(&gate, 1);
		gate_await(&gate, 1);
	}
}

Test(ignored_tokens, by_a_task_that_comes_back_after_destroy)
{
	stop_with_a_deaf_task(false);
}

Test(ignored_tokens, by_a_task_that_comes_back_before_destroy)
{
	stop_with_a_deaf_task(true);
}
