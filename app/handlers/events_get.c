/* events_get.c: GET: a stream of events, until the client goes, a stop begins or the route is
 * exchanged.
 *
 * Three tokens end the wait for news: the request's own (the client has gone: return what that
 * gave), the drain token and the route's (say goodbye, and return 0). A token linked to all wakes
 * for each.
 */
#include "../number.h"
#include "events_private.h"
#include "problem.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* How many events are taken from the ring at a time. */
#define BATCH 16

struct listener {
	struct events *events;
	weir_response *response;
	uint64_t seen; /* number of the last event that it was given, or is not to get */
};

static int write_text(struct listener *listener, const char *text)
{
	return weir_response_write(listener->response, text, strlen(text));
}

/* Events that left the ring before this listener came to them. */
static int tell_lost(struct listener *listener, uint64_t count)
{
	char line[96];
	(void)snprintf(line, sizeof line, "event: lost\ndata: {\"lost\":%" PRIu64 "}\n\n", count);
	return write_text(listener, line);
}

/* Waits for events and takes references to some. Returns how many, or -ECANCELED. */
static int take(struct listener *listener, weir_token *token, struct event *batch[BATCH],
		uint64_t *lost)
{
	struct events *events = listener->events;
	int error = weir_mutex_lock(&events->lock, token, WEIR_NEVER);
	if (error != 0)
		return error;
	while (error == 0 && events->last == listener->seen)
		error = weir_cond_wait(&events->news, &events->lock, token, WEIR_NEVER);
	int count = 0;
	*lost = 0;
	if (error == 0 && events->last - listener->seen > EVENTS_KEPT) {
		*lost = events->last - EVENTS_KEPT - listener->seen;
		listener->seen += *lost;
	}
	while (error == 0 && count < BATCH && listener->seen < events->last) {
		struct event *event = events->kept[++listener->seen % EVENTS_KEPT];
		if (event == NULL) {
			++*lost;
			continue;
		}
		/* Relaxed: the lock orders it after the event was made. */
		(void)atomic_fetch_add_explicit(&event->references, 1, memory_order_relaxed);
		batch[count++] = event;
	}
	weir_mutex_unlock(&events->lock);
	return error != 0 ? error : count;
}

/* Sends news until `token` trips, or sending fails. */
static int follow(struct listener *listener, weir_token *token)
{
	for (;;) {
		struct event *batch[BATCH];
		uint64_t lost = 0;
		int count = take(listener, token, batch, &lost);
		if (count < 0)
			return count;
		int error = lost > 0 ? tell_lost(listener, lost) : 0;
		for (int i = 0; i < count; i++) {
			/* take() has filled in as many as it says. */
			/* NOLINTBEGIN(clang-analyzer-core.*) */
			if (error == 0)
				error = weir_response_write(listener->response, batch[i]->text,
							    batch[i]->size);
			/* NOLINTEND(clang-analyzer-core.*) */
			event_unref(batch[i]);
		}
		if (error != 0)
			return error;
	}
}

static int say_goodbye(struct listener *listener)
{
	char text[96];
	(void)snprintf(
		text, sizeof text, "retry: %jd\nevent: stopping\ndata: {}\n\n",
		(intmax_t)(atomic_load_explicit(&listener->events->retry, memory_order_relaxed) /
			   WEIR_MILLISECOND));
	return write_text(listener, text);
}

static int stream(struct listener *listener, weir_request *request, weir_token *token)
{
	const struct events_route *route = weir_request_context(request);
	weir_token *const all[] = {token, weir_request_drain_token(request), route->retired};
	weir_token *any;
	int error = weir_token_create_linked(all, route->retired != NULL ? 3 : 2, &any);
	if (error != 0)
		return error;
	error = weir_response_stream(listener->response, -1);
	if (error == 0) /* something to send at once, so that the client sees it is connected */
		error = write_text(listener, ": connected\n\n");
	weir_request_note(request, "sending events");
	if (error == 0)
		error = follow(listener, any);
	if (error == -ECANCELED && weir_token_check(token) == 0)
		error = say_goodbye(listener);
	weir_token_unref(any);
	return error;
}

/* Where to begin: after the event that the client has seen last, or now. Returns 0, or 1 if the
 * field is no number. */
static int begin_at(struct listener *listener, const weir_request *request, uint64_t last)
{
	const char *field = weir_request_header(request, "Last-Event-ID");
	listener->seen = last;
	if (field == NULL)
		return 0;
	uint64_t seen;
	if (number_parse(field, 0, UINT64_MAX, &seen) != 0)
		return 1;
	/* A number of the future is of an earlier life of this server: begin now. */
	if (seen < last)
		listener->seen = seen;
	return 0;
}

int events_get(weir_request *request, weir_response *response, weir_token *token)
{
	const struct events_route *route = weir_request_context(request);
	struct events *events = route->events;
	struct listener listener = {.events = events, .response = response};
	int error = weir_mutex_lock(&events->lock, token, WEIR_NEVER);
	if (error != 0)
		return error;
	uint64_t last = events->last;
	weir_mutex_unlock(&events->lock);
	if (begin_at(&listener, request, last) != 0)
		return problem(response, 400, "Last-Event-ID must be a number");

	error = weir_response_header(response, "Content-Type", "text/event-stream");
	if (error == 0)
		error = weir_response_header(response, "Cache-Control", "no-store");
	if (error != 0 || strcmp(weir_request_method(request), "HEAD") == 0)
		return error;
	return stream(&listener, request, token);
}
