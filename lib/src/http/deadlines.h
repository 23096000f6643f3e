/* deadlines.h: when the network has waited long enough.
 *
 * A deadline of one class always lies the same time ahead, so a first-in first-out list is
 * sorted by itself: setting, clearing and finding the earliest are O(1), however many
 * connections there are. libmicrohttpd's own timeouts are for inactivity only, and a client
 * that sends a byte a second is never inactive. Acceptor thread only.
 */
#ifndef WEIR_HTTP_DEADLINES_H
#define WEIR_HTTP_DEADLINES_H

#include <weir/time.h>

#include "base/list.h"

enum weir__deadline_class {
	WEIR__DEADLINE_HANGUP, /* at once, after libmicrohttpd has run: half-closed and idle? */
	WEIR__DEADLINE_HEADER, /* the header must have come */
	WEIR__DEADLINE_IDLE,   /* a kept-alive connection has been idle */
	WEIR__DEADLINE_BODY,   /* window in which the body must have moved */
	WEIR__DEADLINE_SEND,   /* window in which the client must have taken something */
	WEIR__DEADLINE_LINGER, /* a lingering socket has had its time */
	WEIR__DEADLINE_FIRST,  /* the first byte must have come */
	WEIR__DEADLINE_REST,   /* it has: what the first header has left of its time */
	WEIR__DEADLINE_COUNT
};

struct weir__deadline {
	struct weir__list node;
	weir_time when;
};

struct weir__deadlines {
	struct weir__list lists[WEIR__DEADLINE_COUNT];
	weir_time durations[WEIR__DEADLINE_COUNT];
};

static inline void weir__deadline_init(struct weir__deadline *deadline)
{
	weir__list_init(&deadline->node);
}

static inline void weir__deadline_clear(struct weir__deadline *deadline)
{
	weir__list_remove(&deadline->node);
}

static inline void weir__deadline_set(struct weir__deadlines *deadlines,
				      struct weir__deadline *deadline,
				      enum weir__deadline_class class, weir_time now)
{
	weir__list_remove(&deadline->node);
	deadline->when = now + deadlines->durations[class];
	weir__list_append(&deadlines->lists[class], &deadline->node);
}

/* The earliest of a class if it has passed, taken out of its list; else NULL. */
static inline struct weir__deadline *weir__deadline_due(struct weir__deadlines *deadlines,
							enum weir__deadline_class class,
							weir_time now)
{
	struct weir__list *first = weir__list_first(&deadlines->lists[class]);
	struct weir__deadline *deadline;

	if (!first)
		return NULL;
	deadline = weir__container(first, struct weir__deadline, node);
	if (deadline->when > now)
		return NULL;
	weir__list_remove(first);
	return deadline;
}

static inline weir_time weir__deadline_next(const struct weir__deadlines *deadlines)
{
	weir_time next = WEIR_NEVER;
	int class;

	for (class = 0; class < WEIR__DEADLINE_COUNT; class ++) {
		struct weir__list *first = weir__list_first(&deadlines->lists[class]);

		if (first && weir__container(first, struct weir__deadline, node)->when < next)
			next = weir__container(first, struct weir__deadline, node)->when;
	}
	return next;
}

#endif
