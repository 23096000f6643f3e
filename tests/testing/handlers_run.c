/* testing/handlers_run.c: app/handlers/run.c, cancelled everywhere: no child is left, whatever
 * it is doing. */
#include "handlers.h"

#include <criterion/criterion.h>

#include "handlers/run.h"

static weir_server *server;

static const char *const says[] = {"/bin/echo", "hello"};
static const char *const copies[] = {"/bin/cat"};
static const char *const sleeps[] = {"/bin/sleep", "3600"};
static const char *const fails[] = {"/bin/false"};
static const char *const missing[] = {"/nonexistent/program"};

static struct run runs[] = {
	{.command = says, .count = 2, .content_type = "text/plain"},
	{.command = copies, .count = 1},
	{.command = sleeps, .count = 2},
	{.command = fails, .count = 1},
	{.command = missing, .count = 1},
};

static void begin(void)
{
	weir_routes *routes = handlers_routes();
	server = handlers_server();
	cr_assert_eq(run_route(routes, "GET", "/says", &runs[0], NULL), 0);
	cr_assert_eq(run_route(routes, "POST", "/copies", &runs[1], NULL), 0);
	cr_assert_eq(run_route(routes, "GET", "/sleeps", &runs[2], NULL), 0);
	cr_assert_eq(run_route(routes, "GET", "/fails", &runs[3], NULL), 0);
	cr_assert_eq(run_route(routes, "GET", "/missing", &runs[4], NULL), 0);
	handlers_serve(server, routes);
}

static void end(void)
{
	weir_server_destroy(server);
}

TestSuite(handlers_run, .init = begin, .fini = end);

/* What a child does takes real time, and how many looks that means is not always the same. */
static const struct weir_testing_options options = {.real_clock = true,
						    .limit = 10 * WEIR_SECOND,
						    .brief = 10 * WEIR_SECOND,
						    .patience = 500 * WEIR_MILLISECOND};

Test(handlers_run, a_command_that_answers)
{
	const struct weir_testing_request request = {.target = "/says", .server = server};

	cr_assert_geq(handler_may_vary(&request, &options, 200), 1);
}

Test(handlers_run, a_command_that_reads)
{
	const struct weir_testing_request request = {.method = "POST",
						     .target = "/copies",
						     .body = "hello",
						     .body_size = 5,
						     .server = server};

	cr_assert_geq(handler_may_vary(&request, &options, 200), 1);
}

Test(handlers_run, a_command_that_would_take_an_hour)
{
	const struct weir_testing_request request = {.target = "/sleeps", .server = server};

	cr_assert_geq(handler_may_vary(&request, &options, 503), 1);
}

Test(handlers_run, a_command_that_fails)
{
	const struct weir_testing_request request = {.target = "/fails", .server = server};

	cr_assert_geq(handler_may_vary(&request, &options, 502), 1);
}

Test(handlers_run, a_command_that_is_not_there)
{
	const struct weir_testing_request request = {.target = "/missing", .server = server};

	(void)handler_may_vary(&request, &options, 502);
}
