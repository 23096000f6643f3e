/* Each deadline has a count of its own: for the first byte, the header, the body, the answer, and
 * for being idle. */
#include <criterion/criterion.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "support/fixture.h"
#include "support/gate.h"
#include "support/handlers.h"
#include "support/reply.h"

#define BRIEF (100 * WEIR_MILLISECOND)

static const char *const all[] = {
	"weir_first_byte_timeouts_total", "weir_header_timeouts_total", "weir_body_timeouts_total",
	"weir_write_timeouts_total",      "weir_idle_timeouts_total",
};

/* This one once, and none of the others. */
static void expect_one(struct fixture *fixture, const char *name)
{
	metrics_await(fixture->server, name, 1);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		cr_expect_eq(metrics_now(fixture->server, all[i]), strcmp(all[i], name) == 0, "%s",
			     all[i]);
}

static void expect_end(struct client *client)
{
	cr_expect_neq(client_await_end(client), CLIENT_OPEN);
	client_close(client);
}

Test(slow_ones_are_counted, who_says_nothing)
{
	/* Long before the header would be due. */
	const struct weir_server_options options = {.first_byte_timeout = BRIEF,
						    .header_timeout = 3600 * WEIR_SECOND};
	struct fixture fixture;
	struct client client;

	fixture_serve(&fixture, &options, "GET /hello", handle_hello, NULL);
	client_open(&client, fixture.url);
	expect_end(&client);
	expect_one(&fixture, "weir_first_byte_timeouts_total");
	fixture_finish(&fixture);
}

/* One byte is enough for the first deadline, and then the header's holds. */
Test(slow_ones_are_counted, who_does_not_end_the_header)
{
	const struct weir_server_options options = {.first_byte_timeout = BRIEF,
						    .header_timeout = 2 * BRIEF};
	struct fixture fixture;
	struct client client;

	fixture_serve(&fixture, &options, "GET /hello", handle_hello, NULL);
	do { /* on a busy machine even the byte may be late */
		client_open(&client, fixture.url);
		client_send_up_to(&client, "G", 1);
		expect_end(&client);
	} while (metrics_now(fixture.server, "weir_header_timeouts_total") == 0);
	cr_expect_eq(metrics_now(fixture.server, "weir_header_timeouts_total"), 1);
	fixture_finish(&fixture);
}

Test(slow_ones_are_counted, on_a_unix_socket_only_the_header)
{
	const struct weir_server_options options = {.listen = "unix:slow.sock",
						    .first_byte_timeout = BRIEF,
						    .header_timeout = 2 * BRIEF};
	struct fixture fixture;
	struct client client;

	fixture_serve(&fixture, &options, "GET /hello", handle_hello, NULL);
	client_open(&client, fixture.url);
	expect_end(&client);
	expect_one(&fixture, "weir_header_timeouts_total");
	fixture_finish(&fixture);
}

Test(slow_ones_are_counted, who_is_idle)
{
	const struct weir_server_options options = {.keepalive_timeout = BRIEF};
	struct fixture fixture;
	struct client client;
	struct reply reply;

	fixture_serve(&fixture, &options, "GET /hello", handle_hello, NULL);
	client_open(&client, fixture.url);
	client_get(&client, "/hello", &reply);
	cr_assert_eq(reply.status, 200);
	reply_free(&reply);
	expect_end(&client);
	expect_one(&fixture, "weir_idle_timeouts_total");
	fixture_finish(&fixture);
}

Test(slow_ones_are_counted, whose_body_does_not_come)
{
	const struct weir_server_options options = {.body_timeout = BRIEF};
	struct fixture fixture;
	struct client client;
	struct reply reply;

	fixture_serve(&fixture, &options, "POST /echo", handle_echo, NULL);
	client_open(&client, fixture.url);
	client_send_text(&client,
			 "POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 9\r\n\r\nx");
	client_receive(&client, &reply);
	cr_expect_eq(reply.status, 408);
	reply_free(&reply);
	expect_end(&client);
	expect_one(&fixture, "weir_body_timeouts_total");
	fixture_finish(&fixture);
}

static char large[32 << 20];

static int handle_large(weir_request *request, weir_response *response, weir_token *token)
{
	(void)request;
	(void)token;
	return weir_response_body_static(response, large, sizeof(large));
}

/* It takes something in every window, but far less than it must. */
Test(slow_ones_are_counted, who_takes_the_answer_too_slowly)
{
	const struct weir_server_options options = {.write_timeout = 4 * BRIEF,
						    .write_min_rate = (uint64_t)1 << 30};
	struct fixture fixture;
	struct client client;
	size_t taken = 0;
	char piece[8192];
	ssize_t got = 1;

	fixture_serve(&fixture, &options, "GET /large", handle_large, NULL);
	client_open_narrow(&client, fixture.url);
	client_send_text(&client, "GET /large HTTP/1.1\r\nHost: test\r\n\r\n");
	client_await_text(&client, "HTTP/1.1 200");
	while (got != 0 && metrics_now(fixture.server, "weir_write_timeouts_total") == 0) {
		got = recv(client.fd, piece, sizeof(piece), MSG_DONTWAIT);
		taken += got > 0 ? (size_t)got : 0;
		(void)poll(NULL, 0, 20);
	}
	cr_expect_lt(taken, sizeof(large));
	expect_end(&client);
	expect_one(&fixture, "weir_write_timeouts_total");
	metrics_await(fixture.server, "weir_requests_cut_total", 1);
	fixture_finish(&fixture);
}

/* A byte for each opening of its gate. */
static int handle_drops(weir_request *request, weir_response *response, weir_token *token)
{
	int error = weir_response_stream(response, 6);

	(void)token;
	for (int i = 0; i < 6 && error == 0; i++) {
		error = gate_pass(weir_request_context(request));
		if (error == 0)
			error = weir_response_write(response, "x", 1);
	}
	return error;
}

/* The client takes all there is; that it is little is the handler's fault. Ends of other
 * connections, idle one after the other, show that windows have passed. */
Test(slow_ones_are_counted, but_not_who_waits_for_the_handler)
{
	const struct weir_server_options options = {.keepalive_timeout = BRIEF,
						    .write_timeout = BRIEF / 2,
						    .write_min_rate = (uint64_t)1 << 30};
	struct fixture fixture;
	struct gate gate;
	struct client client, idle;
	struct reply reply;

	gate_init(&gate);
	fixture_serve(&fixture, &options, "GET /drops", handle_drops, &gate);
	client_open(&client, fixture.url);
	client_send_text(&client, "GET /drops HTTP/1.1\r\nHost: test\r\n\r\n");
	for (int i = 0; i < 6; i++) {
		gate_await(&gate, 1);
		client_open(&idle, fixture.url);
		client_get(&idle, "/none", &reply);
		reply_free(&reply);
		expect_end(&idle);
		gate_open(&gate, 1);
	}
	client_receive(&client, &reply);
	cr_expect_eq(reply.status, 200);
	cr_expect_str_eq(reply.body, "xxxxxx");
	reply_free(&reply);
	client_close(&client);
	cr_expect_eq(metrics_now(fixture.server, "weir_write_timeouts_total"), 0);
	fixture_finish(&fixture);
	gate_destroy(&gate);
}
