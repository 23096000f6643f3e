/* Who waits for the drain report on an admin listener gets it, whole and the same that the program
 * gets, when everything else is over; and it is the last that is heard of the server. */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "support/fixture.h"
#include "support/gate.h"
#include "support/handlers.h"
#include "support/reply.h"

static int tell(weir_request *request, weir_response *response, weir_token *token)
{
	(void)request;
	(void)token;
	return weir_response_drain_report(response);
}

static int stop(weir_request *request, weir_response *response, weir_token *token)
{
	(void)token;
	weir_server_stop(weir_request_server(request), "afar");
	return weir_response_printf(response, "stopping\n");
}

/* More than the kernel buffers on the way from one socket to the other. */
static char large[48 << 20];

static int send_large(weir_request *request, weir_response *response, weir_token *token)
{
	(void)request;
	(void)token;
	return weir_response_body_static(response, large, sizeof(large));
}

static const char *serve(struct fixture *fixture, struct gate *gate,
			 const struct weir_server_options *options)
{
	const struct weir_route_options admin = {.run = WEIR_RUN_INLINE, .scope = WEIR_SCOPE_ADMIN};

	gate_init(gate);
	fixture_create(fixture, options);
	cr_assert_eq(weir_server_listen(fixture->server, "127.0.0.1:0", WEIR_SCOPE_ADMIN), 0);
	fixture_route(fixture, "GET /gated", handle_gated, gate);
	fixture_route(fixture, "GET /large", send_large, NULL);
	fixture_route_with(fixture, "GET /report", tell, NULL, &admin);
	fixture_route_with(fixture, "POST /stop", stop, NULL, &admin);
	fixture_start(fixture);
	return weir_server_url(fixture->server, 1);
}

static void ask(struct client *client, const char *line)
{
	client_printf(client, "%s HTTP/1.1\r\nHost: test\r\n\r\n", line);
}

static void hears(struct client *client, const struct weir_report *report)
{
	struct reply reply;
	char *text;

	client_receive(client, &reply);
	cr_assert_eq(reply.status, 200);
	cr_assert(reply.complete);
	cr_assert(reply_says_close(&reply));
	cr_assert_eq(weir_report_json(report, &text, NULL), 0);
	cr_assert_str_eq(reply.body, text);
	free(text);
	reply_free(&reply);
	cr_assert_eq(client_await_end(client), CLIENT_CLOSED);
	client_close(client);
}

Test(drain_report_is_told, when_all_is_over)
{
	struct fixture fixture;
	struct client waiting[3], busy, asker;
	struct reply reply;
	struct gate gate;
	const char *admin = serve(&fixture, &gate, NULL);

	for (int i = 0; i < 3; i++) {
		client_open(&waiting[i], admin);
		ask(&waiting[i], "GET /report");
	}
	client_open(&busy, fixture.url);
	ask(&busy, "GET /gated");
	gate_await(&gate, 1);
	client_open(&asker, admin);
	ask(&asker, "POST /stop");
	client_receive(&asker, &reply);
	cr_assert_eq(reply.status, 200);
	reply_free(&reply);
	metrics_await(fixture.server, "weir_drain_phase", WEIR_PHASE_GRACE);
	/* Asked for on a connection that is there, while the stop runs. */
	ask(&asker, "GET /report");
	for (int i = 0; i < 3; i++)
		cr_assert(client_is_quiet(&waiting[i]));
	gate_open(&gate, 1);
	client_receive(&busy, &reply);
	cr_assert_eq(reply.status, 200);
	reply_free(&reply);
	client_close(&busy);
	fixture_await(&fixture, WEIR_CLEAN);
	cr_assert_eq(fixture.report->counts.answered, 1);
	for (int i = 0; i < 3; i++)
		hears(&waiting[i], fixture.report);
	hears(&asker, fixture.report);
	fixture_destroy(&fixture);
	gate_destroy(&gate);
}

Test(drain_report_is_told, of_what_was_cut_too)
{
	const struct weir_server_options options = {.grace = WEIR_NONE,
						    .drain_timeout = 200 * WEIR_MILLISECOND};
	struct fixture fixture;
	struct client waiting, deaf;
	struct gate gate;
	const char *admin = serve(&fixture, &gate, &options);

	client_open(&waiting, admin);
	ask(&waiting, "GET /report");
	client_open(&deaf, fixture.url);
	ask(&deaf, "GET /large");
	client_await_text(&deaf, "HTTP/1.1 200");
	metrics_await(fixture.server, "weir_requests_in_flight{phase=\"replying\"}", 1);
	weir_server_stop(fixture.server, "test");
	hears(&waiting, fixture_await(&fixture, WEIR_FORCED));
	cr_assert_eq(fixture.report->counts.cut, 1);
	fixture_destroy(&fixture);
	client_close(&deaf);
	gate_destroy(&gate);
}

/* One that goes, and one that reads nothing, hold nobody up. */
Test(drain_report_is_told, to_those_who_listen)
{
	struct fixture fixture;
	struct client gone, deaf;
	struct gate gate;
	const char *admin = serve(&fixture, &gate, NULL);

	client_open(&gone, admin);
	ask(&gone, "GET /report");
	client_open(&deaf, admin);
	ask(&deaf, "GET /report");
	client_reset(&gone);
	fixture_begin_stop(&fixture);
	fixture_await(&fixture, WEIR_CLEAN);
	fixture_destroy(&fixture);
	client_close(&deaf);
	gate_destroy(&gate);
}

Test(drain_report_is_told, on_admin_listeners_only)
{
	const struct weir_route_options options = {.run = WEIR_RUN_INLINE};
	struct fixture fixture;
	struct client client;
	struct reply reply;

	fixture_create(&fixture, NULL);
	fixture_route_with(&fixture, "GET /report", tell, NULL, &options);
	fixture_start(&fixture);
	client_open(&client, fixture.url);
	client_get(&client, "/report", &reply);
	cr_assert_eq(reply.status, 500);
	reply_free(&reply);
	client_close(&client);
	fixture_finish(&fixture);
}
