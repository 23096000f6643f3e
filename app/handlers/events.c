/* events.c: the channel and the task that feeds it; see events.h.
 *
 * The task is the only one that numbers events and changes the ring. Its token trips when all
 * handlers are gone, so nothing that was posted and answered 202 is lost to those who listen.
 *
 * A channel has users, the routes of one configuration each, and a task while it is fed. Both are
 * under the lock; when neither is left, whoever was the last frees it.
 */
#include "events_private.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <weir/task.h>

#define POSTED_MAX 256
#define RETRY_DEFAULT (3 * WEIR_SECOND)

static weir_time retry_or_default(weir_time retry)
{
	return retry != 0 ? retry : RETRY_DEFAULT;
}

int events_create(weir_time every, weir_time retry, struct events **out)
{
	struct events *events = calloc(1, sizeof *events);
	if (events == NULL)
		return -ENOMEM;
	atomic_init(&events->every, every);
	atomic_init(&events->retry, retry_or_default(retry));
	events->users = 1;
	int error = weir_queue_create(POSTED_MAX, &events->posted);
	if (error != 0) {
		free(events);
		return error;
	}
	*out = events;
	return 0;
}

static void free_events(struct events *events)
{
	void *posted;
	while (weir_queue_pop(events->posted, &posted, NULL, 0) == 0)
		free(posted);
	weir_queue_destroy(events->posted);
	for (size_t i = 0; i < EVENTS_KEPT; i++)
		event_unref(events->kept[i]);
	free(events);
}

static void lock(struct events *events)
{
	(void)weir_mutex_lock(&events->lock, NULL, WEIR_NEVER); /* without a token it cannot fail */
}

struct events *events_share(struct events *events)
{
	lock(events);
	events->users++;
	weir_mutex_unlock(&events->lock);
	return events;
}

void events_configure(struct events *events, weir_time every, weir_time retry)
{
	atomic_store_explicit(&events->retry, retry_or_default(retry), memory_order_relaxed);
	atomic_store_explicit(&events->every, every, memory_order_relaxed);
	/* Without room there is something else that wakes the task. */
	(void)weir_queue_push(events->posted, NULL, NULL, 0);
}

/* Whoever comes last frees: the task, if there is one, because it is at the queue until then. */
void events_release(struct events *events)
{
	if (events == NULL)
		return;
	lock(events);
	bool last = --events->users == 0, fed = events->fed;
	if (last && fed)
		weir_queue_close(events->posted); /* under the lock: it is there until then */
	weir_mutex_unlock(&events->lock);
	if (last && !fed)
		free_events(events);
}

void events_destroy(struct events *events)
{
	if (events != NULL && --events->users == 0)
		free_events(events);
}

/* Without memory the event is lost, and its number with it: listeners see the gap. */
static void publish(struct events *events, const char *name, const char *data, size_t size)
{
	/* Only this thread writes `last`, so it may read it without the lock. */
	uint64_t id = events->last + 1;
	struct event *event = event_create(id, name, data, size);
	lock(events);
	struct event *oldest = events->kept[id % EVENTS_KEPT];
	events->kept[id % EVENTS_KEPT] = event;
	events->last = id;
	weir_cond_broadcast(&events->news);
	weir_mutex_unlock(&events->lock);
	event_unref(oldest);
}

static void tick(struct events *events, uint64_t count)
{
	char data[48];
	int length = snprintf(data, sizeof data, "{\"tick\":%" PRIu64 "}", count);
	publish(events, "tick", data, (size_t)length);
}

static weir_time period(struct events *events)
{
	return atomic_load_explicit(&events->every, memory_order_relaxed);
}

static int feed(struct events *events, weir_token *token)
{
	weir_time every = 0, next = WEIR_NEVER;
	uint64_t ticks = 0;
	for (;;) {
		if (every != period(events)) {
			every = period(events);
			next = every != 0 ? weir_after(every) : WEIR_NEVER;
		}
		void *item;
		int error = weir_queue_pop(events->posted, &item, token, next);
		if (error == 0 && item != NULL) {
			struct posted *posted = item;
			publish(events, posted->name, posted->data, posted->size);
			free(posted);
		} else if (error == -ETIMEDOUT) {
			tick(events, ++ticks);
			do
				next += every; /* those that have passed are left out */
			while (next <= weir_now());
		} else if (error != 0) {
			return error == -EPIPE ? 0 : error;
		}
	}
}

int events_feed(void *arg, weir_token *token)
{
	struct events *events = arg;
	int error = feed(events, token);
	lock(events);
	events->fed = false;
	bool last = events->users == 0;
	weir_mutex_unlock(&events->lock);
	if (last)
		free_events(events);
	return error;
}

int events_start(weir_server *server, struct events *events)
{
	lock(events);
	bool fed = events->fed;
	events->fed = true;
	weir_mutex_unlock(&events->lock);
	int error = fed ? 0 : weir_task_start(server, "events", events_feed, events);
	if (error != 0)
		events->fed = false; /* nobody else has the channel yet */
	return error;
}

int events_routes(weir_routes *routes, struct events_route *route, const char *path,
		  const struct weir_route_options *options)
{
	char *get = NULL, *post = NULL;
	int error = -ENOMEM;
	if (asprintf(&get, "GET %s", path) < 0) {
		get = NULL;
		goto free_patterns;
	}
	if (asprintf(&post, "POST %s", path) < 0) {
		post = NULL;
		goto free_patterns;
	}
	error = weir_routes_add(routes, get, events_get, route, options);
	if (error == 0)
		error = weir_routes_add(routes, post, events_post, route, options);

free_patterns:
	free(post);
	free(get);
	return error;
}
