/* testing/handlers.h: what the tests of the binary's handlers share.
 *
 * Each handler of app/handlers is cancelled everywhere, with the routes as the binary makes
 * them. A new route is a call of handler_passes() in the file of its kind.
 */
#ifndef WEIR_TESTS_TESTING_HANDLERS_H
#define WEIR_TESTS_TESTING_HANDLERS_H

#include <weir/routes.h>
#include <weir/testing.h>

/** Makes a server that is not started. */
weir_server *handlers_server(void);

/** An empty table, and giving a full one to a server before its start. */
weir_routes *handlers_routes(void);
void handlers_serve(weir_server *server, weir_routes *routes);

/** Runs the route once, which must answer `status`, and cancels it everywhere: there must be
 *  no fault. Returns how many points there were, of both tokens. */
unsigned handler_passes(const struct weir_testing_request *request,
			const struct weir_testing_options *options, int status);

/** The same for a handler whose looks depend on other processes and threads: it need not reach
 *  each point in each run. */
unsigned handler_may_vary(const struct weir_testing_request *request,
			  const struct weir_testing_options *options, int status);

#endif
