/* router_match.c: a walk through the tree of routes for a path: its route, and the methods it
 * knows.
 *
 * The tree is not changed any more (router.h), so any number of threads may walk.
 */
#include "http/router_private.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "http/target.h"

/* One walk through the tree for one path. `visit` is called with each node whose path
 * matches, the most specific first, until it returns true. */
struct walk {
	enum weir_scope scope;
	const char *method;
	bool (*visit)(struct walk *walk, const struct weir__router_node *node);
	struct weir__match *match;
	struct weir__capture captures[WEIR__MAX_SEGMENTS];
	size_t count;
	char *allow;
	size_t allow_size;
};

static bool in_scope(const struct weir__route *route, enum weir_scope scope)
{
	return route->options.scope == scope || route->options.scope == WEIR_SCOPE_BOTH;
}

/* Whether a raw segment is the literal, escapes decoded. */
static bool is_literal(const char *segment, size_t size, const char *literal)
{
	char decoded[256];

	if (!memchr(segment, '%', size))
		return strlen(literal) == size && memcmp(segment, literal, size) == 0;
	return size < sizeof(decoded) && weir__percent_decode(decoded, segment, size, false) >= 0 &&
	       strcmp(decoded, literal) == 0;
}

static bool descend(struct walk *walk, const struct weir__router_node *node, const char *path,
		    const char *end)
{
	const struct weir__router_node *child;
	const char *slash;
	size_t size;

	if (path == end)
		return node->routes && walk->visit(walk, node);
	path++; /* the slash */
	slash = memchr(path, '/', (size_t)(end - path));
	size = (size_t)((slash ? slash : end) - path);
	for (child = node->children; child; child = child->next)
		if (is_literal(path, size, child->segment) &&
		    descend(walk, child, path + size, end))
			return true;
	if (node->param && size > 0 && walk->count < WEIR__MAX_PARAMS) {
		walk->captures[walk->count++] = (struct weir__capture){path, size};
		if (descend(walk, node->param, path + size, end))
			return true;
		walk->count--;
	}
	if (node->rest && walk->count < WEIR__MAX_PARAMS) {
		walk->captures[walk->count++] = (struct weir__capture){path, (size_t)(end - path)};
		if (walk->visit(walk, node->rest))
			return true;
		walk->count--;
	}
	return false;
}

static const struct weir__route *find_method(const struct weir__router_node *node,
					     const char *method, enum weir_scope scope)
{
	const struct weir__route *route;

	for (route = node->routes; route; route = route->next)
		if (in_scope(route, scope) && strcmp(route->method, method) == 0)
			return route;
	return NULL;
}

static bool visit_for_route(struct walk *walk, const struct weir__router_node *node)
{
	const struct weir__route *route = find_method(node, walk->method, walk->scope);

	if (!route && strcmp(walk->method, "HEAD") == 0)
		route = find_method(node, "GET", walk->scope);
	if (!route)
		route = find_method(node, "*", walk->scope);
	if (!route) {
		for (route = node->routes; route; route = route->next)
			if (in_scope(route, walk->scope))
				walk->match->path_known = 1;
		return false;
	}
	walk->match->route = (struct weir__route *)route;
	walk->match->count = walk->count;
	memcpy(walk->match->captures, walk->captures, walk->count * sizeof(walk->captures[0]));
	return true;
}

void weir__router_match(const struct weir__router *router, const char *method, const char *path,
			size_t size, enum weir_scope scope, struct weir__match *out)
{
	struct walk walk = {.method = method, .visit = visit_for_route, .match = out};

	walk.scope = scope;
	out->route = NULL;
	out->count = 0;
	out->path_known = 0;
	(void)descend(&walk, router->root, path, path + size);
}

static bool has_method(const char *allow, const char *method)
{
	size_t size = strlen(method);
	const char *at = allow;

	while ((at = strstr(at, method))) {
		if ((at == allow || at[-1] == ' ') && (at[size] == ',' || at[size] == '\0'))
			return true;
		at += size;
	}
	return false;
}

static void allow_method(struct walk *walk, const char *method)
{
	size_t used = strlen(walk->allow);

	/* Half a name would be another method. */
	if (!has_method(walk->allow, method) && used + strlen(method) + 2 < walk->allow_size)
		(void)snprintf(walk->allow + used, walk->allow_size - used, "%s%s",
			       used ? ", " : "", method);
}

static bool visit_for_methods(struct walk *walk, const struct weir__router_node *node)
{
	const struct weir__route *route;

	for (route = node->routes; route; route = route->next) {
		if (!in_scope(route, walk->scope) || strcmp(route->method, "*") == 0)
			continue;
		allow_method(walk, route->method);
		if (strcmp(route->method, "GET") == 0)
			allow_method(walk, "HEAD");
	}
	return false;
}

void weir__router_allow(const struct weir__router *router, const char *path, size_t path_size,
			enum weir_scope scope, char *out, size_t out_size)
{
	struct walk walk = {.visit = visit_for_methods, .allow = out, .allow_size = out_size};

	walk.scope = scope;
	out[0] = '\0';
	(void)descend(&walk, router->root, path, path + path_size);
}

/* As deep as a pattern has segments, which are bounded. */
static void visit_all(struct walk *walk, const struct weir__router_node *node)
{
	const struct weir__router_node *child;

	(void)visit_for_methods(walk, node);
	for (child = node->children; child; child = child->next)
		visit_all(walk, child);
	if (node->param)
		visit_all(walk, node->param);
	if (node->rest)
		visit_all(walk, node->rest);
}

void weir__router_allow_all(const struct weir__router *router, enum weir_scope scope, char *out,
			    size_t out_size)
{
	struct walk walk = {.allow = out, .allow_size = out_size};

	walk.scope = scope;
	(void)snprintf(out, out_size, "OPTIONS");
	visit_all(&walk, router->root);
}
