/* A request whose client goes away while it waits for a worker never runs. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "support/fixture.h"
#include "support/gate.h"
#include "support/handlers.h"
#include "support/reply.h"
#include "support/scratch.h"

static const struct weir_server_options one_worker = {.workers = 1};

static void never_runs(const char *url, void (*go)(struct client *), struct fixture *fixture,
		       struct gate *gate, struct gate *counter)
{
	enum { gone = 5 };
	struct client running, queued[gone], last;
	struct reply reply;

	client_open(&running, url);
	client_send_text(&running, "GET /gated HTTP/1.1\r\nHost: test\r\n\r\n");
	gate_await(gate, 1);
	for (int i = 0; i < gone; i++) {
		client_open(&queued[i], url);
		client_send_text(&queued[i], "GET /count HTTP/1.1\r\nHost: test\r\n\r\n");
	}
	metrics_await(fixture->server, "weir_queue_depth", gone);
	for (int i = 0; i < gone; i++)
		go(&queued[i]);
	metrics_await(fixture->server, "weir_requests_cancelled_total{reason=\"client_gone\"}",
		      gone);
	gate_open(gate, 1);
	client_receive(&running, &reply);
	cr_assert_eq(reply.status, 200);
	reply_free(&reply);
	cr_assert_eq(gate_arrivals(counter), 0);

	gate_open(counter, 1);
	client_open(&last, url);
	client_get(&last, "/count", &reply);
	cr_assert_eq(reply.status, 200);
	cr_assert_eq(gate_arrivals(counter), 1);
	reply_free(&reply);
	client_close(&last);
	client_close(&running);
}

static void goes(const char *listen, void (*go)(struct client *))
{
	struct weir_server_options options = one_worker;
	struct fixture fixture;
	struct gate gate, counter;

	gate_init(&gate);
	gate_init(&counter);
	options.listen = listen;
	fixture_create(&fixture, &options);
	fixture_route(&fixture, "GET /gated", handle_gated, &gate);
	fixture_route(&fixture, "GET /count", handle_gated, &counter);
	fixture_start(&fixture);
	never_runs(fixture.url, go, &fixture, &gate, &counter);
	fixture_finish(&fixture);
	gate_destroy(&gate);
	gate_destroy(&counter);
}

Test(gone_while_queued, by_a_reset)
{
	goes(NULL, client_reset);
}

Test(gone_while_queued, by_a_close)
{
	goes(NULL, client_close);
}

Test(gone_while_queued, on_a_unix_socket)
{
	struct scratch scratch;
	char address[sizeof(scratch.path) + 16];

	scratch_make(&scratch);
	snprintf(address, sizeof(address), "unix:%s/socket", scratch.path);
	goes(address, client_close);
	scratch_remove(&scratch);
}
