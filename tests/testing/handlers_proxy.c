/* testing/handlers_proxy.c: app/handlers/proxy*.c, cancelled everywhere, with an upstream in
 * this process whose threads are not under test. */
#include "handlers.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include <weir/curl.h>

#include "handlers/proxy.h"
#include "support/fixture.h"
#include "support/handlers.h"

static struct fixture upstream;
static weir_server *server;
static struct proxy proxy, nowhere;

static const struct weir_route_options streamed = {.body = WEIR_BODY_STREAMED};

static void begin(void)
{
	weir_routes *routes = handlers_routes();
	static const struct weir_curl_options curl = {.connect_timeout = WEIR_SECOND};

	fixture_create(&upstream, NULL);
	fixture_route(&upstream, "GET /hello", handle_hello, NULL);
	fixture_route_with(&upstream, "POST /count", handle_count_body, NULL, &streamed);
	fixture_start(&upstream);
	server = handlers_server();
	proxy = (struct proxy){.upstream = upstream.url, .path = "/up/{path...}"};
	nowhere = (struct proxy){.upstream = "http://127.0.0.1:1", .path = "/down/{path...}"};
	cr_assert_eq(weir_curl_create(&curl, &proxy.client), 0);
	cr_assert_eq(weir_curl_create(&curl, &nowhere.client), 0);
	cr_assert_eq(proxy_route(routes, "*", proxy.path, &proxy, NULL), 0);
	cr_assert_eq(proxy_route(routes, "*", nowhere.path, &nowhere, NULL), 0);
	handlers_serve(server, routes);
}

static void end(void)
{
	weir_server_destroy(server);
	weir_curl_destroy(proxy.client);
	weir_curl_destroy(nowhere.client);
	fixture_finish(&upstream);
}

TestSuite(handlers_proxy, .init = begin, .fini = end);

/* An upstream answers in real time. Connections that are kept for reuse, and what libcurl keeps
 * with them, come and go: a leak has to grow each time all the same. */
static const struct weir_testing_options options = {
	.real_clock = true, .limit = 10 * WEIR_SECOND, .brief = 10 * WEIR_SECOND};

Test(handlers_proxy, get)
{
	const struct weir_testing_request request = {.target = "/up/hello", .server = server};

	cr_assert_geq(handler_may_vary(&request, &options, 200), 1);
}

Test(handlers_proxy, post)
{
	static const struct weir_testing_piece pieces[] = {{"one ", 4}, {"two", 3}};
	const struct weir_testing_request request = {.method = "POST",
						     .target = "/up/count",
						     .pieces = pieces,
						     .piece_count = 2,
						     .chunked = true,
						     .server = server};

	cr_assert_geq(handler_may_vary(&request, &options, 200), 3);
}

Test(handlers_proxy, an_upstream_that_is_not_there)
{
	const struct weir_testing_request request = {.target = "/down/hello", .server = server};

	cr_assert_geq(handler_may_vary(&request, &options, 502), 1);
}
