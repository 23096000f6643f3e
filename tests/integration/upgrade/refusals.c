/* An upgrade that cannot be is answered in HTTP, and `arg` is given back: a request that does not
 * ask for it, a stop, a queue without a place, a client that has gone. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "support/fixture.h"
#include "support/handlers.h"
#include "support/reply.h"
#include "support/upgrading.h"

static void expect(struct fixture *fixture, const char *request, int status)
{
	struct client client;
	struct reply reply;

	client_open(&client, fixture->url);
	client_send_text(&client, request);
	client_receive(&client, &reply);
	cr_assert_eq(reply.status, status, "%d for\n%s", reply.status, request);
	if (status == 426)
		cr_assert_str_eq(reply_header(&reply, "Upgrade"), "test");
	reply_free(&reply);
	client_close(&client);
}

#define ASK "Host: test\r\nConnection: upgrade\r\nUpgrade: test\r\n"

Test(refusals, of_requests_that_do_not_ask_for_it)
{
	struct upgrading upgrading = {.run = upgrade_echo};
	struct fixture fixture;
	const char *const requests[] = {
		"GET / HTTP/1.1\r\nHost: test\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: test\r\nUpgrade: test\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: test\r\nConnection: upgrade\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: test\r\nConnection: upgraded\r\nUpgrade: test\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: test\r\nConnection: upgrade\r\nUpgrade: tes\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: test\r\nConnection: upgrade\r\nUpgrade: test/2\r\n\r\n",
		"GET / HTTP/1.0\r\n" ASK "\r\n",
		"POST / HTTP/1.1\r\n" ASK "Content-Length: 1\r\n\r\nx",
		"POST / HTTP/1.1\r\n" ASK "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	};

	fixture_serve(&fixture, NULL, "* /", handle_upgrade, &upgrading);
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		expect(&fixture, requests[i], 426);
		cr_assert_eq(atomic_load(&upgrading.result), -EPROTO);
	}
	metrics_await(fixture.server, "weir_requests_answered_total",
		      sizeof(requests) / sizeof(requests[0]));
	fixture_finish(&fixture);
	cr_assert_eq(atomic_load(&upgrading.drops) + atomic_load(&upgrading.ran), 0);
}

/* The connection goes on in HTTP. */
Test(refusals, keep_the_connection)
{
	struct upgrading upgrading = {.run = upgrade_echo};
	struct fixture fixture;
	struct client client;
	struct reply reply;

	fixture_serve(&fixture, NULL, "GET /", handle_upgrade, &upgrading);
	client_open(&client, fixture.url);
	client_get(&client, "/", &reply);
	cr_assert_eq(reply.status, 426);
	reply_free(&reply);
	client_upgrade(&client, "/", "");
	client_echo(&client, "hello");
	client_close(&client);
	fixture_finish(&fixture);
}

struct wrong {
	int protocol, no_run, late_body, second, status, failed;
	_Atomic unsigned drops;
};

static void count_drop(void *arg)
{
	struct wrong *wrong = arg;

	atomic_fetch_add(&wrong->drops, 1);
}

static int handle_wrong(weir_request *request, weir_response *response, weir_token *token)
{
	struct wrong *wrong = weir_request_context(request);
	struct weir_upgrade_options options = {
		.protocol = "te st", .run = upgrade_echo, .drop = count_drop, .arg = wrong};

	(void)token;
	wrong->protocol = weir_response_upgrade(response, &options);
	options.protocol = "test";
	options.run = NULL;
	wrong->no_run = weir_response_upgrade(response, &options);
	options.run = upgrade_echo;
	wrong->failed = weir_response_upgrade(response, &options);
	wrong->late_body = weir_response_body(response, "x", 1);
	wrong->second = weir_response_upgrade(response, &options);
	wrong->status = weir_response_status(response, 200);
	return -EIO;
}

Test(refusals, of_wrong_calls_and_a_handler_that_fails_after_all)
{
	struct wrong wrong = {0};
	struct fixture fixture;

	fixture_serve(&fixture, NULL, "GET /", handle_wrong, &wrong);
	expect(&fixture, "GET / HTTP/1.1\r\n" ASK "\r\n", 500);
	cr_assert_eq(wrong.protocol, -EINVAL);
	cr_assert_eq(wrong.no_run, -EINVAL);
	cr_assert_eq(wrong.failed, 0);
	cr_assert_eq(wrong.late_body, -EALREADY);
	cr_assert_eq(wrong.second, -EALREADY);
	cr_assert_eq(wrong.status, -EALREADY);
	fixture_finish(&fixture);
	cr_assert_eq(atomic_load(&wrong.drops), 1);
}

Test(refusals, during_a_stop)
{
	const struct weir_server_options patient = {.grace = 3600 * WEIR_SECOND,
						    .drain_timeout = 3600 * WEIR_SECOND};
	struct gate before;
	struct upgrading upgrading = {.run = upgrade_echo, .before = &before};
	struct fixture fixture;
	struct client client;
	struct reply reply;

	gate_init(&before);
	fixture_serve(&fixture, &patient, "GET /", handle_upgrade, &upgrading);
	client_open(&client, fixture.url);
	client_ask_upgrade(&client, "/", "");
	gate_await(&before, 1);
	fixture_begin_stop(&fixture);
	gate_open(&before, 1);
	client_receive(&client, &reply);
	cr_assert_eq(reply.status, 503);
	cr_assert_not_null(reply_header(&reply, "Retry-After"));
	cr_assert_eq(atomic_load(&upgrading.result), -ECANCELED);
	reply_free(&reply);
	client_close(&client);
	fixture_await(&fixture, WEIR_CLEAN);
	cr_assert_eq(fixture.report->counts.upgraded, 0);
	cr_assert_eq(fixture.report->counts.refused, 1);
	fixture_destroy(&fixture);
	gate_destroy(&before);
}

/* One worker, and a queue of one, which is taken: a 101 would be a promise that nobody keeps. */
Test(refusals, of_a_queue_without_a_place)
{
	const struct weir_route_options inline_options = {.run = WEIR_RUN_INLINE};
	const struct weir_server_options options = {.workers = 1, .queue = 1};
	struct gate gate;
	struct upgrading upgrading = {.run = upgrade_echo};
	struct fixture fixture;
	struct client busy, queued, client;
	struct reply reply;

	gate_init(&gate);
	fixture_create(&fixture, &options);
	fixture_route(&fixture, "GET /gated", handle_gated, &gate);
	fixture_route_with(&fixture, "GET /upgrade", handle_upgrade, &upgrading, &inline_options);
	fixture_start(&fixture);
	client_open(&busy, fixture.url);
	client_send_text(&busy, "GET /gated HTTP/1.1\r\nHost: test\r\n\r\n");
	gate_await(&gate, 1);
	client_open(&queued, fixture.url);
	client_send_text(&queued, "GET /gated HTTP/1.1\r\nHost: test\r\n\r\n");
	metrics_await(fixture.server, "weir_queue_depth", 1);
	client_open(&client, fixture.url);
	client_ask_upgrade(&client, "/upgrade", "");
	client_receive(&client, &reply);
	cr_assert_eq(reply.status, 503);
	cr_assert_eq(atomic_load(&upgrading.drops), 1);
	cr_assert_eq(metrics_now(fixture.server, "weir_queue_full_total"), 1);
	reply_free(&reply);
	gate_open(&gate, 2);
	client_receive(&queued, &reply);
	cr_assert_eq(reply.status, 200);
	reply_free(&reply);
	/* The place was not lost. */
	client_upgrade(&client, "/upgrade", "");
	client_echo(&client, "hello");
	client_close(&busy);
	client_close(&queued);
	client_close(&client);
	fixture_finish(&fixture);
	gate_destroy(&gate);
}

Test(refusals, of_a_client_that_has_gone_before_the_101)
{
	struct gate before;
	struct upgrading upgrading = {.run = upgrade_echo, .before = &before};
	struct fixture fixture;
	struct client client;

	gate_init(&before);
	fixture_serve(&fixture, NULL, "GET /", handle_upgrade, &upgrading);
	client_open(&client, fixture.url);
	client_ask_upgrade(&client, "/", "");
	gate_await(&before, 1);
	client_reset(&client);
	gate_open(&before, 1);
	metrics_await_sum(fixture.server, "weir_requests_cancelled_total", 1);
	fixture_finish(&fixture);
	cr_assert_eq(atomic_load(&upgrading.drops), 1);
	cr_assert_eq(atomic_load(&upgrading.ran), 0);
	gate_destroy(&before);
}
