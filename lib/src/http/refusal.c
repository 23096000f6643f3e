/* refusal.c: a request that the queue has not taken, or not kept: how its client is told.
 *
 * All of it is the acceptor's work, a few microseconds; the worker that has found a request to be
 * too old has only put it on the list of reports. The connection stays: a new one would cost both
 * sides more than this answer.
 *
 * Retry-After (RFC 9110, 10.2.3) is the time in which as many requests get a worker as are in the
 * queue now, at the rate at which they did lately: who comes back then finds another queue. Where
 * the share of a route was full, of that.
 */
#include <stdio.h>
#include <string.h>

#include "http/exchange.h"

/* Seconds. A stop's answers have the least: another server, or the next one, is there by then. */
#define LEAST_RETRY_AFTER "1"
#define MOST_RETRY_AFTER 120

static const char *reason_of(enum weir__refusal why)
{
	static const char *const reasons[] = {"",
#define REASON(name, key, reason, help) reason,
					      WEIR__REFUSALS(REASON)
#undef REASON
	};

	return reasons[why];
}

const char *weir__refusal_count(const weir_request *request)
{
	struct weir__counters *counters = weir__counters_of(request->acceptor, request->scope);
	enum weir__refusal why = request->job.refusal;

	weir__counter_add(&counters->queue_refusals[why], 1);
	if (why == WEIR__REFUSAL_FULL || why == WEIR__REFUSAL_DISPLACED)
		weir__counter_add(&counters->queue_full, 1);
	return reason_of(why);
}

void weir__refusal_answer(weir_request *request)
{
	const char *reason = weir__refusal_count(request);

	if (request->cut || request->conn->gone)
		weir__conn_close(request->acceptor, request->conn);
	else
		weir__answer_refuse(request, 503, reason);
}

static unsigned seconds_of(weir_time time)
{
	if (time > MOST_RETRY_AFTER * WEIR_SECOND)
		return MOST_RETRY_AFTER;
	return (unsigned)((time + WEIR_SECOND - 1) / WEIR_SECOND);
}

const char *weir__refusal_retry_after(weir_request *request)
{
	struct weir__acceptor *acceptor = request->acceptor;
	enum weir__refusal why = request->job.refusal;
	const struct weir__lane *lane = why == WEIR__REFUSAL_ROUTE_FULL ? request->job.lane : NULL;
	const char *copy;
	char text[16];
	unsigned seconds;

	if (why == WEIR__REFUSAL_NONE)
		return LEAST_RETRY_AFTER;
	seconds = seconds_of(weir__queue_drain_time(acceptor->options.queue, lane, acceptor->now));
	if (seconds <= 1)
		return LEAST_RETRY_AFTER;
	(void)snprintf(text, sizeof(text), "%u", seconds);
	copy = weir__arena_copy(&request->arena, text, strlen(text));
	return copy ? copy : LEAST_RETRY_AFTER;
}
