/* A background task and a stage of teardown that never come back have the stacks of their threads
 * in the report. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <weir/task.h>

#include "support/fixture.h"
#include "support/gate.h"
#include "support/must.h"

static struct gate gate;
static int idle_pipe[2];

static int read_for_ever(void *arg, weir_token *token)
{
	char byte;
	ssize_t count;

	(void)arg, (void)token;
	gate_announce(&gate);
	count = read(idle_pipe[0], &byte, 1);
	return count < 0 ? -errno : 0;
}

static int unused(weir_request *request, weir_response *response, weir_token *token)
{
	(void)request, (void)token;
	return weir_response_printf(response, "unused\n");
}

static const struct weir_server_options hurried = {.grace = WEIR_NONE,
						   .drain_timeout = 50 * WEIR_MILLISECOND};

static void create(struct fixture *fixture)
{
	gate_init(&gate);
	cr_assert_eq(pipe(idle_pipe), 0);
	fixture_create(fixture, &hurried);
	fixture_route(fixture, "GET /unused", unused, NULL);
}

Test(stacks_of_tasks_and_stages, of_a_task)
{
	const struct weir_report *report;
	struct fixture fixture;
	const char *logged;

	create(&fixture);
	cr_assert_eq(weir_task_start(fixture.server, "deaf", read_for_ever, NULL), 0);
	fixture_start(&fixture);
	gate_await(&gate, 1);
	weir_server_stop(fixture.server, "test");
	report = fixture_await(&fixture, WEIR_ABANDONED);
	cr_assert_eq(report->task_count, 1);
	cr_assert_not_null(report->tasks[0].stack);
	cr_assert_not_null(strstr(report->tasks[0].stack, "read"), "%s", report->tasks[0].stack);
	logged = log_capture_field(&fixture.log, "task-abandoned", "stack");
	cr_assert_not_null(logged);
	cr_assert_not_null(strstr(logged, "read"), "%s", logged);
	fixture_destroy(&fixture);
	cr_assert_eq(write(idle_pipe[1], "x", 1), 1);
}

Test(stacks_of_tasks_and_stages, of_a_stage)
{
	const struct weir_report *report;
	struct fixture fixture;

	create(&fixture);
	cr_assert_eq(weir_server_on_teardown(fixture.server, "deaf", read_for_ever, NULL,
					     20 * WEIR_MILLISECOND),
		     0);
	fixture_start(&fixture);
	weir_server_stop(fixture.server, "test");
	report = fixture_await(&fixture, WEIR_ABANDONED);
	cr_assert_eq(report->stage_count, 1);
	cr_assert_not_null(report->stages[0].stack);
	cr_assert_not_null(strstr(report->stages[0].stack, "read"), "%s", report->stages[0].stack);
	fixture_destroy(&fixture);
	cr_assert_eq(write(idle_pipe[1], "x", 1), 1);
}
