/* Certificates of clients: not asked for, optional, required; a handler is told whose it is. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "serving.h"
#include "support/reply.h"

static int tell(weir_request *request, weir_response *response, weir_token *token)
{
	const char *subject = weir_request_client_subject(request);

	(void)token;
	cr_assert(weir_request_is_tls(request));
	return weir_response_printf(response, "%s", subject ? subject : "nobody");
}

static void begin(struct serving *serving, enum weir_tls_clients clients)
{
	static const char *const hosts[] = {"localhost", NULL};
	static char ca[PATH_MAX + 16];

	serving_create(serving);
	tls_make_certificate(&serving->scratch, "ca", "authority", NULL, NULL);
	tls_make_certificate(&serving->scratch, "good", "robot", NULL, "ca");
	tls_make_certificate(&serving->scratch, "bad", "stranger", NULL, NULL);
	serving_add(serving, "first", "first", hosts);
	(void)snprintf(ca, sizeof(ca), "%s/ca.pem", serving->scratch.path);
	serving->options.clients = clients;
	serving->options.client_ca = ca;
	serving_use(serving);
	fixture_route(&serving->fixture, "GET /who", tell, NULL);
	serving_start(serving);
}

/* What it is answered to who shows this certificate; NULL: none. "": the connection ends. */
static void expect(struct serving *serving, const char *name, const char *answer)
{
	static const char request[] = "GET /who HTTP/1.1\r\nHost: test\r\n\r\n";
	char pem[PATH_MAX + 16], key[PATH_MAX + 16];
	struct client client;
	struct reply reply;

	client_open(&client, serving->fixture.url);
	if (name != NULL) {
		(void)snprintf(pem, sizeof(pem), "%s/%s.pem", serving->scratch.path, name);
		(void)snprintf(key, sizeof(key), "%s/%s.key", serving->scratch.path, name);
		tls_link_show(client.tls, pem, key);
	}
	/* In TLS 1.3 a client has ended its handshake before it learns that it is refused. */
	(void)client_send_up_to(&client, request, sizeof(request) - 1);
	client_receive(&client, &reply);
	cr_assert_eq(reply.status, *answer ? 200 : 0, "%s: %d", name ? name : "none", reply.status);
	cr_assert_str_eq(reply.body, answer);
	reply_free(&reply);
	client_close(&client);
}

Test(clients, are_not_asked)
{
	struct serving serving;

	begin(&serving, WEIR_TLS_CLIENTS_NONE);
	expect(&serving, NULL, "nobody");
	expect(&serving, "good", "nobody");
	serving_finish(&serving);
}

Test(clients, may_show_one)
{
	struct serving serving;

	begin(&serving, WEIR_TLS_CLIENTS_OPTIONAL);
	expect(&serving, NULL, "nobody");
	expect(&serving, "good", "CN=robot");
	expect(&serving, "bad", "");
	metrics_await(serving.fixture.server, "weir_tls_handshakes_total", 2);
	metrics_await(serving.fixture.server, "weir_tls_handshake_failures_total", 1);
	serving_finish(&serving);
}

Test(clients, must_show_one)
{
	struct serving serving;

	begin(&serving, WEIR_TLS_CLIENTS_REQUIRED);
	expect(&serving, NULL, "");
	expect(&serving, "bad", "");
	expect(&serving, "good", "CN=robot");
	metrics_await(serving.fixture.server, "weir_tls_handshakes_total", 1);
	metrics_await(serving.fixture.server, "weir_tls_handshake_failures_total", 2);
	serving_finish(&serving);
}
