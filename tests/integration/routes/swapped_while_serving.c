/* weir/routes.h: a request ends under the table under which it began, the next one is served by
 * the next table, and whoever waits learns when the old one is out of use. */
#include <criterion/criterion.h>

#include <errno.h>
#include <string.h>

#include "support/fixture.h"
#include "support/gate.h"
#include "support/handlers.h"
#include "support/must.h"
#include "support/reply.h"

static weir_routes *table(void)
{
	weir_routes *routes = NULL;

	cr_assert_eq(weir_routes_create(&routes), 0);
	return routes;
}

static weir_routes *table_with(const char *pattern, weir_handler handler, void *context)
{
	weir_routes *routes = table();

	cr_assert_eq(weir_routes_add(routes, pattern, handler, context, NULL), 0);
	return routes;
}

static weir_routes *swap(struct fixture *fixture, weir_routes *routes)
{
	weir_routes *old = NULL;

	cr_assert_eq(weir_server_swap_routes(fixture->server, routes, &old), 0);
	cr_assert_not_null(old);
	return old;
}

/* The context, a text, after passing the gate if there is one. */
struct page {
	struct gate *gate;
	const char *text;
};

static int tell(weir_request *request, weir_response *response, weir_token *token)
{
	const struct page *page = weir_request_context(request);

	(void)token;
	if (page->gate)
		(void)gate_pass(page->gate);
	return weir_response_printf(response, "%s", page->text);
}

static void expect(struct client *client, const char *target, int status, const char *body)
{
	struct reply reply;

	client_get(client, target, &reply);
	cr_expect_eq(reply.status, status, "%s: %d", target, reply.status);
	if (body)
		cr_expect_str_eq(reply.body, body);
	reply_free(&reply);
}

static void finish_old(weir_routes *old)
{
	cr_assert_eq(weir_routes_wait(old, weir_after(MUST_PATIENCE), NULL), 0);
	weir_routes_destroy(old);
}

Test(routes, request_in_flight_ends_under_the_old_ones)
{
	struct gate gate;
	struct page before = {&gate, "before"}, after = {NULL, "after"};
	struct client slow, quick;
	struct fixture fixture;
	struct reply reply;
	weir_routes *old;

	gate_init(&gate);
	fixture_serve(&fixture, NULL, "GET /page", tell, &before);
	client_open(&slow, fixture.url);
	client_send_text(&slow, "GET /page HTTP/1.1\r\nHost: test\r\n\r\n");
	gate_await(&gate, 1);

	old = swap(&fixture, table_with("GET /page", tell, &after));
	client_open(&quick, fixture.url);
	expect(&quick, "/page", 200, "after");
	cr_expect_eq(weir_routes_wait(old, 0, NULL), -ETIMEDOUT);

	gate_open(&gate, 1);
	client_receive(&slow, &reply);
	cr_expect_str_eq(reply.body, "before");
	cr_expect_not(reply_says_close(&reply));
	reply_free(&reply);
	finish_old(old);
	expect(&slow, "/page", 200, "after"); /* the connection stays */
	client_close(&slow);
	client_close(&quick);
	fixture_finish(&fixture);
	gate_destroy(&gate);
}

Test(routes, queued_and_receiving_requests_keep_theirs)
{
	const struct weir_server_options options = {.workers = 1};
	struct gate gate;
	struct page before = {&gate, "before"}, after = {NULL, "after"};
	struct client running, queued, receiving;
	struct fixture fixture;
	struct reply reply;
	weir_routes *old;

	gate_init(&gate);
	fixture_serve(&fixture, &options, "POST /page", tell, &before);
	client_open(&running, fixture.url);
	client_send_text(&running, "POST /page HTTP/1.1\r\nHost: t\r\nContent-Length: 0\r\n\r\n");
	gate_await(&gate, 1);
	client_open(&queued, fixture.url);
	client_send_text(&queued, "POST /page HTTP/1.1\r\nHost: t\r\nContent-Length: 0\r\n\r\n");
	metrics_await(fixture.server, "weir_queue_depth", 1);
	client_open(&receiving, fixture.url);
	client_send_text(&receiving,
			 "POST /page HTTP/1.1\r\nHost: t\r\nContent-Length: 4\r\n\r\nbo");
	metrics_await(fixture.server, "weir_requests_in_flight{phase=\"receiving\"}", 1);

	old = swap(&fixture, table_with("POST /page", tell, &after));
	client_send_text(&receiving, "dy");
	gate_open(&gate, 3);
	client_receive(&running, &reply);
	cr_expect_str_eq(reply.body, "before");
	reply_free(&reply);
	client_receive(&queued, &reply);
	cr_expect_str_eq(reply.body, "before");
	reply_free(&reply);
	client_receive(&receiving, &reply);
	cr_expect_str_eq(reply.body, "before");
	reply_free(&reply);
	finish_old(old);
	client_close(&running);
	client_close(&queued);
	client_close(&receiving);
	fixture_finish(&fixture);
	gate_destroy(&gate);
}

Test(routes, what_is_gone_is_not_found_and_what_is_new_is)
{
	struct fixture fixture;
	struct client client;

	fixture_serve(&fixture, NULL, "GET /old", handle_hello, NULL);
	client_open(&client, fixture.url);
	expect(&client, "/old", 200, "hello\n");
	expect(&client, "/new", 404, NULL);
	finish_old(swap(&fixture, table_with("GET /new", handle_hello, NULL)));
	expect(&client, "/old", 404, NULL);
	expect(&client, "/new", 200, "hello\n");
	client_close(&client);
	fixture_finish(&fixture);
}

static int outlive_client(weir_request *request, weir_response *response, weir_token *token)
{
	struct gate *gate = weir_request_context(request);

	(void)response;
	(void)weir_token_wait(token, weir_after(MUST_PATIENCE));
	(void)gate_pass(gate);
	return weir_token_check(token);
}

/* Its client is gone while it runs: it still uses the context. */
Test(routes, a_handler_without_a_client_still_counts)
{
	struct gate gate;
	struct fixture fixture;
	struct client client;
	weir_routes *old;

	gate_init(&gate);
	fixture_serve(&fixture, NULL, "GET /page", outlive_client, &gate);
	client_open(&client, fixture.url);
	client_send_text(&client, "GET /page HTTP/1.1\r\nHost: test\r\n\r\n");
	metrics_await(fixture.server, "weir_requests_in_flight{phase=\"running\"}", 1);
	client_reset(&client);
	gate_await(&gate, 1);
	old = swap(&fixture, table());
	cr_expect_eq(weir_routes_wait(old, 0, NULL), -ETIMEDOUT);
	gate_open(&gate, 1);
	finish_old(old);
	fixture_finish(&fixture);
	gate_destroy(&gate);
}

Test(routes, waiting_ends_with_a_token)
{
	struct gate gate;
	struct page before = {&gate, "before"};
	struct fixture fixture;
	struct client client;
	struct reply reply;
	weir_token *token;
	weir_routes *old;

	gate_init(&gate);
	fixture_serve(&fixture, NULL, "GET /page", tell, &before);
	client_open(&client, fixture.url);
	client_send_text(&client, "GET /page HTTP/1.1\r\nHost: test\r\n\r\n");
	gate_await(&gate, 1);
	old = swap(&fixture, table());
	cr_assert_eq(weir_token_create(NULL, weir_after(WEIR_MILLISECOND), &token), 0);
	cr_expect_eq(weir_routes_wait(old, WEIR_NEVER, token), -ECANCELED);
	weir_token_unref(token);
	gate_open(&gate, 1);
	client_receive(&client, &reply);
	reply_free(&reply);
	client_close(&client);
	finish_old(old);
	fixture_finish(&fixture);
	gate_destroy(&gate);
}

Test(routes, a_table_serves_once)
{
	weir_routes *first = table(), *second = table(), *old = NULL;
	struct fixture fixture;

	fixture_create(&fixture, NULL);
	cr_expect_eq(weir_routes_wait(first, WEIR_NEVER, NULL), 0);
	weir_routes_destroy(swap(&fixture, first)); /* before the start, too */
	fixture_route(&fixture, "GET /", handle_hello, NULL);
	fixture_start(&fixture);
	cr_expect_eq(weir_routes_wait(first, WEIR_NEVER, NULL), -EINVAL);
	cr_expect_eq(weir_routes_add(first, "GET /x", handle_hello, NULL, NULL), -EBUSY);
	cr_expect_eq(weir_server_swap_routes(fixture.server, first, &old), -EBUSY);
	cr_expect_eq(swap(&fixture, second), first);
	cr_expect_eq(weir_routes_wait(first, WEIR_NEVER, NULL), 0);
	cr_expect_eq(weir_server_swap_routes(fixture.server, first, &old), -EBUSY);
	cr_expect_eq(weir_routes_add(first, "GET /x", handle_hello, NULL, NULL), -EBUSY);
	cr_expect_null(old);
	weir_routes_destroy(first);
	weir_routes_destroy(NULL);
	fixture_finish(&fixture);
}

Test(routes, of_a_server_that_stops_stay)
{
	weir_routes *next = table_with("GET /next", handle_hello, NULL), *old = NULL;
	struct fixture fixture;

	fixture_serve(&fixture, NULL, "GET /", handle_hello, NULL);
	weir_server_stop(fixture.server, "test");
	cr_expect_eq(weir_server_swap_routes(fixture.server, next, &old), -ECANCELED);
	fixture_await(&fixture, WEIR_CLEAN);
	cr_expect_eq(weir_server_swap_routes(fixture.server, next, &old), -ECANCELED);
	cr_expect_eq(weir_routes_add(next, "GET /other", handle_hello, NULL, NULL), 0);
	weir_routes_destroy(next);
	fixture_destroy(&fixture);
}

struct swapper {
	weir_routes *next, *old;
	int result;
};

/* Swaps the routes that it was found by. */
static int swap_from_within(weir_request *request, weir_response *response, weir_token *token)
{
	struct swapper *swapper = weir_request_context(request);

	(void)token;
	swapper->result =
		weir_server_swap_routes(weir_request_server(request), swapper->next, &swapper->old);
	return weir_response_printf(response, "swapped");
}

static void swap_by_handler(enum weir_run run)
{
	const struct weir_route_options options = {.run = run};
	struct swapper swapper = {.next = table_with("GET /after", handle_hello, NULL)};
	struct fixture fixture;
	struct client client;

	fixture_create(&fixture, NULL);
	fixture_route_with(&fixture, "GET /swap", swap_from_within, &swapper, &options);
	fixture_start(&fixture);
	client_open(&client, fixture.url);
	expect(&client, "/swap", 200, "swapped");
	cr_assert_eq(swapper.result, 0);
	expect(&client, "/swap", 404, NULL);
	expect(&client, "/after", 200, NULL);
	finish_old(swapper.old);
	client_close(&client);
	fixture_finish(&fixture);
}

Test(routes, are_swapped_by_a_handler)
{
	swap_by_handler(WEIR_RUN_QUEUED);
}

Test(routes, are_swapped_by_an_inline_handler)
{
	swap_by_handler(WEIR_RUN_INLINE);
}
