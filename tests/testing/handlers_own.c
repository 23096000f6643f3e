/* testing/handlers_own.c: the handlers of app/handlers/health.c, admin.c and debug*.c,
 * cancelled everywhere. Two of the last are there to behave badly, and must be found out. */
#include "handlers.h"

#include <criterion/criterion.h>

#include "handlers/routes.h"

static weir_server *server;
#define TOKEN "0123456789abcdef"
static struct admin admin = {.token = {sizeof(TOKEN) - 1, TOKEN}};
static const struct weir_testing_header known[] = {{"Authorization", "Bearer " TOKEN},
						   {"Origin", "http://localhost"}};

static void begin(void)
{
	weir_routes *routes = handlers_routes();
	server = handlers_server();
	cr_assert_eq(health_routes(routes), 0);
	cr_assert_eq(admin_routes(routes, &admin), 0);
	cr_assert_eq(debug_routes(routes), 0);
	handlers_serve(server, routes);
}

static void end(void)
{
	weir_server_destroy(server);
}

TestSuite(handlers_own, .init = begin, .fini = end);

static unsigned passes(struct weir_testing_request request, int status)
{
	static const struct weir_testing_options options = {.limit = 10 * WEIR_SECOND,
							    .brief = 10 * WEIR_SECOND};

	request.server = server;
	return handler_passes(&request, &options, status);
}

#define GET(path) ((struct weir_testing_request){.target = (path)})
#define ADMIN(verb, path)                                                                          \
	((struct weir_testing_request){.method = (verb),                                           \
				       .target = (path),                                           \
				       .scope = WEIR_SCOPE_ADMIN,                                  \
				       .headers = known,                                           \
				       .header_count = 1})

Test(handlers_own, health)
{
	(void)passes(GET("/healthz"), 200);
	(void)passes(GET("/readyz"), 200);
	weir_server_stop(server, "the test");
	(void)passes(GET("/readyz"), 503);
}

Test(handlers_own, admin)
{
	cr_assert_eq(weir_server_start(server), 0);
	(void)passes(ADMIN("GET", "/"), 200);
	(void)passes(ADMIN("GET", "/metrics"), 200);
	(void)passes(ADMIN("GET", "/status"), 200);
}

Test(handlers_own, shutdown)
{
	struct weir_testing_request request = ADMIN("POST", "/shutdown");

	(void)passes(request, 202);
	cr_assert(weir_server_stopping(server));
	request.header_count = 2;
	(void)passes(request, 403);
	request.header_count = 0;
	(void)passes(request, 401);
}

Test(handlers_own, debug_sleep)
{
	cr_assert_geq(passes(GET("/debug/sleep?ms=3000"), 200), 1);
	(void)passes(GET("/debug/sleep"), 400);
}

Test(handlers_own, debug_stream)
{
	cr_assert_geq(passes(GET("/debug/stream?ms=1000&every=100"), 200), 20);
}

Test(handlers_own, debug_echo)
{
	static const struct weir_testing_piece pieces[] = {{"one ", 4}, {"two", 3}};

	cr_assert_geq(passes((struct weir_testing_request){.method = "POST",
							   .target = "/debug/echo",
							   .pieces = pieces,
							   .piece_count = 2},
			     200),
		      4);
}

/* Finishes without a look at its token, on purpose. */
Test(handlers_own, debug_work_is_found_out)
{
	const struct weir_testing_request request = {.target = "/debug/work?ms=3000",
						     .server = server};
	struct weir_testing_report *report;

	cr_assert_eq(weir_testing_cancel_everywhere(NULL, &request, NULL, &report), 0);
	cr_assert_eq(report->fault_count, 1);
	cr_assert_eq(report->faults[0].kind, WEIR_TESTING_NEVER_LOOKED);
	weir_testing_report_free(report);
}

/* Never comes back, on purpose. */
Test(handlers_own, debug_stuck_is_found_out)
{
	const struct weir_testing_request request = {.target = "/debug/stuck", .server = server};
	const struct weir_testing_options options = {.patience = 50 * WEIR_MILLISECOND,
						     .limit = 50 * WEIR_MILLISECOND};
	struct weir_testing_report *report;

	cr_assert_eq(weir_testing_cancel_everywhere(NULL, &request, &options, &report), 0);
	cr_assert_eq(report->fault_count, 1);
	cr_assert_eq(report->faults[0].kind, WEIR_TESTING_NEVER_RETURNED);
	cr_assert(report->abandoned);
	weir_testing_report_free(report);
}
