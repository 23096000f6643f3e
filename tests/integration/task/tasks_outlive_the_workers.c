/* A consumer gets what handlers have for it to the very last: a stop joins the workers before
 * the tasks' tokens trip. One that wants to end sooner watches the drain token. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>

#include "support/fixture.h"
#include "support/gate.h"
#include "support/must.h"
#include "support/reply.h"

struct shop {
	struct gate gate;     /* handlers pass it before they deliver */
	struct gate consumer; /* announced when the consumer begins, and when it ends */
	weir_token *_Atomic token;
	_Atomic int delivered;
	int taken; /* what was there when the consumer came back */
	int reason;
};

static int deliver(weir_request *request, weir_response *response, weir_token *token)
{
	struct shop *shop = weir_request_context(request);
	int rc = gate_pass(&shop->gate);

	(void)token;
	atomic_fetch_add(&shop->delivered, 1);
	return rc ? rc : weir_response_printf(response, "delivered\n");
}

/* Delivers when it is cancelled. */
static int deliver_late(weir_request *request, weir_response *response, weir_token *token)
{
	struct shop *shop = weir_request_context(request);
	int rc;

	(void)response;
	gate_announce(&shop->gate);
	rc = weir_token_wait(token, weir_after(MUST_PATIENCE));
	must(weir_token_check(atomic_load(&shop->token)) == 0, "tripped with the handlers");
	atomic_fetch_add(&shop->delivered, 1);
	return rc;
}

static int consume(void *arg, weir_token *token)
{
	struct shop *shop = arg;
	int rc;

	atomic_store(&shop->token, token);
	gate_announce(&shop->consumer);
	rc = weir_token_wait(token, weir_after(MUST_PATIENCE));
	shop->taken = atomic_load(&shop->delivered);
	shop->reason = weir_token_reason(token);
	gate_announce(&shop->consumer);
	return rc;
}

Test(tasks_outlive_the_workers, so_that_nothing_is_left_behind)
{
	struct fixture fixture;
	struct shop shop = {0};
	struct client client;
	struct reply reply;

	gate_init(&shop.gate);
	gate_init(&shop.consumer);
	fixture_create(&fixture, NULL);
	fixture_route(&fixture, "GET /", deliver, &shop);
	cr_assert_eq(weir_task_start(fixture.server, "consumer", consume, &shop), 0);
	fixture_start(&fixture);
	gate_await(&shop.consumer, 1);
	client_open(&client, fixture.url);
	client_send_text(&client, "GET / HTTP/1.1\r\nHost: test\r\n\r\n");
	gate_await(&shop.gate, 1);
	fixture_begin_stop(&fixture);
	cr_assert_eq(weir_token_check(atomic_load(&shop.token)), 0, "tripped before its time");
	gate_open(&shop.gate, 1);
	client_receive(&client, &reply);
	cr_assert_eq(reply.status, 200);
	reply_free(&reply);
	fixture_await(&fixture, WEIR_CLEAN);
	cr_assert_eq(gate_arrivals(&shop.consumer), 2);
	cr_assert_eq(shop.taken, 1);
	cr_assert_eq(shop.reason, WEIR_REASON_SHUTDOWN);
	cr_assert_eq(fixture.report->task_total, 0);
	cr_assert_eq(log_capture_count(&fixture.log, "task-failed"), 0);
	client_close(&client);
	fixture_destroy(&fixture);
	gate_destroy(&shop.gate);
	gate_destroy(&shop.consumer);
}

Test(tasks_outlive_the_workers, also_those_that_are_cancelled)
{
	const struct weir_server_options options = {.grace = WEIR_NONE};
	struct fixture fixture;
	struct shop shop = {0};
	struct client client;
	struct reply reply;

	gate_init(&shop.gate);
	gate_init(&shop.consumer);
	fixture_create(&fixture, &options);
	fixture_route(&fixture, "GET /", deliver_late, &shop);
	cr_assert_eq(weir_task_start(fixture.server, "consumer", consume, &shop), 0);
	fixture_start(&fixture);
	gate_await(&shop.consumer, 1);
	client_open(&client, fixture.url);
	client_send_text(&client, "GET / HTTP/1.1\r\nHost: test\r\n\r\n");
	gate_await(&shop.gate, 1);
	weir_server_stop(fixture.server, "test");
	client_receive(&client, &reply);
	cr_assert_eq(reply.status, 503);
	reply_free(&reply);
	fixture_await(&fixture, WEIR_CLEAN);
	cr_assert_eq(shop.taken, 1);
	client_close(&client);
	fixture_destroy(&fixture);
	gate_destroy(&shop.gate);
	gate_destroy(&shop.consumer);
}

static int watch_drain(void *arg, weir_token *token)
{
	weir_server *server = ((struct fixture *)arg)->server;

	if (weir_token_wait(weir_server_drain_token(server), weir_after(MUST_PATIENCE)) !=
	    -ECANCELED)
		return -ETIMEDOUT;
	return weir_token_check(token) ? -EPROTO : -ENOANO; /* told in the log */
}

Test(tasks_outlive_the_workers, and_may_end_when_the_stop_begins)
{
	struct fixture fixture;
	struct shop shop = {0};
	struct client client;
	struct reply reply;
	char number[16];

	gate_init(&shop.gate);
	fixture_create(&fixture, NULL);
	fixture_route(&fixture, "GET /", deliver, &shop);
	cr_assert_eq(weir_task_start(fixture.server, "watcher", watch_drain, &fixture), 0);
	fixture_start(&fixture);
	client_open(&client, fixture.url);
	client_send_text(&client, "GET / HTTP/1.1\r\nHost: test\r\n\r\n");
	gate_await(&shop.gate, 1);
	weir_server_stop(fixture.server, "test");
	log_capture_await(&fixture.log, "task-failed", 1); /* while the handler still runs */
	(void)snprintf(number, sizeof(number), "%d", ENOANO);
	cr_assert_str_eq(log_capture_field(&fixture.log, "task-failed", "errno"), number);
	cr_assert_str_eq(log_capture_field(&fixture.log, "task-failed", "task"), "watcher");
	gate_open(&shop.gate, 1);
	client_receive(&client, &reply);
	cr_assert_eq(reply.status, 200);
	reply_free(&reply);
	fixture_await(&fixture, WEIR_CLEAN);
	client_close(&client);
	fixture_destroy(&fixture);
	gate_destroy(&shop.gate);
}
