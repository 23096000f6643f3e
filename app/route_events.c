/* route_events.c: the kind "events" of a configuration. */
#include "route_set_private.h"

#include "handlers/events.h"

static int open_events(struct route_set *set, unsigned i, void **out, char error[COMPLAIN_SIZE])
{
	(void)error;
	const struct config_route *route = &set->config->routes[i];
	struct events *events;
	int problem = events_create(route->every, route->retry, &events);
	if (problem == 0)
		*out = events;
	return problem;
}

static int add_events(void *handler, const struct config_route *route, weir_server *server,
		      const struct weir_route_options *options)
{
	return events_routes(server, handler, route->path, options);
}

static void close_events(void *handler)
{
	events_destroy(handler);
}

const struct route_kind route_kind_events = {open_events, add_events, close_events};
