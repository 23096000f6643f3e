/* events.h: server-sent events (HTML Standard, 9.2), fed by a background task.
 *
 *	GET   a stream of events, from now on or from the one after Last-Event-ID
 *	POST  publishes its body as one event; ?event=NAME names it
 *
 * Handlers put what is posted on a queue; one task, which outlives them, takes it from there,
 * numbers it, keeps the last EVENTS_KEPT events and wakes the streams. If asked, it
 * publishes a "tick" at a fixed period too. When a stop begins, each stream sends a last event
 * whose "retry:" says when to come back, and ends. When the routes are exchanged (weir/routes.h)
 * the streams of the old ones end likewise, but the channel goes on: a client that comes back with
 * Last-Event-ID has missed nothing.
 *
 * Each stream holds a worker.
 */
#ifndef WEIR_APP_EVENTS_H
#define WEIR_APP_EVENTS_H

#include <weir/routes.h>

/** How many events a client that comes back can still be given. */
#define EVENTS_KEPT 256

struct events;

/** A channel at a path of one table of routes. Fixed; outlives the table. */
struct events_route {
	struct events *events;
	weir_token *retired; /* trips when the table was swapped out; may be NULL */
};

/** Makes a channel with one user. `every`: the period of ticks, 0: none. `retry`: when clients
 *  shall come back, 0: 3 s. Returns 0 or -ENOMEM. */
int events_create(weir_time every, weir_time retry, struct events **out);

/** Another user of the channel. */
struct events *events_share(struct events *events);

/** Other periods from now on. Any thread. */
void events_configure(struct events *events, weir_time every, weir_time retry);

/** Starts the task, if there is none. Returns what weir_task_start() said. */
int events_start(weir_server *server, struct events *events);

/** Adds the routes at `path`. `options` may be NULL. */
int events_routes(weir_routes *routes, struct events_route *route, const char *path,
		  const struct weir_route_options *options);

/** One user less; with the last one it is freed, and its task ends. NULL is ignored. */
void events_release(struct events *events);

/** The same when the server is gone, or was never started. */
void events_destroy(struct events *events);

/** The handlers, with a struct events_route as their context, and the task. */
int events_get(weir_request *request, weir_response *response, weir_token *token);
int events_post(weir_request *request, weir_response *response, weir_token *token);
int events_feed(void *events, weir_token *token);

#endif
