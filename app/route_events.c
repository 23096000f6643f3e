/* route_events.c: the kind "events" of a configuration. A channel goes on through a reload if there
 * is an events route of the same path again. */
#include "route_set_private.h"

#include "handlers/events.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct channel {
	struct events_route route;
};

static struct events *find_before(const struct route_set *set, const char *path)
{
	const struct route_set *before = set->before;
	for (unsigned i = 0; before != NULL && i < before->opened; i++) {
		const struct config_route *route = &before->config->routes[i];
		const struct channel *channel = before->handlers[i];
		if (route->kind == CONFIG_EVENTS && strcmp(route->path, path) == 0)
			return channel->route.events;
	}
	return NULL;
}

static int open_events(struct route_set *set, unsigned i, void **out, char error[COMPLAIN_SIZE])
{
	(void)error;
	const struct config_route *route = &set->config->routes[i];
	struct channel *channel = calloc(1, sizeof *channel);
	if (channel == NULL)
		return -ENOMEM;
	channel->route.retired = set->retired;
	struct events *before = find_before(set, route->path);
	int problem = 0;
	if (before != NULL)
		channel->route.events = events_share(before);
	else
		problem = events_create(route->every, route->retry, &channel->route.events);
	if (problem != 0)
		free(channel);
	else
		*out = channel;
	return problem;
}

static int add_events(void *handler, const struct config_route *route, weir_routes *routes,
		      const struct weir_route_options *options)
{
	struct channel *channel = handler;
	return events_routes(routes, &channel->route, route->path, options);
}

static int start_events(void *handler, weir_server *server)
{
	struct channel *channel = handler;
	return events_start(server, channel->route.events);
}

static void serve_events(void *handler, const struct config_route *route)
{
	struct channel *channel = handler;
	events_configure(channel->route.events, route->every, route->retry);
}

static void close_events(void *handler, bool server_gone)
{
	struct channel *channel = handler;
	if (server_gone)
		events_destroy(channel->route.events);
	else
		events_release(channel->route.events);
	free(channel);
}

const struct route_kind route_kind_events = {
	.open = open_events,
	.add = add_events,
	.start = start_events,
	.serve = serve_events,
	.close = close_events,
};
