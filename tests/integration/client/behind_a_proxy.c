/* trusted_proxies and client_header: whose requests those of a proxy are. */
#include <criterion/criterion.h>

#include "support/fixture.h"
#include "support/gate.h"
#include "support/handlers.h"
#include "support/reply.h"

#define PROXY "127.0.0.2"
#define OTHER "127.0.0.3"

static void expect_status(struct client *client, const char *field, int status)
{
	struct reply reply;

	client_printf(client, "GET /hello HTTP/1.1\r\nHost: test\r\n%s\r\n", field);
	client_receive(client, &reply);
	cr_expect_eq(reply.status, status, "%d with %s", reply.status, field);
	reply_free(&reply);
}

static void occupy(struct client *client, struct fixture *fixture, struct gate *gate,
		   const char *from, const char *field)
{
	client_open_from(client, fixture->url, from);
	client_printf(client, "GET /gated HTTP/1.1\r\nHost: test\r\n%s\r\n", field);
	gate_await(gate, 1);
}

static void set_up(struct fixture *fixture, struct gate *gate, const char *header)
{
	const struct weir_server_options options = {
		.client_connections = 1,
		.client_requests = 1,
		.trusted_proxies = "10.0.0.0/8, 127.0.0.2",
		.client_header = header,
	};

	gate_init(gate);
	fixture_create(fixture, &options);
	fixture_route(fixture, "GET /gated", handle_gated, gate);
	fixture_route(fixture, "GET /hello", handle_hello, NULL);
	fixture_start(fixture);
}

static void tear_down(struct fixture *fixture, struct gate *gate, struct client *busy,
		      struct client *proxy)
{
	struct reply reply;

	gate_open(gate, 1);
	client_receive(busy, &reply);
	cr_assert_eq(reply.status, 200);
	reply_free(&reply);
	client_close(busy);
	client_close(proxy);
	fixture_finish(fixture);
	gate_destroy(gate);
}

Test(behind_a_proxy, clients_are_told_apart)
{
	struct fixture fixture;
	struct gate gate;
	struct client busy, proxy;

	set_up(&fixture, &gate, "X-Forwarded-For");
	occupy(&busy, &fixture, &gate, PROXY, "X-Forwarded-For: 192.0.2.1\r\n");
	client_open_from(&proxy, fixture.url, PROXY);
	expect_status(&proxy, "X-Forwarded-For: 192.0.2.1\r\n", 429);
	expect_status(&proxy, "X-Forwarded-For: 198.51.100.1, 192.0.2.1, 10.1.1.1\r\n", 429);
	expect_status(&proxy, "X-Forwarded-For: 192.0.2.1, 192.0.2.2\r\n", 200);
	expect_status(&proxy, "", 200);
	cr_expect_eq(metrics_now(fixture.server, "weir_client_connections_refused_total"), 0);
	tear_down(&fixture, &gate, &busy, &proxy);
}

Test(behind_a_proxy, nobody_is_counted_if_it_does_not_say)
{
	struct fixture fixture;
	struct gate gate;
	struct client busy, proxy;

	set_up(&fixture, &gate, NULL);
	occupy(&busy, &fixture, &gate, PROXY, "X-Forwarded-For: 192.0.2.1\r\n");
	client_open_from(&proxy, fixture.url, PROXY);
	expect_status(&proxy, "X-Forwarded-For: 192.0.2.1\r\n", 200);
	tear_down(&fixture, &gate, &busy, &proxy);
}

/* Who is no proxy can say what it likes. */
Test(behind_a_proxy, others_are_not_believed)
{
	struct fixture fixture;
	struct gate gate;
	struct client busy, proxy, other;

	set_up(&fixture, &gate, "X-Forwarded-For");
	occupy(&busy, &fixture, &gate, OTHER, "X-Forwarded-For: 192.0.2.1\r\n");
	client_open_from(&proxy, fixture.url, PROXY);
	expect_status(&proxy, "X-Forwarded-For: 127.0.0.3\r\n", 429);
	expect_status(&proxy, "X-Forwarded-For: 192.0.2.1\r\n", 200);
	client_open_from(&other, fixture.url, OTHER);
	cr_expect_neq(client_await_end(&other), CLIENT_OPEN);
	client_close(&other);
	cr_expect_eq(metrics_now(fixture.server, "weir_client_connections_refused_total"), 1);
	tear_down(&fixture, &gate, &busy, &proxy);
}
