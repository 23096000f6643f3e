/* router.c: the tree of routes: filled, handed on to the next one, freed; router_match.c looks into
 * it for a request. See router.h.
 */
#include "http/router_private.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "http/check.h"

int weir__router_init(struct weir__router *router)
{
	router->root = calloc(1, sizeof(*router->root));
	return router->root ? 0 : -ENOMEM;
}

static void free_route(struct weir__route *route)
{
	size_t i;

	for (i = 0; i < route->param_count; i++)
		free(route->params[i]);
	free(route->method);
	free(route->pattern);
	free(route);
}

static void free_node(struct weir__router_node *node)
{
	if (!node)
		return;
	while (node->children) {
		struct weir__router_node *child = node->children;

		node->children = child->next;
		free_node(child);
	}
	free_node(node->param);
	free_node(node->rest);
	while (node->routes) {
		struct weir__route *route = node->routes;

		node->routes = route->next;
		free_route(route);
	}
	free(node->segment);
	free(node);
}

void weir__router_fini(struct weir__router *router)
{
	free_node(router->root);
	router->root = NULL;
}

static int branch(struct weir__router_node **at)
{
	if (!*at)
		*at = calloc(1, sizeof(**at));
	return *at ? 0 : -ENOMEM;
}

static int branch_literal(struct weir__router_node *node, const char *segment, size_t size,
			  struct weir__router_node **out)
{
	struct weir__router_node *child;

	for (child = node->children; child; child = child->next)
		if (strlen(child->segment) == size && memcmp(child->segment, segment, size) == 0) {
			*out = child;
			return 0;
		}
	child = calloc(1, sizeof(*child));
	if (!child)
		return -ENOMEM;
	child->segment = strndup(segment, size);
	if (!child->segment) {
		free(child);
		return -ENOMEM;
	}
	child->next = node->children;
	node->children = child;
	*out = child;
	return 0;
}

static int add_param(struct weir__route *route, const char *name, size_t size)
{
	size_t i;

	if (size == 0 || route->param_count == WEIR__MAX_PARAMS || memchr(name, '{', size))
		return -EINVAL;
	for (i = 0; i < route->param_count; i++)
		if (strlen(route->params[i]) == size && !memcmp(route->params[i], name, size))
			return -EINVAL;
	route->params[route->param_count] = strndup(name, size);
	if (!route->params[route->param_count])
		return -ENOMEM;
	route->param_count++;
	return 0;
}

/* Follows one segment of a pattern. */
static int follow_segment(struct weir__router_node **at, struct weir__route *route,
			  const char *segment, size_t size, bool last)
{
	int error;

	if (size == 0 || segment[0] != '{') {
		if (memchr(segment, '{', size) || memchr(segment, '}', size))
			return -EINVAL;
		return branch_literal(*at, segment, size, at);
	}
	if (segment[size - 1] != '}')
		return -EINVAL;
	if (size >= 5 && memcmp(segment + size - 4, "...}", 4) == 0) {
		if (!last)
			return -EINVAL;
		error = add_param(route, segment + 1, size - 5);
		if (error)
			return error;
		error = branch(&(*at)->rest);
		*at = (*at)->rest;
		return error;
	}
	error = add_param(route, segment + 1, size - 2);
	if (error)
		return error;
	error = branch(&(*at)->param);
	*at = (*at)->param;
	return error;
}

static int follow_path(struct weir__router_node **at, struct weir__route *route, const char *path)
{
	int segments = 0;

	while (*path) {
		size_t size;
		int error;

		path++; /* the slash */
		size = strcspn(path, "/");
		if (++segments > WEIR__MAX_SEGMENTS)
			return -EINVAL;
		error = follow_segment(at, route, path, size, path[size] == '\0');
		if (error)
			return error;
		path += size;
	}
	return 0;
}

static bool overlap(const struct weir__route *a, const struct weir__route *b)
{
	enum weir_scope x = a->options.scope, y = b->options.scope;

	return strcmp(a->method, b->method) == 0 &&
	       (x == y || x == WEIR_SCOPE_BOTH || y == WEIR_SCOPE_BOTH);
}

int weir__router_add(struct weir__router *router, const char *pattern, weir_handler handler,
		     void *context, const struct weir_route_options *options)
{
	const char *space = strchr(pattern, ' ');
	struct weir__router_node *at = router->root;
	struct weir__route *route, *other;
	int error = -ENOMEM;

	if (!space || space[1] != '/' || strchr(space + 1, ' '))
		return -EINVAL;
	route = calloc(1, sizeof(*route));
	if (!route)
		return -ENOMEM;
	route->pattern = strdup(pattern);
	route->method = strndup(pattern, (size_t)(space - pattern));
	route->handler = handler;
	route->context = context;
	route->options = *options;
	atomic_init(&route->average, -1);
	if (!route->pattern || !route->method)
		goto free_route;
	weir__lane_init(&route->lane, route->pattern, options->queue, options->queue_age);
	error = weir__is_token(route->method) ? follow_path(&at, route, space + 1) : -EINVAL;
	if (error)
		goto free_route;
	for (other = at->routes; other; other = other->next)
		if (overlap(other, route)) {
			error = -EEXIST;
			goto free_route;
		}
	route->next = at->routes;
	at->routes = route;
	return 0;

free_route:
	free_route(route);
	return error;
}

static void inherit_routes(struct weir__route *route, const struct weir__route *old)
{
	for (; route; route = route->next) {
		const struct weir__route *other = old;

		while (other && (strcmp(other->method, route->method) != 0 ||
				 other->options.scope != route->options.scope))
			other = other->next;
		if (!other)
			continue;
		atomic_store_explicit(&route->average,
				      atomic_load_explicit(&other->average, memory_order_relaxed),
				      memory_order_relaxed);
		weir__stats_copy(&route->stats, &other->stats);
	}
}

/* As deep as a pattern has segments, which are bounded. */
static void inherit_node(struct weir__router_node *node, const struct weir__router_node *old)
{
	struct weir__router_node *child;

	if (!node || !old)
		return;
	inherit_routes(node->routes, old->routes);
	inherit_node(node->param, old->param);
	inherit_node(node->rest, old->rest);
	for (child = node->children; child; child = child->next) {
		const struct weir__router_node *other = old->children;

		while (other && strcmp(other->segment, child->segment) != 0)
			other = other->next;
		inherit_node(child, other);
	}
}

void weir__router_inherit(struct weir__router *router, const struct weir__router *old)
{
	inherit_node(router->root, old->root);
}

/* As deep as a pattern has segments, which are bounded. */
static void each_in(const struct weir__router_node *node,
		    void (*fn)(void *arg, const struct weir__route *route), void *arg)
{
	const struct weir__router_node *child;
	const struct weir__route *route;

	if (!node)
		return;
	for (route = node->routes; route; route = route->next)
		fn(arg, route);
	for (child = node->children; child; child = child->next)
		each_in(child, fn, arg);
	each_in(node->param, fn, arg);
	each_in(node->rest, fn, arg);
}

void weir__router_each(const struct weir__router *router,
		       void (*fn)(void *arg, const struct weir__route *route), void *arg)
{
	each_in(router->root, fn, arg);
}
