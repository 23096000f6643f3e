/* testing/handlers_events.c: the handlers of app/handlers/events*.c, cancelled everywhere. Their
 * task runs beside them. */
#include "handlers.h"

#include <criterion/criterion.h>

#include "handlers/events.h"

static struct events_route route;
static weir_server *server;

static void begin(void)
{
	weir_routes *routes = handlers_routes();
	server = handlers_server();
	cr_assert_eq(events_create(0, 0, &route.events), 0);
	cr_assert_eq(events_routes(routes, &route, "/events", NULL), 0);
	handlers_serve(server, routes);
	cr_assert_eq(events_start(server, route.events), 0);
	cr_assert_eq(weir_server_start(server), 0);
}

static void end(void)
{
	weir_server_destroy(server);
	events_destroy(route.events);
}

TestSuite(handlers_events, .init = begin, .fini = end);

/* Nothing is posted, so a stream that nobody trips waits for ever. */
static const struct weir_testing_options options = {
	.patience = 100 * WEIR_MILLISECOND, .limit = 10 * WEIR_SECOND, .brief = 10 * WEIR_SECOND};

static unsigned passes(struct weir_testing_request request, int status)
{
	request.server = server;
	return handler_passes(&request, &options, status);
}

Test(handlers_events, get)
{
	cr_assert_geq(passes((struct weir_testing_request){.target = "/events"}, 200), 4);
	(void)passes((struct weir_testing_request){.method = "HEAD", .target = "/events"}, 200);
}

Test(handlers_events, get_after_nonsense)
{
	static const struct weir_testing_header headers[] = {{"Last-Event-ID", "x"}};

	(void)passes((struct weir_testing_request){.target = "/events",
						   .headers = headers,
						   .header_count = 1},
		     400);
}

/* Its event goes to the task, which makes another of it: none of the handler's memory is left. */
Test(handlers_events, post)
{
	cr_assert_geq(passes((struct weir_testing_request){.method = "POST",
							   .target = "/events?event=news",
							   .body = "hello",
							   .body_size = 5},
			     202),
		      1);
	(void)passes((struct weir_testing_request){.method = "POST", .target = "/events"}, 400);
}
