/* testing/handlers.c: see handlers.h. */
#include "handlers.h"

#include <criterion/criterion.h>
#include <stdio.h>

weir_server *handlers_server(void)
{
	weir_server *server = NULL;

	cr_assert_eq(weir_server_create(NULL, &server), 0);
	return server;
}

weir_routes *handlers_routes(void)
{
	weir_routes *routes = NULL;

	cr_assert_eq(weir_routes_create(&routes), 0);
	return routes;
}

void handlers_serve(weir_server *server, weir_routes *routes)
{
	weir_routes *old = NULL;

	cr_assert_eq(weir_server_swap_routes(server, routes, &old), 0);
	weir_routes_destroy(old);
}

/* The answer that the handler gives if nobody cancels it: else a sweep proves little. */
static void answers(const struct weir_testing_request *request,
		    const struct weir_testing_options *options, int status)
{
	struct weir_testing_response *response;

	if (options && options->prepare)
		cr_assert_eq(options->prepare(options->arg), 0);
	cr_assert_eq(weir_testing_run(NULL, request, options, &response), 0);
	cr_assert_eq(response->status, status, "%s %s: %d, and not %d: %s",
		     request->method ? request->method : "GET", request->target, response->status,
		     status, response->body ? response->body : "");
	weir_testing_response_free(response);
}

/* One sweep without a fault. Returns the points there were; *changed as in the report. */
static unsigned sweep(const struct weir_testing_request *request,
		      const struct weir_testing_options *options, bool *changed)
{
	const char *method = request->method ? request->method : "GET";
	struct weir_testing_report *report;
	unsigned points;

	cr_assert_eq(weir_testing_cancel_everywhere(NULL, request, options, &report), 0);
	fprintf(stderr, "%s %s: ", method, request->target);
	weir_testing_report_print(report, stderr);
	cr_assert_eq(report->fault_count, 0, "%s %s has faults", method, request->target);
	*changed = report->changed;
	points = report->points + report->drain_points;
	weir_testing_report_free(report);
	return points;
}

unsigned handler_passes(const struct weir_testing_request *request,
			const struct weir_testing_options *options, int status)
{
	unsigned points;
	bool changed;

	answers(request, options, status);
	points = sweep(request, options, &changed);
	cr_assert(!changed, "%s does not always go the same way", request->target);
	return points;
}

unsigned handler_may_vary(const struct weir_testing_request *request,
			  const struct weir_testing_options *options, int status)
{
	bool changed;

	answers(request, options, status);
	return sweep(request, options, &changed);
}
