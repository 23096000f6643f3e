/* Buffered bodies: collected before the handler runs, up to the route's limit exactly. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "support/fixture.h"
#include "support/gate.h"
#include "support/handlers.h"
#include "support/reply.h"

enum { limit = 1000 };

static char body[2 << 20];

static int check_body(weir_request *request, weir_response *response, weir_token *token)
{
	const void *data = NULL;
	size_t size = 1;
	char byte;
	int rc = weir_request_body(request, &data, &size);
	ssize_t read = weir_request_read(request, &byte, 1);

	(void)token;
	if (rc == 0 && ((const char *)data)[size] != '\0')
		return -EBADMSG;
	return weir_response_printf(response, "%d %zu %zd", rc, size, read);
}

static void set_up(struct fixture *fixture)
{
	const struct weir_route_options limited = {.body_limit = limit};

	for (size_t i = 0; i < sizeof(body); i++)
		body[i] = (char)('a' + i % 23);
	fixture_create(fixture, NULL);
	fixture_route(fixture, "POST /echo", handle_echo, NULL);
	fixture_route(fixture, "POST /check", check_body, NULL);
	fixture_route_with(fixture, "POST /limited", handle_echo, NULL, &limited);
	fixture_start(fixture);
}

static void send_sized(struct client *client, const char *target, size_t size)
{
	client_printf(client, "POST %s HTTP/1.1\r\nHost: test\r\nContent-Length: %zu\r\n\r\n",
		      target, size);
	client_send_up_to(client, body, size);
}

/* In chunks of up to 300 bytes. */
static void send_chunked(struct client *client, const char *target, size_t size)
{
	client_printf(client,
		      "POST %s HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n",
		      target);
	for (size_t done = 0; done < size;) {
		size_t chunk = size - done < 300 ? size - done : 300;
		char line[16];

		snprintf(line, sizeof(line), "%zx\r\n", chunk);
		client_send_up_to(client, line, strlen(line));
		client_send_up_to(client, body + done, chunk);
		client_send_up_to(client, "\r\n", 2);
		done += chunk;
	}
	client_send_up_to(client, "0\r\n\r\n", 5);
}

static void expect(struct client *client, int status, size_t size)
{
	struct reply reply;

	client_receive(client, &reply);
	cr_assert_eq(reply.status, status);
	cr_assert(reply.complete);
	if (status == 200) {
		cr_assert_eq(reply.body_size, size);
		cr_assert_eq(memcmp(reply.body, body, size), 0);
		cr_assert_not(reply_says_close(&reply));
	}
	reply_free(&reply);
}

Test(buffered_bodies, come_back_as_they_were)
{
	static const size_t sizes[] = {0, 1, 100, 4096, 8192, 10000, 65536, 1 << 20};
	struct fixture fixture;
	struct client client;

	set_up(&fixture);
	client_open(&client, fixture.url);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		send_sized(&client, "/echo", sizes[i]);
		expect(&client, 200, sizes[i]);
		send_chunked(&client, "/echo", sizes[i]);
		expect(&client, 200, sizes[i]);
	}
	client_close(&client);
	fixture_finish(&fixture);
}

Test(buffered_bodies, are_taken_up_to_the_limit_exactly)
{
	struct fixture fixture;
	struct client client;

	set_up(&fixture);
	client_open(&client, fixture.url);
	send_sized(&client, "/limited", limit);
	expect(&client, 200, limit);
	send_chunked(&client, "/limited", limit);
	expect(&client, 200, limit);
	send_sized(&client, "/limited", limit + 1);
	expect(&client, 413, 0);
	client_close(&client);
	client_open(&client, fixture.url);
	send_chunked(&client, "/limited", limit + 1);
	expect(&client, 413, 0);
	client_close(&client);
	fixture_finish(&fixture);
}

Test(buffered_bodies, are_one_mebibyte_at_most_by_default)
{
	struct fixture fixture;
	struct client client;

	set_up(&fixture);
	client_open(&client, fixture.url);
	send_sized(&client, "/echo", (1 << 20) + 1);
	expect(&client, 413, 0);
	client_close(&client);
	client_open(&client, fixture.url);
	send_chunked(&client, "/echo", (1 << 20) + 1);
	expect(&client, 413, 0);
	client_close(&client);
	fixture_finish(&fixture);
}

Test(buffered_bodies, end_with_a_nul_and_are_not_read_as_streams)
{
	struct fixture fixture;
	struct client client;
	struct reply reply;
	char expected[64];

	set_up(&fixture);
	client_open(&client, fixture.url);
	send_sized(&client, "/check", 5000);
	client_receive(&client, &reply);
	snprintf(expected, sizeof(expected), "0 5000 %d", -EINVAL);
	cr_assert_str_eq(reply.body, expected);
	reply_free(&reply);
	send_sized(&client, "/check", 0);
	client_receive(&client, &reply);
	snprintf(expected, sizeof(expected), "0 0 %d", -EINVAL);
	cr_assert_str_eq(reply.body, expected);
	reply_free(&reply);
	client_close(&client);
	fixture_finish(&fixture);
}

/* A body that is still coming occupies no worker. */
Test(buffered_bodies, cost_no_worker_while_they_come)
{
	const struct weir_server_options options = {.workers = 1};
	struct fixture fixture;
	struct client slow[3], client;
	struct reply reply;

	fixture_create(&fixture, &options);
	fixture_route(&fixture, "POST /echo", handle_echo, NULL);
	fixture_route(&fixture, "GET /hello", handle_hello, NULL);
	fixture_start(&fixture);
	for (int i = 0; i < 3; i++) {
		client_open(&slow[i], fixture.url);
		client_send_text(&slow[i], "POST /echo HTTP/1.1\r\nHost: test\r\n"
					   "Content-Length: 8\r\n\r\nhalf");
	}
	metrics_await(fixture.server, "weir_requests_in_flight{phase=\"receiving\"}", 3);
	cr_assert_eq(metrics_now(fixture.server, "weir_workers_busy"), 0);
	client_open(&client, fixture.url);
	client_get(&client, "/hello", &reply);
	cr_assert_eq(reply.status, 200);
	reply_free(&reply);
	client_close(&client);
	for (int i = 0; i < 3; i++) {
		client_send_text(&slow[i], "done");
		client_receive(&slow[i], &reply);
		cr_assert_eq(reply.status, 200);
		cr_assert_str_eq(reply.body, "halfdone");
		reply_free(&reply);
		client_close(&slow[i]);
	}
	fixture_finish(&fixture);
}

Test(buffered_bodies, are_asked_for_with_100_continue)
{
	struct fixture fixture;
	struct client client;
	struct reply reply;

	set_up(&fixture);
	client_open(&client, fixture.url);
	client_send_text(&client, "POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\n"
				  "Expect: 100-continue\r\n\r\n");
	client_await_text(&client, "HTTP/1.1 100");
	client_send_text(&client, "body");
	client_receive(&client, &reply);
	cr_assert_eq(reply.status, 200);
	cr_assert_str_eq(reply.body, "body");
	reply_free(&reply);
	client_close(&client);
	client_open(&client, fixture.url);
	client_send_text(&client, "POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\n"
				  "Expect: the-unexpected\r\n\r\n");
	client_receive(&client, &reply);
	cr_assert_eq(reply.status, 417);
	reply_free(&reply);
	client_close(&client);
	fixture_finish(&fixture);
}
