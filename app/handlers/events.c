/* events.c: the channel and the task that feeds it; see events.h.
 *
 * The task is the only one that numbers events and changes the ring. Its token trips when all
 * handlers are gone, so nothing that was posted and answered 202 is lost to those who listen.
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

int events_create(weir_time every, weir_time retry, struct events **out)
{
	struct events *events = calloc(1, sizeof *events);
	if (events == NULL)
		return -ENOMEM;
	events->every = every;
	events->retry = retry != 0 ? retry : RETRY_DEFAULT;
	int error = weir_queue_create(POSTED_MAX, &events->posted);
	if (error != 0) {
		free(events);
		return error;
	}
	*out = events;
	return 0;
}

void events_destroy(struct events *events)
{
	if (events == NULL)
		return;
	void *posted;
	while (weir_queue_pop(events->posted, &posted, NULL, 0) == 0)
		free(posted);
	weir_queue_destroy(events->posted);
	for (size_t i = 0; i < EVENTS_KEPT; i++)
		event_unref(events->kept[i]);
	free(events);
}

/* Without memory the event is lost, and its number with it: listeners see the gap. */
static void publish(struct events *events, const char *name, const char *data, size_t size)
{
	/* Only this thread writes `last`, so it may read it without the lock. */
	uint64_t id = events->last + 1;
	struct event *event = event_create(id, name, data, size);
	(void)weir_mutex_lock(&events->lock, NULL, WEIR_NEVER); /* without a token it cannot fail */
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

int events_feed(void *arg, weir_token *token)
{
	struct events *events = arg;
	weir_time next = events->every != 0 ? weir_after(events->every) : WEIR_NEVER;
	uint64_t ticks = 0;
	for (;;) {
		void *item;
		int error = weir_queue_pop(events->posted, &item, token, next);
		if (error == 0) {
			struct posted *posted = item;
			publish(events, posted->name, posted->data, posted->size);
			free(posted);
		} else if (error == -ETIMEDOUT) {
			tick(events, ++ticks);
			do
				next += events->every; /* those that have passed are left out */
			while (next <= weir_now());
		} else {
			return error;
		}
	}
}

int events_routes(weir_server *server, struct events *events, const char *path,
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
	error = weir_server_route(server, get, events_get, events, options);
	if (error == 0)
		error = weir_server_route(server, post, events_post, events, options);
	if (error == 0)
		error = weir_task_start(server, "events", events_feed, events);

free_patterns:
	free(post);
	free(get);
	return error;
}
