/* One server on several addresses: all of them serve, and a stop closes all of them. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "support/fixture.h"
#include "support/gate.h"
#include "support/handlers.h"
#include "support/reply.h"
#include "support/scratch.h"

Test(several_listeners, all_serve_and_all_close)
{
	struct scratch scratch;
	char local[PATH_MAX + 16];
	struct fixture fixture;
	struct client client, busy;
	struct gate gate;
	struct reply reply;

	scratch_make(&scratch);
	snprintf(local, sizeof(local), "unix:%s/socket", scratch.path);
	gate_init(&gate);
	fixture_create(&fixture, NULL);
	fixture_route(&fixture, "GET /hello", handle_hello, NULL);
	fixture_route(&fixture, "GET /gated", handle_gated, &gate);
	cr_assert_eq(weir_server_listen(fixture.server, "127.0.0.1:0", WEIR_SCOPE_PUBLIC), 0);
	cr_assert_eq(weir_server_listen(fixture.server, "localhost:0", WEIR_SCOPE_PUBLIC), 0);
	cr_assert_eq(weir_server_listen(fixture.server, local, WEIR_SCOPE_PUBLIC), 0);
	fixture_start(&fixture);
	cr_assert_null(weir_server_url(fixture.server, 4));
	cr_assert_str_neq(weir_server_url(fixture.server, 0), weir_server_url(fixture.server, 1));
	for (size_t i = 0; i < 4; i++) {
		client_open(&client, weir_server_url(fixture.server, i));
		client_get(&client, "/hello", &reply);
		cr_assert_eq(reply.status, 200);
		reply_free(&reply);
		client_close(&client);
	}
	client_open(&busy, fixture.url);
	client_send_text(&busy, "GET /gated HTTP/1.1\r\nHost: test\r\n\r\n");
	gate_await(&gate, 1);
	fixture_begin_stop(&fixture);
	for (size_t i = 0; i < 4; i++)
		cr_assert_neq(client_try_open(&client, weir_server_url(fixture.server, i)), 0);
	gate_open(&gate, 1);
	client_receive(&busy, &reply);
	cr_assert_eq(reply.status, 200);
	reply_free(&reply);
	client_close(&busy);
	fixture_await(&fixture, WEIR_CLEAN);
	fixture_destroy(&fixture);
	gate_destroy(&gate);
	scratch_remove(&scratch);
}

/* Where the kernel has no IPv6 there is nothing to test. */
Test(several_listeners, ipv6_where_there_is_any)
{
	struct fixture fixture;
	struct client client;
	struct reply reply;
	int rc;

	fixture_create(&fixture, NULL);
	fixture_route(&fixture, "GET /hello", handle_hello, NULL);
	rc = weir_server_listen(fixture.server, "[::1]:0", WEIR_SCOPE_PUBLIC);
	if (rc == -EAFNOSUPPORT || rc == -EADDRNOTAVAIL) {
		fixture_destroy(&fixture);
		cr_skip_test("no IPv6 here");
	}
	cr_assert_eq(rc, 0);
	fixture_start(&fixture);
	cr_assert_eq(strncmp(weir_server_url(fixture.server, 1), "http://[::1]:", 13), 0);
	client_open(&client, weir_server_url(fixture.server, 1));
	client_get(&client, "/hello", &reply);
	cr_assert_eq(reply.status, 200);
	reply_free(&reply);
	client_close(&client);
	fixture_finish(&fixture);
}
