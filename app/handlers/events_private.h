/* events_private.h: the channel that the streams and the task share. */
#ifndef WEIR_APP_EVENTS_PRIVATE_H
#define WEIR_APP_EVENTS_PRIVATE_H

#include "events.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <weir/queue.h>
#include <weir/sync.h>

/** An event as it goes to the wire; never changed once it is on the channel. */
struct event {
	atomic_uint references; /* given back with acquire-release: the last one frees */
	size_t size;
	char text[];
};

/** What was posted, on its way to the task. */
struct posted {
	char *name; /* NULL: an event without a name */
	size_t size;
	char data[];
};

struct events {
	/* Of struct posted; handlers push, the task pops. NULL in it: look at `every` again. Fixed.
	 */
	weir_queue *posted;
	/* events_configure(); relaxed: each is read by itself. */
	_Atomic weir_time every, retry;

	/* Under the lock, which is held for some loads and stores only. */
	weir_mutex lock;
	weir_cond news;                  /* broadcast with each event */
	uint64_t last;                   /* number of the newest event; 0: none yet */
	struct event *kept[EVENTS_KEPT]; /* event n is at n % EVENTS_KEPT */
	unsigned users;                  /* routes that have it */
	bool fed;                        /* it has a task, or one that was asked for */
};

/** One event with its number, as text: "id:", "event:", a "data:" for each line. NULL: no memory.
 */
struct event *event_create(uint64_t id, const char *name, const char *data, size_t size);
void event_unref(struct event *event);

#endif
