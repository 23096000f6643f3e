/* Metrics and status say what is known of each route, and what a stop would take now. */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "support/fixture.h"
#include "support/gate.h"
#include "support/handlers.h"
#include "support/must.h"
#include "support/reply.h"

static void expect_in(weir_server *server, int (*page)(weir_server *, char **, size_t *),
		      const char *expected, bool there)
{
	char *text;

	cr_assert_eq(page(server, &text, NULL), 0);
	cr_assert_eq(strstr(text, expected) != NULL, there, "%s\nin %s", expected, text);
	free(text);
}

static void get(struct fixture *fixture, const char *target)
{
	struct client client;
	struct reply reply;

	client_open(&client, fixture->url);
	client_get(&client, target, &reply);
	cr_assert_eq(reply.status, 200);
	reply_free(&reply);
	client_close(&client);
	metrics_await_sum(fixture->server, "weir_requests_in_flight", 0);
}

Test(routes_and_forecast_are_told, with_label_values_escaped)
{
	const struct weir_route_options admin = {.scope = WEIR_SCOPE_ADMIN};
	struct fixture fixture;

	fixture_create(&fixture, NULL);
	fixture_route(&fixture, "GET /{a\"b\\c\nd}", handle_hello, NULL);
	fixture_route(&fixture, "GET /never/asked/for", handle_hello, NULL);
	fixture_route_with(&fixture, "GET /admin", handle_hello, NULL, &admin);
	fixture_start(&fixture);
	get(&fixture, "/x");
	expect_in(fixture.server, weir_server_metrics,
		  "\nweir_route_longest_look_gap_seconds{route=\"GET /{a\\\"b\\\\c\\nd}\"} 0.",
		  true);
	expect_in(fixture.server, weir_server_metrics, "/never/asked/for", false);
	expect_in(fixture.server, weir_server_metrics, "GET /admin", false);
	expect_in(fixture.server, weir_server_metrics, "\nweir_stop_forecast_seconds 0.000000\n",
		  true);
	expect_in(fixture.server, weir_server_metrics,
		  "\nweir_stop_forecast_route{route=\"-\"} 1\n", true);
	expect_in(fixture.server, weir_server_status,
		  "\"routes\":[{\"route\":\"GET /{a\\\"b\\\\c\\nd}\",\"runs\":1,\"p50_seconds\":0.",
		  true);
	expect_in(fixture.server, weir_server_status, ",\"looks\":false}]", true);
	fixture_finish(&fixture);
}

Test(routes_and_forecast_are_told, for_what_is_in_flight)
{
	const struct weir_server_options options = {.grace = 2 * WEIR_SECOND,
						    .drain_timeout = 3 * WEIR_SECOND};
	struct fixture fixture;
	struct client client;
	struct reply reply;
	struct gate gate;

	gate_init(&gate);
	fixture_serve(&fixture, &options, "GET /gated", handle_gated, &gate);
	client_open(&client, fixture.url);
	client_send_text(&client, "GET /gated HTTP/1.1\r\nHost: test\r\n\r\n");
	gate_await(&gate, 1);
	expect_in(fixture.server, weir_server_metrics, "\nweir_stop_forecast_seconds 3.000000\n",
		  true);
	expect_in(fixture.server, weir_server_metrics, "\nweir_stop_forecast_cut 1\n", true);
	expect_in(fixture.server, weir_server_metrics, "\nweir_stop_forecast_cancelled 0\n", true);
	expect_in(fixture.server, weir_server_metrics,
		  "\nweir_stop_forecast_route{route=\"GET /gated\"} 1\n", true);
	expect_in(fixture.server, weir_server_status,
		  "\"forecast\":{\"seconds\":3.000000,\"in_flight\":1,\"cancelled\":0,\"cut\":1,"
		  "\"route\":\"GET /gated\",\"gap_seconds\":",
		  true);
	gate_open(&gate, 1);
	client_receive(&client, &reply);
	reply_free(&reply);
	client_close(&client);
	fixture_finish(&fixture);
	gate_destroy(&gate);
}
