/* The status page says why the queue is full: what has waited longest, of which route and for how
 * long, and which routes hold the workers. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "support/fixture.h"
#include "support/gate.h"
#include "support/handlers.h"
#include "support/must.h"
#include "support/reply.h"

static char *status_of(weir_server *server)
{
	char *text;
	int error = weir_server_status(server, &text, NULL);

	must(error == 0, "weir_server_status: %d", error);
	return text;
}

static void expect(weir_server *server, const char *const *parts)
{
	char *text = status_of(server);

	for (; *parts; parts++)
		cr_assert_not_null(strstr(text, *parts), "no %s in %s", *parts, text);
	free(text);
}

Test(status_says_why, the_queue_is_full)
{
	static const char *const full[] = {
		"\"queue\":{\"depth\":2,\"capacity\":2,\"overloaded\":false,",
		"\"why\":\"all workers are busy: 2 in GET /slow/{name}, the longest for ",
		"; 1 in GET /other, the longest for ",
		"\"oldest\":{\"route\":\"GET /hello/{name}\",\"path\":\"/hello/first\","
		"\"priority\":\"normal\",\"age_seconds\":0.",
		"\"normal\":{\"queued\":1,\"overloaded\":false}",
		"\"high\":{\"queued\":1,\"overloaded\":false}",
		"\"refused\":{\"full\":1,\"route_full\":0,\"displaced\":0,\"too_old\":0,"
		"\"overloaded\":0},\"routes\":[",
		"{\"route\":\"GET /hello/{name}\",\"queued\":1,\"limit\":7,\"oldest_seconds\":0.",
		"{\"route\":\"GET /last\",\"queued\":1,\"limit\":null,\"oldest_seconds\":0.",
		"\"held_by\":[{\"route\":\"GET /slow/{name}\",\"workers\":2,\"longest_seconds\":",
		"{\"route\":\"GET /other\",\"workers\":1,\"longest_seconds\":",
		NULL};
	static const char *const empty[] = {"\"queue\":{\"depth\":0,\"capacity\":2,",
					    "\"why\":\"nothing waits\"", "\"oldest\":null,",
					    "\"held_by\":[],\"held_by_others\":0,", NULL};
	static const char *const paths[] = {"/slow/a", "/slow/b",      "/other",
					    "/last",   "/hello/first", "/hello/second"};
	enum { WORKERS = 3, CLIENTS = sizeof(paths) / sizeof(paths[0]) };
	const struct weir_server_options options = {.workers = WORKERS, .queue = 2};
	const struct weir_route_options limited = {.queue = 7};
	const struct weir_route_options high = {.priority = WEIR_PRIORITY_HIGH};
	static const unsigned order[] = {0, 1, 2, 4, 3, 5};
	struct client client[CLIENTS];
	struct fixture fixture;
	struct reply reply;
	struct gate gate;

	gate_init(&gate);
	fixture_create(&fixture, &options);
	fixture_route(&fixture, "GET /slow/{name}", handle_gated, &gate);
	fixture_route(&fixture, "GET /other", handle_gated, &gate);
	fixture_route_with(&fixture, "GET /hello/{name}", handle_hello, NULL, &limited);
	fixture_route_with(&fixture, "GET /last", handle_hello, NULL, &high);
	fixture_start(&fixture);
	expect(fixture.server, empty);
	for (unsigned i = 0; i < CLIENTS; i++) {
		struct client *one = &client[order[i]];

		client_open(one, fixture.url);
		client_printf(one, "GET %s HTTP/1.1\r\nHost: test\r\n\r\n", paths[order[i]]);
		if (i < WORKERS)
			gate_await(&gate, 1);
		else if (i < CLIENTS - 1)
			metrics_await(fixture.server, "weir_queue_depth", i - WORKERS + 1);
	}
	client_receive(&client[CLIENTS - 1], &reply);
	cr_assert_eq(reply.status, 503);
	reply_free(&reply);
	expect(fixture.server, full);

	gate_open(&gate, WORKERS);
	for (unsigned i = 0; i < CLIENTS - 1; i++) {
		client_receive(&client[i], &reply);
		cr_assert_eq(reply.status, 200);
		reply_free(&reply);
	}
	metrics_await(fixture.server, "weir_workers_busy", 0);
	expect(fixture.server, empty);
	for (unsigned i = 0; i < CLIENTS; i++)
		client_close(&client[i]);
	fixture_finish(&fixture);
	gate_destroy(&gate);
}
