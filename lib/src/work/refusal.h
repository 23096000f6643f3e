/* refusal.h: why a job is not run. One table feeds the enum, the answer, the metrics and the
 * status page. */
#ifndef WEIR_WORK_REFUSAL_H
#define WEIR_WORK_REFUSAL_H

/* X(NAME, key, one line for the client, what an operator should conclude) */
#define WEIR__REFUSALS(X)                                                                          \
	X(FULL, "full", "the queue is full", "the queue was at its limit when it came")            \
	X(ROUTE_FULL, "route_full", "the queue of this route is full",                             \
	  "its route had as many in the queue as it may")                                          \
	X(DISPLACED, "displaced", "the queue is full",                                             \
	  "it made room for one of a higher priority in a full queue")                             \
	X(TOO_OLD, "too_old", "no worker was free in time",                                        \
	  "it waited for longer than the queue or its route allows")                               \
	X(OVERLOADED, "overloaded", "the server is overloaded",                                    \
	  "it waited for over twice the target of an overloaded queue")

enum weir__refusal {
	WEIR__REFUSAL_NONE,
#define WEIR__REFUSAL_NAME(name, key, reason, help) WEIR__REFUSAL_##name,
	WEIR__REFUSALS(WEIR__REFUSAL_NAME)
#undef WEIR__REFUSAL_NAME
		WEIR__REFUSAL_COUNT
};

#endif
