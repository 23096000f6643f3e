/* When a task begins, who may start one, how many there may be, and when no more. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/fixture.h"
#include "support/gate.h"
#include "support/handlers.h"
#include "support/must.h"
#include "support/reply.h"

#define MOST 256

static int wait_for_the_end(void *arg, weir_token *token)
{
	gate_announce(arg);
	return weir_token_wait(token, weir_after(MUST_PATIENCE));
}

static int come_and_go(void *arg, weir_token *token)
{
	(void)token;
	gate_announce(arg);
	return 0;
}

Test(when_tasks_run, not_before_the_server)
{
	struct fixture fixture;
	struct gate gate;

	gate_init(&gate);
	fixture_create(&fixture, NULL);
	cr_assert_eq(weir_task_start(fixture.server, "early", wait_for_the_end, &gate), 0);
	cr_assert_eq(gate_arrivals(&gate), 0);
	fixture_start(&fixture);
	gate_await(&gate, 1);
	cr_assert_eq(weir_task_start(fixture.server, "late", wait_for_the_end, &gate), 0);
	gate_await(&gate, 1);
	fixture_finish(&fixture);
	cr_assert_eq(gate_arrivals(&gate), 2);
	gate_destroy(&gate);
}

Test(when_tasks_run, never_without_a_start)
{
	struct fixture fixture;
	struct gate gate;

	gate_init(&gate);
	fixture_create(&fixture, NULL);
	cr_assert_eq(weir_task_start(fixture.server, "task", wait_for_the_end, &gate), 0);
	cr_assert_eq(weir_task_every(fixture.server, "ticker", 1, wait_for_the_end, &gate), 0);
	cr_assert_eq(weir_server_on_teardown(fixture.server, "stage", come_and_go, &gate, 0), 0);
	weir_server_stop(fixture.server, "test");
	cr_assert_eq(weir_server_start(fixture.server), -ECANCELED);
	fixture_destroy(&fixture);
	cr_assert_eq(gate_arrivals(&gate), 0);
	gate_destroy(&gate);
}

static int start_one(weir_request *request, weir_response *response, weir_token *token)
{
	int rc = weir_task_start(weir_request_server(request), "from a handler", wait_for_the_end,
				 weir_request_context(request));

	(void)token;
	return rc ? rc : weir_response_printf(response, "started\n");
}

Test(when_tasks_run, also_when_a_handler_starts_them)
{
	struct fixture fixture;
	struct gate gate;
	struct client client;
	struct reply reply;
	char *text;

	gate_init(&gate);
	fixture_serve(&fixture, NULL, "POST /", start_one, &gate);
	client_open(&client, fixture.url);
	client_send_text(&client, "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n");
	client_receive(&client, &reply);
	cr_assert_eq(reply.status, 200);
	reply_free(&reply);
	client_close(&client);
	gate_await(&gate, 1);
	cr_assert_eq(weir_server_status(fixture.server, &text, NULL), 0);
	cr_assert_not_null(strstr(text, "\"tasks\":[{\"name\":\"from a handler\",\"state\":"
					"\"running\",\"age_seconds\":"),
			   "%s", text);
	free(text);
	fixture_finish(&fixture);
	gate_destroy(&gate);
}

static int start_another(void *arg, weir_token *token)
{
	struct fixture *fixture = arg;
	int rc;

	/* The stop has been asked for when the drain token trips. */
	if (weir_token_wait(weir_server_drain_token(fixture->server), weir_after(MUST_PATIENCE)) !=
	    -ECANCELED)
		return -ETIMEDOUT;
	rc = weir_task_start(fixture->server, "too late", start_another, arg);
	(void)token;
	return rc == -ECANCELED ? -ENOANO : -EPROTO;
}

Test(when_tasks_run, no_more_once_a_stop_has_begun)
{
	struct fixture fixture;
	char number[16];

	fixture_create(&fixture, NULL);
	cr_assert_eq(weir_task_start(fixture.server, "task", start_another, &fixture), 0);
	fixture_start(&fixture);
	weir_server_stop(fixture.server, "test");
	cr_assert_eq(weir_task_start(fixture.server, "late", start_another, &fixture), -ECANCELED);
	cr_assert_eq(weir_task_every(fixture.server, "late", 1, start_another, &fixture),
		     -ECANCELED);
	fixture_await(&fixture, WEIR_CLEAN);
	cr_assert_eq(weir_task_start(fixture.server, "late", start_another, &fixture), -ECANCELED);
	(void)snprintf(number, sizeof(number), "%d", ENOANO);
	cr_assert_str_eq(log_capture_field(&fixture.log, "task-failed", "errno"), number);
	fixture_destroy(&fixture);
}

Test(when_tasks_run, so_many_at_a_time)
{
	struct fixture fixture;
	struct gate gate;

	gate_init(&gate);
	fixture_create(&fixture, NULL);
	for (int i = 0; i < MOST; i++)
		cr_assert_eq(weir_task_start(fixture.server, "task",
					     i ? wait_for_the_end : come_and_go, &gate),
			     0);
	cr_assert_eq(weir_task_start(fixture.server, "task", wait_for_the_end, &gate), -ENOSPC);
	fixture_start(&fixture);
	gate_await(&gate, MOST);
	fixture_finish(&fixture);
	gate_destroy(&gate);
}

/* Those that have ended make room: there may be any number, one after the other. */
Test(when_tasks_run, any_number_one_after_the_other)
{
	struct fixture fixture;
	struct gate gate;

	gate_init(&gate);
	fixture_create(&fixture, NULL);
	fixture_start(&fixture);
	for (int i = 0; i < 3 * MOST; i++) {
		int rc;

		/* The one before may be on its last steps. */
		do
			rc = weir_task_start(fixture.server, "brief", come_and_go, &gate);
		while (rc == -ENOSPC);
		cr_assert_eq(rc, 0);
		gate_await(&gate, 1);
	}
	fixture_finish(&fixture);
	gate_destroy(&gate);
}

Test(when_tasks_run, with_a_name_and_something_to_run)
{
	struct fixture fixture;

	fixture_create(&fixture, NULL);
	cr_assert_eq(weir_task_start(fixture.server, NULL, come_and_go, NULL), -EINVAL);
	cr_assert_eq(weir_task_start(fixture.server, "", come_and_go, NULL), -EINVAL);
	cr_assert_eq(weir_task_start(fixture.server, "task", NULL, NULL), -EINVAL);
	cr_assert_eq(weir_task_every(fixture.server, "task", 0, come_and_go, NULL), -EINVAL);
	cr_assert_eq(weir_task_every(fixture.server, "task", -1, come_and_go, NULL), -EINVAL);
	fixture_destroy(&fixture);
}

static int wait_for_the_server(void *arg, weir_token *token)
{
	(void)token;
	return weir_server_wait(((struct fixture *)arg)->server, NULL);
}

Test(when_tasks_run, they_cannot_wait_for_their_own_server)
{
	struct fixture fixture;
	char number[16];

	fixture_create(&fixture, NULL);
	cr_assert_eq(weir_task_start(fixture.server, "task", wait_for_the_server, &fixture), 0);
	fixture_start(&fixture);
	log_capture_await(&fixture.log, "task-failed", 1);
	(void)snprintf(number, sizeof(number), "%d", EDEADLK);
	cr_assert_str_eq(log_capture_field(&fixture.log, "task-failed", "errno"), number);
	fixture_finish(&fixture);
}
