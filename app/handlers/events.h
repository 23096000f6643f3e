/* events.h: server-sent events (HTML Standard, 9.2), fed by a background task.
 *
 *	GET   a stream of events, from now on or from the one after Last-Event-ID
 *	POST  publishes its body as one event; ?event=NAME names it
 *
 * Handlers put what is posted on a queue; one task, which outlives them, takes it from there,
 * numbers it, keeps the last EVENTS_KEPT events and wakes the streams. If asked, it
 * publishes a "tick" at a fixed period too. When a stop begins, each stream sends a last event
 * whose "retry:" says when to come back, and ends.
 *
 * Each stream holds a worker.
 */
#ifndef WEIR_APP_EVENTS_H
#define WEIR_APP_EVENTS_H

#include <weir/server.h>

/** How many events a client that comes back can still be given. */
#define EVENTS_KEPT 256

struct events;

/** Makes a channel. `every`: the period of ticks, 0: none. `retry`: when clients shall come back,
 *  0: 3 s. Returns 0 or -ENOMEM. */
int events_create(weir_time every, weir_time retry, struct events **out);

/** Adds the routes at `path` and starts the task. `options` may be NULL. */
int events_routes(weir_server *server, struct events *events, const char *path,
		  const struct weir_route_options *options);

/** The server is gone, or was never started. NULL is ignored. */
void events_destroy(struct events *events);

/** The handlers, with a struct events as their context, and the task. */
int events_get(weir_request *request, weir_response *response, weir_token *token);
int events_post(weir_request *request, weir_response *response, weir_token *token);
int events_feed(void *events, weir_token *token);

#endif
