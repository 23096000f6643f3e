/* support/metrics.h: reading a server's metrics, and whether they add up.
 *
 * Every request that was accepted is answered, refused, cancelled, cut or still in
 * flight; every connection is closed, refused, cut, upgraded or still open. The sums hold in each
 * snapshot.
 */
#ifndef WEIR_TESTS_METRICS_H
#define WEIR_TESTS_METRICS_H

#include <stdbool.h>
#include <stdint.h>

#include <weir/server.h>

/** The value of one series of a Prometheus text, named as it stands there:
 *  `weir_queue_depth`, `weir_requests_in_flight{phase="queued"}`. It must be there. */
uint64_t metrics_value(const char *text, const char *series);
/** The sum over all series of the metric `name`; there must be one. */
uint64_t metrics_sum(const char *text, const char *name);

/** Whether nobody is connected and nothing is in flight. */
bool metrics_at_rest(const char *text);

/** One series, or one sum, of a server as it is now. */
uint64_t metrics_now(weir_server *server, const char *series);
uint64_t metrics_sum_now(weir_server *server, const char *name);

/** Waits until a series, or a sum, has a value. Counters can be read but not waited on, so
 *  this looks again and again; what is relied upon is the state, never the time. */
void metrics_await(weir_server *server, const char *series, uint64_t value);
void metrics_await_sum(weir_server *server, const char *name, uint64_t value);

/** Requests and connections of one snapshot. */
struct metrics_account {
	uint64_t accepted, answered, refused, cancelled, cut, in_flight;
	uint64_t connections_accepted, connections_closed, connections_refused, connections_cut;
	uint64_t connections_open, connections_upgraded;
};

/* Of the page of /metrics, as a process that is asked for it gives it. */
void metrics_account_parse(const char *text, struct metrics_account *account);
void metrics_account_read(weir_server *server, struct metrics_account *account);
/** Fails the test unless the sums of the snapshot hold. */
void metrics_account_check(const struct metrics_account *account);

#endif
