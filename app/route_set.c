/* route_set.c: see route_set.h. */
#include "route_set_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct route_kind *const kinds[] = {
	[CONFIG_FILES] = &route_kind_files,
	[CONFIG_EVENTS] = &route_kind_events,
#ifdef WEIR_APP_RUN
	[CONFIG_RUN] = &route_kind_run,
#endif
#ifdef WEIR_APP_QUERY
	[CONFIG_QUERY] = &route_kind_query,
#endif
#ifdef WEIR_APP_PROXY
	[CONFIG_PROXY] = &route_kind_proxy,
#endif
#ifdef WEIR_APP_WEBSOCKET
	[CONFIG_WEBSOCKET] = &route_kind_websocket,
#endif
};

/* What a kind cannot do without, for people who do not have it. */
static const char *needs(enum config_kind kind)
{
	switch (kind) {
	case CONFIG_RUN:
		return "the adapter weir-spawn";
	case CONFIG_QUERY:
		return "jansson, or the adapters weir-sqlite and weir-pq";
	case CONFIG_PROXY:
		return "the adapter weir-curl";
	case CONFIG_WEBSOCKET:
		return "the adapter weir-ws";
	default:
		return "it";
	}
}

static const struct route_kind *kind_of(const struct config_route *route)
{
	return (size_t)route->kind < sizeof kinds / sizeof kinds[0] ? kinds[route->kind] : NULL;
}

static int open_route(struct route_set *set, unsigned i, char error[COMPLAIN_SIZE])
{
	const struct config_route *route = &set->config->routes[i];
	const struct route_kind *kind = kind_of(route);
	char place[CONFIG_PLACE_SIZE];
	if (kind == NULL) {
		(void)snprintf(place, sizeof place, "routes[%u].kind", i);
		return config_fail(set->config, error, place,
				   "\"%s\" is not in this weir, which was built without %s: "
				   "expected another kind",
				   config_kind_name(route->kind), needs(route->kind));
	}
	error[0] = '\0';
	int problem = kind->open(set, i, &set->handlers[i], error);
	if (problem != 0 && error[0] == '\0') {
		(void)snprintf(place, sizeof place, "routes[%u]", i);
		(void)config_fail(set->config, error, place, "cannot be set up: %s",
				  strerror(-problem));
	}
	return problem;
}

int route_set_open(const struct config *config, enum route_set_mode mode,
		   const struct route_set *before, weir_token *token, struct route_set **out,
		   char error[COMPLAIN_SIZE])
{
	struct route_set *set = calloc(1, sizeof *set);
	int problem = -ENOMEM;
	if (set == NULL)
		goto say_no_memory;
	set->config = config;
	set->mode = mode;
	set->before = before;
	set->token = token;
	problem = weir_token_create(NULL, WEIR_NEVER, &set->retired);
	if (problem != 0)
		goto close_set;
	problem = -ENOMEM;
	set->handlers = calloc((size_t)config->routes_count + 1, sizeof *set->handlers);
	if (set->handlers == NULL)
		goto close_set;
	for (problem = 0; problem == 0 && set->opened < config->routes_count;) {
		problem = open_route(set, set->opened, error);
		if (problem == 0)
			set->opened++;
	}
	if (problem != 0)
		goto close_set;
	set->before = NULL; /* these may go from here on */
	set->token = NULL;
	*out = set;
	return 0;

close_set:
	route_set_close(set, false);
say_no_memory:
	if (problem == -ENOMEM)
		(void)config_fail(config, error, "routes", "cannot be set up: out of memory");
	return problem;
}

/* What the server says of a route, in words. */
static int fail_add(const struct route_set *set, unsigned i, int problem, char error[COMPLAIN_SIZE])
{
	char place[CONFIG_PLACE_SIZE];
	const char *path = set->config->routes[i].path;
	(void)snprintf(place, sizeof place, "routes[%u].path", i);
	if (problem == -EEXIST)
		(void)config_fail(set->config, error, place,
				  "\"%.80s\": there is a route of this path and method: expected "
				  "another one",
				  path);
	else if (problem == -EINVAL)
		(void)config_fail(set->config, error, place,
				  "\"%.80s\" is not a pattern: expected literal segments, {name}, "
				  "and {name...} at the end",
				  path);
	else
		(void)config_fail(set->config, error, place, "\"%.80s\" cannot be added: %s", path,
				  strerror(-problem));
	return problem;
}

static enum weir_priority priority_of(const struct config_route *route)
{
	switch (route->priority) {
	case CONFIG_PRIORITY_FIRST:
		return WEIR_PRIORITY_FIRST;
	case CONFIG_PRIORITY_HIGH:
		return WEIR_PRIORITY_HIGH;
	case CONFIG_PRIORITY_LOW:
		return WEIR_PRIORITY_LOW;
	default:
		return WEIR_PRIORITY_NORMAL;
	}
}

int route_set_add(struct route_set *set, weir_routes *routes, bool root_taken,
		  char error[COMPLAIN_SIZE])
{
	for (unsigned i = 0; i < set->opened; i++) {
		const struct config_route *route = &set->config->routes[i];
		struct weir_route_options options = {
			.deadline = route->deadline,
			.body_limit = route->body_limit,
			.cancel_at = route->cancel_at == CONFIG_CANCEL_DRAIN
					     ? WEIR_CANCEL_AT_DRAIN
					     : WEIR_CANCEL_AT_SHUTDOWN,
			.priority = priority_of(route),
			.queue = route->queue,
			.queue_age = route->queue_age,
		};
		if (root_taken && route->kind == CONFIG_FILES &&
		    route_pattern_prefix(route->path) == 0)
			continue;
		int problem = kind_of(route)->add(set->handlers[i], route, routes, &options);
		if (problem != 0)
			return fail_add(set, i, problem, error);
	}
	return 0;
}

int route_set_start(struct route_set *set, weir_server *server, char error[COMPLAIN_SIZE])
{
	for (unsigned i = 0; i < set->opened; i++) {
		const struct route_kind *kind = kind_of(&set->config->routes[i]);
		int problem = kind->start != NULL ? kind->start(set->handlers[i], server) : 0;
		if (problem != 0) {
			char place[CONFIG_PLACE_SIZE];
			(void)snprintf(place, sizeof place, "routes[%u]", i);
			(void)config_fail(set->config, error, place,
					  "its task cannot be started: %s", strerror(-problem));
			return problem;
		}
	}
	return 0;
}

void route_set_serve(struct route_set *set)
{
	for (unsigned i = 0; i < set->opened; i++) {
		const struct config_route *route = &set->config->routes[i];
		if (kind_of(route)->serve != NULL)
			kind_of(route)->serve(set->handlers[i], route);
	}
}

void route_set_retire(struct route_set *set)
{
	if (set != NULL)
		(void)weir_token_cancel(set->retired, WEIR_REASON_DRAINING, "reload");
}

void route_set_close(struct route_set *set, bool server_gone)
{
	if (set == NULL)
		return;
	while (set->handlers != NULL && set->opened > 0) {
		set->opened--;
		kind_of(&set->config->routes[set->opened])
			->close(set->handlers[set->opened], server_gone);
	}
	free(set->handlers);
	weir_token_unref(set->retired);
	free(set);
}
