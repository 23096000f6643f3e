/* support/fixture.h: a server for one test: made, started, stopped, and held to account.
 *
 * Its listener is 127.0.0.1 with port 0 unless the options name another, its log is
 * captured. If WEIR_TEST_TLS is in the environment, it speaks TLS. However a test ends its server,
 * the outcome is compared with what the test expects, and the counts of the metrics and of the
 * drain report must add up.
 */
#ifndef WEIR_TESTS_FIXTURE_H
#define WEIR_TESTS_FIXTURE_H

#include <weir/weir.h>

#include "support/client.h"
#include "support/log_capture.h"
#include "support/metrics.h"

struct fixture {
	weir_server *server;
	const char *url; /**< of the first listener, once started */
	struct log_capture log;
	const struct weir_report *report; /**< once stopped; the server's */
};

/** Makes the server; `options` may be NULL. Their listen, log and log_arg are replaced
 *  where they are not set, log_level is at least WEIR_LOG_INFO, and no request is refused as an
 *  overload unless queue_target is set. */
void fixture_create(struct fixture *fixture, const struct weir_server_options *options);
void fixture_route(struct fixture *fixture, const char *pattern, weir_handler handler,
		   void *context);
void fixture_route_with(struct fixture *fixture, const char *pattern, weir_handler handler,
			void *context, const struct weir_route_options *options);
void fixture_start(struct fixture *fixture);

/** Create, one route, start. */
void fixture_serve(struct fixture *fixture, const struct weir_server_options *options,
		   const char *pattern, weir_handler handler, void *context);

/** Asks for a stop, and returns when the listeners are closed and the grace has begun (or
 *  is over already). */
void fixture_begin_stop(struct fixture *fixture);
/** Waits for the end of a stop; fails the test unless this is its outcome, and the
 *  accounts are in order. */
const struct weir_report *fixture_await(struct fixture *fixture, enum weir_outcome outcome);
/** Frees it all; it must have been stopped and waited for. */
void fixture_destroy(struct fixture *fixture);

/** Stop, wait for a clean end, destroy. */
void fixture_finish(struct fixture *fixture);

#endif
