/* Stop may be asked for any number of times, from anywhere: there is one stop, and the
 * first to ask is the one who is named. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "support/fixture.h"
#include "support/gate.h"
#include "support/handlers.h"
#include "support/reply.h"

Test(stop_called_many_times, twice)
{
	struct fixture fixture;

	fixture_serve(&fixture, NULL, "GET /hello", handle_hello, NULL);
	weir_server_stop(fixture.server, "first");
	weir_server_stop(fixture.server, "second");
	fixture_await(&fixture, WEIR_CLEAN);
	cr_assert_str_eq(fixture.report->who, "first");
	fixture_destroy(&fixture);
}

Test(stop_called_many_times, after_the_end)
{
	const struct weir_report *again;
	struct fixture fixture;

	fixture_serve(&fixture, NULL, "GET /hello", handle_hello, NULL);
	weir_server_stop(fixture.server, "first");
	fixture_await(&fixture, WEIR_CLEAN);
	weir_server_stop(fixture.server, "late");
	cr_assert_eq(weir_server_wait(fixture.server, &again), WEIR_CLEAN);
	cr_assert_eq(again, fixture.report);
	cr_assert_str_eq(again->who, "first");
	fixture_destroy(&fixture);
}

Test(stop_called_many_times, with_a_long_name_or_none)
{
	struct fixture fixture;
	char name[200];

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	fixture_serve(&fixture, NULL, "GET /hello", handle_hello, NULL);
	weir_server_stop(fixture.server, name);
	fixture_await(&fixture, WEIR_CLEAN);
	cr_assert_eq(strncmp(fixture.report->who, name, sizeof(fixture.report->who) - 1), 0);
	fixture_destroy(&fixture);

	fixture_serve(&fixture, NULL, "GET /hello", handle_hello, NULL);
	weir_server_stop(fixture.server, NULL);
	fixture_await(&fixture, WEIR_CLEAN);
	fixture_destroy(&fixture);
}

struct caller {
	pthread_t thread;
	pthread_barrier_t *barrier;
	weir_server *server;
	char name[16];
	int outcome;
	const struct weir_report *report;
};

static void *stop_and_wait(void *arg)
{
	struct caller *caller = arg;

	pthread_barrier_wait(caller->barrier);
	weir_server_stop(caller->server, caller->name);
	caller->outcome = weir_server_wait(caller->server, &caller->report);
	return NULL;
}

Test(stop_called_many_times, from_several_threads_at_once)
{
	enum { callers = 8 };
	struct caller caller[callers];
	pthread_barrier_t barrier;
	struct fixture fixture;
	struct gate gate;
	struct client client;
	struct reply reply;
	bool named = false;

	gate_init(&gate);
	fixture_serve(&fixture, NULL, "GET /gated", handle_gated, &gate);
	client_open(&client, fixture.url);
	client_send_text(&client, "GET /gated HTTP/1.1\r\nHost: test\r\n\r\n");
	gate_await(&gate, 1);
	cr_assert_eq(pthread_barrier_init(&barrier, NULL, callers), 0);
	for (int i = 0; i < callers; i++) {
		caller[i] = (struct caller){.barrier = &barrier, .server = fixture.server};
		snprintf(caller[i].name, sizeof(caller[i].name), "caller %d", i);
		cr_assert_eq(pthread_create(&caller[i].thread, NULL, stop_and_wait, &caller[i]), 0);
	}
	gate_open(&gate, 1);
	client_receive(&client, &reply);
	cr_assert_eq(reply.status, 200);
	reply_free(&reply);
	for (int i = 0; i < callers; i++)
		cr_assert_eq(pthread_join(caller[i].thread, NULL), 0);
	fixture_await(&fixture, WEIR_CLEAN);
	for (int i = 0; i < callers; i++) {
		cr_assert_eq(caller[i].outcome, WEIR_CLEAN);
		cr_assert_eq(caller[i].report, fixture.report);
		named = named || strcmp(caller[i].name, fixture.report->who) == 0;
	}
	cr_assert(named, "who: %s", fixture.report->who);
	client_close(&client);
	pthread_barrier_destroy(&barrier);
	fixture_destroy(&fixture);
	gate_destroy(&gate);
}

static int stop_from_inside(weir_request *request, weir_response *response, weir_token *token)
{
	weir_server *server = weir_request_server(request);

	weir_server_stop(server, "handler");
	weir_server_stop(server, "handler again");
	return weir_response_printf(response, "%d %d\n", weir_server_stopping(server),
				    weir_token_check(token) == 0);
}

static void stop_from_handler(enum weir_run run)
{
	const struct weir_route_options options = {.run = run};
	struct fixture fixture;
	struct client client;
	struct reply reply;

	fixture_create(&fixture, NULL);
	fixture_route_with(&fixture, "POST /stop", stop_from_inside, NULL, &options);
	fixture_start(&fixture);
	client_open(&client, fixture.url);
	client_send_text(&client, "POST /stop HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n");
	client_receive(&client, &reply);
	cr_assert_eq(reply.status, 200);
	cr_assert_str_eq(reply.body, "1 1\n");
	cr_assert(reply_says_close(&reply));
	cr_assert_eq(client_await_end(&client), CLIENT_CLOSED);
	reply_free(&reply);
	client_close(&client);
	fixture_await(&fixture, WEIR_CLEAN);
	cr_assert_str_eq(fixture.report->who, "handler");
	fixture_destroy(&fixture);
}

Test(stop_called_many_times, from_a_handler)
{
	stop_from_handler(WEIR_RUN_QUEUED);
}

Test(stop_called_many_times, from_an_inline_handler)
{
	stop_from_handler(WEIR_RUN_INLINE);
}

static void stop_again(void *arg)
{
	struct fixture *fixture = arg;

	weir_server_stop(fixture->server, "callback");
	weir_server_cancel(fixture->server, "callback");
}

/* The drain token trips on the coordinator's way: its callbacks may call anything. */
Test(stop_called_many_times, from_a_callback_of_the_drain_token)
{
	weir_token_callback callback;
	struct fixture fixture;

	fixture_serve(&fixture, NULL, "GET /hello", handle_hello, NULL);
	weir_token_callback_add(weir_server_drain_token(fixture.server), &callback, stop_again,
				&fixture);
	weir_server_stop(fixture.server, "test");
	fixture_await(&fixture, WEIR_CLEAN);
	cr_assert_str_eq(fixture.report->who, "test");
	cr_assert_eq(weir_token_callback_remove(&callback), 0);
	fixture_destroy(&fixture);
}
