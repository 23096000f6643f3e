/* Clients of a TLS listener that do not speak TLS, or begin a handshake and never end it: they are
 * counted, they end, and they hold nobody up. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "serving.h"
#include "support/reply.h"

/* The same port, without TLS. */
static void open_plain(struct serving *serving, struct client *client)
{
	char url[128];

	(void)snprintf(url, sizeof(url), "http%s", serving->fixture.url + strlen("https"));
	client_open(client, url);
}

/* As much of a ClientHello as is no use: a record's header, of a handshake. */
static void begin_handshake(struct serving *serving, struct client *client)
{
	open_plain(serving, client);
	client_send(client, "\x16\x03\x01\x02\x00\x01\x00", 7);
}

static uint64_t count(struct serving *serving, const char *series)
{
	return metrics_now(serving->fixture.server, series);
}

Test(hostile, http_without_tls_is_told)
{
	struct serving serving;
	struct client client;
	struct reply reply;

	serving_begin(&serving);
	open_plain(&serving, &client);
	client_get(&client, "/hello", &reply);
	cr_assert_eq(reply.status, 400);
	cr_assert(reply.complete);
	cr_assert(reply_says_close(&reply));
	cr_assert_str_eq(reply.body, "400 Bad Request: this port speaks TLS only");
	reply_free(&reply);
	cr_assert_eq(client_await_end(&client), CLIENT_CLOSED);
	client_close(&client);
	cr_assert_eq(count(&serving, "weir_tls_plain_requests_total"), 1);
	cr_assert_eq(count(&serving, "weir_tls_handshake_failures_total"), 0);
	cr_assert_eq(serving_get(&serving, "/hello"), 200);
	serving_finish(&serving);
}

Test(hostile, what_is_no_handshake_is_closed)
{
	struct serving serving;
	struct client client;

	serving_begin(&serving);
	open_plain(&serving, &client);
	client_send(&client, "\x17\x03\x03\x00\x02hi", 7); /* a record, of the wrong kind */
	(void)client_await_end(&client);
	client_close(&client);
	metrics_await(serving.fixture.server, "weir_tls_handshake_failures_total", 1);
	cr_assert_eq(serving_get(&serving, "/hello"), 200);
	serving_finish(&serving);
}

/* Who looks whether the port is open has not failed. */
Test(hostile, who_says_nothing_has_not_failed)
{
	struct serving serving;
	struct client client;

	serving_begin(&serving);
	open_plain(&serving, &client);
	client_close(&client);
	metrics_await(serving.fixture.server, "weir_connections_closed_total", 1);
	cr_assert_eq(count(&serving, "weir_tls_handshake_failures_total"), 0);
	serving_finish(&serving);
}

/* The deadline of the first line counts from when the connection was made. */
Test(hostile, a_handshake_that_never_ends_is_closed)
{
	const struct weir_server_options hurried = {.header_timeout = 200 * WEIR_MILLISECOND,
						    .log_level = WEIR_LOG_INFO};
	static const char *const hosts[] = {"localhost", NULL};
	struct serving serving;
	struct client client;
	weir_time begun = weir_now();

	serving_create(&serving);
	weir_server_destroy(serving.fixture.server);
	cr_assert_eq(weir_server_create(&hurried, &serving.fixture.server), 0);
	serving_add(&serving, "first", "first", hosts);
	serving_use(&serving);
	serving_start(&serving);
	begin_handshake(&serving, &client);
	(void)client_await_end(&client);
	cr_assert_geq(weir_now() - begun, 200 * WEIR_MILLISECOND);
	cr_assert_lt(weir_now() - begun, 5 * WEIR_SECOND);
	client_close(&client);
	metrics_await(serving.fixture.server, "weir_tls_handshake_failures_total", 1);
	serving_finish(&serving);
}

Test(hostile, handshakes_that_never_end_hold_nobody_up)
{
	enum { many = 50 };
	static struct client silent[many], begun[many];
	struct serving serving;

	serving_begin(&serving);
	for (int i = 0; i < many; i++) {
		open_plain(&serving, &silent[i]);
		begin_handshake(&serving, &begun[i]);
	}
	metrics_await(serving.fixture.server, "weir_connections_open", 2 * many);
	cr_assert_eq(serving_get(&serving, "/hello"), 200);
	weir_server_stop(serving.fixture.server, "test");
	fixture_await(&serving.fixture, WEIR_CLEAN);
	/* For those who have just come it waits for half a second in all. */
	cr_assert_lt(serving.fixture.report->total, 3 * WEIR_SECOND);
	for (int i = 0; i < many; i++) {
		client_close(&silent[i]);
		client_close(&begun[i]);
	}
	fixture_destroy(&serving.fixture);
	scratch_remove(&serving.scratch);
}
