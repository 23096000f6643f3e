/* What answers look like over TLS: Strict-Transport-Security, a half-closed client's, one that is
 * given before the body has come to its end; and not over TLS. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "serving.h"
#include "support/gate.h"
#include "support/handlers.h"
#include "support/reply.h"

static const char *const hosts[] = {"localhost", NULL};

static int say_own(weir_request *request, weir_response *response, weir_token *token)
{
	(void)request;
	(void)token;
	return weir_response_header(response, "strict-transport-security", "max-age=5");
}

static void expect_hsts(const char *url, const char *target, const char *value)
{
	struct client client;
	struct reply reply;
	size_t count = 0;

	client_open(&client, url);
	client_get(&client, target, &reply);
	for (size_t i = 0; i < reply.field_count; i++)
		count += strcasecmp(reply.fields[i].name, "Strict-Transport-Security") == 0;
	if (value == NULL) {
		cr_assert_eq(count, 0);
	} else {
		cr_assert_eq(count, 1);
		cr_assert_str_eq(reply_header(&reply, "Strict-Transport-Security"), value);
	}
	reply_free(&reply);
	client_close(&client);
}

Test(answers, say_hsts_over_tls_only)
{
	struct serving serving;
	const char *plain;

	serving_create(&serving);
	serving_add(&serving, "first", "first", hosts);
	serving.options.hsts = 3600 * WEIR_SECOND;
	serving.options.hsts_subdomains = true;
	serving_use(&serving);
	fixture_route(&serving.fixture, "GET /hello", handle_hello, NULL);
	fixture_route(&serving.fixture, "GET /own", say_own, NULL);
	serving_start(&serving);
	cr_assert_eq(weir_server_listen(serving.fixture.server, "127.0.0.1:0", WEIR_SCOPE_PUBLIC),
		     0);
	plain = weir_server_url(serving.fixture.server, 1);
	expect_hsts(serving.fixture.url, "/hello", "max-age=3600; includeSubDomains");
	expect_hsts(serving.fixture.url, "/none", "max-age=3600; includeSubDomains");
	expect_hsts(serving.fixture.url, "/own", "max-age=5");
	expect_hsts(plain, "/hello", NULL);
	serving_finish(&serving);
}

/* It sends close_notify and a FIN behind its request, and gets its answer all the same. */
Test(answers, come_to_a_half_closed_client)
{
	struct serving serving;
	struct client client;
	struct reply reply;
	struct gate gate;

	gate_init(&gate);
	serving_create(&serving);
	serving_add(&serving, "first", "first", hosts);
	serving_use(&serving);
	fixture_route(&serving.fixture, "GET /gated", handle_gated, &gate);
	serving_start(&serving);
	client_open(&client, serving.fixture.url);
	client_send_text(&client, "GET /gated HTTP/1.1\r\nHost: test\r\n\r\n");
	gate_await(&gate, 1);
	client_half_close(&client);
	metrics_await(serving.fixture.server, "weir_client_probes_total", 1);
	gate_open(&gate, 1);
	client_receive(&client, &reply);
	cr_assert_eq(reply.status, 200);
	cr_assert_eq(reply.interim, 1);
	reply_free(&reply);
	cr_assert_eq(client_await_end(&client), CLIENT_CLOSED);
	client_close(&client);
	serving_finish(&serving);
	gate_destroy(&gate);
}

/* By hand, sealed: linger.c. */
Test(answers, come_before_the_end_of_the_body)
{
	const struct weir_route_options small = {.body_limit = 1000};
	static char body[100000];
	struct serving serving;
	struct client client;
	struct reply reply;

	serving_create(&serving);
	serving_add(&serving, "first", "first", hosts);
	serving.options.hsts = WEIR_SECOND;
	serving_use(&serving);
	fixture_route_with(&serving.fixture, "POST /echo", handle_echo, NULL, &small);
	serving_start(&serving);
	client_open(&client, serving.fixture.url);
	client_send_text(&client, "POST /echo HTTP/1.1\r\nHost: test\r\n"
				  "Transfer-Encoding: chunked\r\n\r\n186a0\r\n");
	(void)client_send_up_to(&client, body, sizeof(body));
	client_receive(&client, &reply);
	cr_assert_eq(reply.status, 413);
	cr_assert(reply.complete);
	cr_assert_str_eq(reply_header(&reply, "Strict-Transport-Security"), "max-age=1");
	reply_free(&reply);
	cr_assert_eq(client_await_end(&client), CLIENT_CLOSED);
	client_close(&client);
	cr_assert_eq(metrics_now(serving.fixture.server, "weir_early_answers_total"), 1);
	serving_finish(&serving);
}

Test(answers, listening_needs_a_certificate)
{
	struct fixture fixture;

	fixture_create(&fixture, NULL);
	cr_assert_eq(weir_server_listen_tls(fixture.server, "127.0.0.1:0", WEIR_SCOPE_PUBLIC),
		     -EINVAL);
	fixture_start(&fixture);
	fixture_finish(&fixture);
}
