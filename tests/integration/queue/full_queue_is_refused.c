/* A request that finds the queue full is answered 503 with Retry-After at once, and may be
 * sent again on the same connection. */
#include <criterion/criterion.h>

#include "support/fixture.h"
#include "support/gate.h"
#include "support/handlers.h"
#include "support/reply.h"

static const char ask[] = "GET /gated HTTP/1.1\r\nHost: test\r\n\r\n";

static void expect(struct client *client, int status)
{
	struct reply reply;

	client_receive(client, &reply);
	cr_assert_eq(reply.status, status);
	cr_assert(reply.complete);
	cr_assert_not(reply_says_close(&reply));
	cr_assert_eq(status == 503, reply_header(&reply, "Retry-After") != NULL);
	reply_free(&reply);
}

Test(full_queue_is_refused, and_the_connection_stays_open)
{
	const struct weir_server_options options = {.workers = 1, .queue = 1};
	struct fixture fixture;
	struct gate gate;
	struct client running, queued, refused;

	gate_init(&gate);
	fixture_serve(&fixture, &options, "* /gated", handle_gated, &gate);
	cr_assert_eq(metrics_now(fixture.server, "weir_queue_capacity"), 1);
	cr_assert_eq(metrics_now(fixture.server, "weir_workers"), 1);
	client_open(&running, fixture.url);
	client_send_text(&running, ask);
	gate_await(&gate, 1);
	cr_assert_eq(metrics_now(fixture.server, "weir_workers_busy"), 1);
	client_open(&queued, fixture.url);
	client_send_text(&queued, ask);
	metrics_await(fixture.server, "weir_queue_depth", 1);

	client_open(&refused, fixture.url);
	client_send_text(&refused, ask);
	expect(&refused, 503);
	client_send_text(&refused,
			 "POST /gated HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\n\r\nbody");
	expect(&refused, 503);
	cr_assert_eq(metrics_now(fixture.server, "weir_requests_refused_total"), 2);
	cr_assert_eq(metrics_now(fixture.server, "weir_queue_depth"), 1);

	gate_open(&gate, 2);
	expect(&running, 200);
	expect(&queued, 200);
	gate_open(&gate, 1);
	client_send_text(&refused, ask);
	expect(&refused, 200);
	cr_assert_eq(gate_arrivals(&gate), 3);
	client_close(&running);
	client_close(&queued);
	client_close(&refused);
	fixture_finish(&fixture);
	gate_destroy(&gate);
}

Test(full_queue_is_refused, however_many_ask_at_once)
{
	enum { workers = 2, queue = 4, clients = 20 };
	const struct weir_server_options options = {.workers = workers, .queue = queue};
	struct fixture fixture;
	struct gate gate;
	struct client client[clients];
	struct reply reply;
	int answered = 0;

	gate_init(&gate);
	fixture_serve(&fixture, &options, "GET /gated", handle_gated, &gate);
	for (int i = 0; i < workers; i++) {
		client_open(&client[i], fixture.url);
		client_send_text(&client[i], ask);
	}
	gate_await(&gate, workers);
	for (int i = workers; i < clients; i++) {
		client_open(&client[i], fixture.url);
		client_send_text(&client[i], ask);
	}
	metrics_await(fixture.server, "weir_requests_refused_total", clients - workers - queue);
	gate_open(&gate, workers + queue);
	for (int i = 0; i < clients; i++) {
		client_receive(&client[i], &reply);
		cr_assert(reply.status == 200 || reply.status == 503);
		answered += reply.status == 200;
		reply_free(&reply);
		client_close(&client[i]);
	}
	cr_assert_eq(answered, workers + queue);
	fixture_finish(&fixture);
	gate_destroy(&gate);
}

/* First in, first out: with one worker the handlers run in the order of their arrival. */
static char order[64];
static size_t order_size;

static int note_order(weir_request *request, weir_response *response, weir_token *token)
{
	(void)token;
	order[order_size++] = weir_request_param(request, "letter")[0];
	return weir_response_printf(response, "ok\n");
}

Test(full_queue_is_refused, but_what_is_queued_runs_in_order)
{
	enum { clients = 20 };
	const struct weir_server_options options = {.workers = 1, .queue = clients};
	struct fixture fixture;
	struct gate gate;
	struct client first, client[clients];
	struct reply reply;

	gate_init(&gate);
	fixture_create(&fixture, &options);
	fixture_route(&fixture, "GET /gated", handle_gated, &gate);
	fixture_route(&fixture, "GET /note/{letter}", note_order, NULL);
	fixture_start(&fixture);
	client_open(&first, fixture.url);
	client_send_text(&first, ask);
	gate_await(&gate, 1);
	for (int i = 0; i < clients; i++) {
		client_open(&client[i], fixture.url);
		client_printf(&client[i], "GET /note/%c HTTP/1.1\r\nHost: test\r\n\r\n", 'a' + i);
		metrics_await(fixture.server, "weir_queue_depth", (unsigned)i + 1);
	}
	gate_open(&gate, 1);
	for (int i = 0; i < clients; i++) {
		client_receive(&client[i], &reply);
		cr_assert_eq(reply.status, 200);
		reply_free(&reply);
		client_close(&client[i]);
	}
	cr_assert_str_eq(order, "abcdefghijklmnopqrst");
	client_close(&first);
	fixture_finish(&fixture);
	gate_destroy(&gate);
}
