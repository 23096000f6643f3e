/* route_websocket.c: the kind "websocket" of a configuration. Its connections go on through a
 * reload if there is a route of the same path, mode and origins again; else they are told to go
 * when the set retires. */
#include "route_set_private.h"

#include "handlers/websocket.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct socket_route {
	struct websocket *websocket;
	weir_token_callback on_retire;
};

static bool is_same(const struct config_route *one, const struct config_route *other)
{
	if (one->kind != other->kind || one->mode != other->mode ||
	    strcmp(one->path, other->path) != 0 || one->origins_count != other->origins_count)
		return false;
	for (unsigned i = 0; i < one->origins_count; i++) {
		if (strcmp(one->origins[i], other->origins[i]) != 0)
			return false;
	}
	return true;
}

static struct websocket *find_before(const struct route_set *set, const struct config_route *route)
{
	const struct route_set *before = set->before;
	for (unsigned i = 0; before != NULL && i < before->opened; i++) {
		const struct socket_route *socket = before->handlers[i];
		if (is_same(route, &before->config->routes[i]))
			return socket->websocket;
	}
	return NULL;
}

/* The name of the first parameter of a path: "room" of "/rooms/{room}". NULL: none, or no
 * memory (*problem). */
static char *parameter_of(const char *path, int *problem)
{
	const char *begin = strchr(path, '{');
	*problem = 0;
	if (begin == NULL)
		return NULL;
	char *name = strndup(begin + 1, strcspn(begin + 1, ".}"));
	if (name == NULL)
		*problem = -ENOMEM;
	return name;
}

static int create(const struct config_route *route, struct websocket **out)
{
	enum websocket_mode mode = route->mode == CONFIG_WS_ROOM ? WEBSOCKET_ROOM : WEBSOCKET_ECHO;
	const char **origins = NULL;
	int problem;
	char *parameter = parameter_of(route->path, &problem);
	if (problem == 0 && route->origins_count > 0) {
		origins = calloc((size_t)route->origins_count + 1, sizeof *origins);
		if (origins == NULL)
			problem = -ENOMEM;
		for (unsigned i = 0; origins != NULL && i < route->origins_count; i++)
			origins[i] = route->origins[i];
	}
	if (problem == 0)
		problem = websocket_create(mode, parameter, origins, out);
	free(origins);
	free(parameter);
	return problem;
}

static void retire(void *arg)
{
	struct socket_route *socket = arg;
	websocket_retire(socket->websocket);
}

static int open_websocket(struct route_set *set, unsigned i, void **out, char error[COMPLAIN_SIZE])
{
	(void)error;
	const struct config_route *route = &set->config->routes[i];
	struct socket_route *socket = calloc(1, sizeof *socket);
	if (socket == NULL)
		return -ENOMEM;
	struct websocket *before = find_before(set, route);
	int problem = 0;
	if (before != NULL)
		socket->websocket = websocket_share(before);
	else
		problem = create(route, &socket->websocket);
	if (problem != 0) {
		free(socket);
		return problem;
	}
	weir_token_callback_add(set->retired, &socket->on_retire, retire, socket);
	*out = socket;
	return 0;
}

static int add_websocket(void *handler, const struct config_route *route, weir_routes *routes,
			 const struct weir_route_options *options)
{
	struct socket_route *socket = handler;
	return websocket_route(routes, route->path, socket->websocket, options);
}

static void close_websocket(void *handler, bool server_gone)
{
	(void)server_gone;
	struct socket_route *socket = handler;
	(void)weir_token_callback_remove(&socket->on_retire); /* not from inside it: cannot fail */
	websocket_release(socket->websocket);
	free(socket);
}

const struct route_kind route_kind_websocket = {
	.open = open_websocket,
	.add = add_websocket,
	.close = close_websocket,
};
