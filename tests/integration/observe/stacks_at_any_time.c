/* The stacks of what runs can be had at any time, and having them does not disturb what runs. */
#include <criterion/criterion.h>
#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <weir/io.h>
#include <weir/stack.h>
#include <weir/task.h>

#include "support/fixture.h"
#include "support/gate.h"
#include "support/must.h"
#include "support/reply.h"

enum { TIMES = 50 };

static struct gate gate;
static int idle_pipe[2];
static atomic_int inline_error;

static int pass(weir_request *request, weir_response *response, weir_token *token)
{
	int error;

	(void)token;
	weir_request_note(request, "at the gate");
	error = gate_pass(&gate);
	return error ? error : weir_response_printf(response, "passed\n");
}

/* Says how its calls ended. */
static int wait_in_calls(weir_request *request, weir_response *response, weir_token *token)
{
	int slept;
	char byte;
	ssize_t count;

	(void)request;
	gate_announce(&gate);
	count = read(idle_pipe[0], &byte, 1);
	gate_announce(&gate);
	slept = weir_sleep(token, weir_after(MUST_PATIENCE));
	return weir_response_printf(response, "read %zd, slept %d\n", count, slept);
}

static int look_inline(weir_request *request, weir_response *response, weir_token *token)
{
	char *text;

	(void)token;
	atomic_store(&inline_error,
		     weir_server_stacks_json(weir_request_server(request), &text, NULL));
	return weir_response_printf(response, "looked\n");
}

static int look_oneself(weir_request *request, weir_response *response, weir_token *token)
{
	char *text;
	size_t size;
	int error = weir_server_stacks_text(weir_request_server(request), &text, &size);

	(void)token;
	return error ? error : weir_response_body_take(response, text, size, free);
}

static int wait_for_the_end(void *arg, weir_token *token)
{
	(void)arg;
	gate_announce(&gate);
	return weir_sleep(token, WEIR_NEVER);
}

static void send_get(struct client *client, const struct fixture *fixture)
{
	client_open(client, fixture->url);
	client_send_text(client, "GET /here HTTP/1.1\r\nHost: test\r\n\r\n");
}

static char *take(weir_server *server, int (*make)(weir_server *, char **, size_t *))
{
	char *text;
	size_t size;

	cr_assert_eq(make(server, &text, &size), 0);
	cr_assert_eq(strlen(text), size);
	return text;
}

static void receive(struct client *client, const char *expected)
{
	struct reply reply;

	client_receive(client, &reply);
	cr_assert_eq(reply.status, 200);
	cr_assert_not_null(strstr(reply.body, expected), "%s", reply.body);
	reply_free(&reply);
	client_close(client);
}

Test(stacks_at_any_time, handlers_and_tasks_are_named)
{
	struct fixture fixture;
	struct client client;
	char *text;

	gate_init(&gate);
	fixture_create(&fixture, NULL);
	fixture_route(&fixture, "GET /here", pass, NULL);
	cr_assert_eq(weir_server_stacks_json(fixture.server, &text, NULL), -EINVAL);
	cr_assert_eq(weir_task_start(fixture.server, "the task", wait_for_the_end, NULL), 0);
	fixture_start(&fixture);
	gate_await(&gate, 1);
	text = take(fixture.server, weir_server_stacks_text);
	cr_assert_eq(strncmp(text, "handlers: 0\n", 12), 0, "%s", text);
	free(text);
	send_get(&client, &fixture);
	gate_await(&gate, 1);
	text = take(fixture.server, weir_server_stacks_text);
	cr_assert_not_null(strstr(text, "handlers: 1\n  \"GET /here\" path=/here client="), "%s",
			   text);
	cr_assert_not_null(strstr(text, "libc.so.6"), "%s", text);
	cr_assert_not_null(strstr(text, "\ntasks: 1\n  \"the task\" age="), "%s", text);
	free(text);
	text = take(fixture.server, weir_server_stacks_json);
	cr_assert_eq(strncmp(text, "{\"handlers\":[{\"route\":\"GET /here\",", 34), 0, "%s", text);
	cr_assert_not_null(strstr(text, "\"doing\":\"at the gate\""), "%s", text);
	cr_assert_not_null(strstr(text, "\"waiting\":false,\"stack\":[\""), "%s", text);
	cr_assert_not_null(strstr(text, "\"tasks\":[{\"name\":\"the task\","), "%s", text);
	cr_assert_null(strstr(text, "\"stack\":[]"), "%s", text);
	cr_assert_null(strstr(text, "did not answer"), "%s", text);
	free(text);
	gate_open(&gate, 1);
	receive(&client, "passed");
	fixture_finish(&fixture);
}

Test(stacks_at_any_time, asking_does_not_disturb)
{
	static const struct weir_server_options hasty = {.grace = WEIR_NONE};
	struct fixture fixture;
	struct client client;

	gate_init(&gate);
	cr_assert_eq(pipe(idle_pipe), 0);
	fixture_serve(&fixture, &hasty, "GET /here", wait_in_calls, NULL);
	send_get(&client, &fixture);
	gate_await(&gate, 1);
	for (int i = 0; i < TIMES; i++)
		free(take(fixture.server, weir_server_stacks_json));
	cr_assert_eq(write(idle_pipe[1], "x", 1), 1);
	gate_await(&gate, 1);
	for (int i = 0; i < TIMES; i++)
		free(take(fixture.server, weir_server_stacks_json));
	fixture_begin_stop(&fixture);
	receive(&client, "read 1, slept -125\n"); /* -ECANCELED, by the stop */
	fixture_await(&fixture, WEIR_CLEAN);
	fixture_destroy(&fixture);
}

Test(stacks_at_any_time, not_on_the_acceptors_thread)
{
	static const struct weir_route_options options = {.run = WEIR_RUN_INLINE};
	struct fixture fixture;
	struct client client;

	fixture_create(&fixture, NULL);
	fixture_route_with(&fixture, "GET /here", look_inline, NULL, &options);
	fixture_start(&fixture);
	send_get(&client, &fixture);
	receive(&client, "looked");
	cr_assert_eq(atomic_load(&inline_error), -EDEADLK);
	fixture_finish(&fixture);
}

/* The thread that asks is one of those that are asked. */
Test(stacks_at_any_time, a_handler_may_ask)
{
	struct fixture fixture;
	struct client client;

	fixture_serve(&fixture, NULL, "GET /here", look_oneself, NULL);
	send_get(&client, &fixture);
	receive(&client, "handlers: 1\n  \"GET /here\" path=/here");
	send_get(&client, &fixture);
	receive(&client, "libc.so.6");
	fixture_finish(&fixture);
}
