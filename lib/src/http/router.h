/* router.h: from a method and a path to a route.
 *
 * A tree of segments: a literal segment wins over {name}, {name} over {name...}; where the
 * more specific path has no route for the method, the less specific ones are tried. Filled
 * before it serves (http/routes.h), read-only afterwards, so matching takes no lock.
 */
#ifndef WEIR_HTTP_ROUTER_H
#define WEIR_HTTP_ROUTER_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <weir/server.h>

#include "http/route_stats.h"
#include "work/queue.h"

#define WEIR__MAX_PARAMS 8

struct weir__route {
	/* fixed */
	char *pattern; /* as given */
	char *method;  /* "*" for any */
	weir_handler handler;
	void *context;
	struct weir_route_options options;
	char *params[WEIR__MAX_PARAMS]; /* names, in the order of the path */
	size_t param_count;
	struct weir__route *next; /* of the same node */

	/* How long its handler takes: a moving average in nanoseconds, -1 before the first
	 * run. Written by any worker; a lost update does not matter. */
	_Atomic int64_t average;

	struct weir__route_stats stats;

	struct weir__lane lane; /* its share of the queue */
};

struct weir__router_node;

struct weir__router {
	struct weir__router_node *root;
};

/* A piece of the raw path. */
struct weir__capture {
	const char *data;
	size_t size;
};

struct weir__match {
	struct weir__route *route; /* NULL: no route */
	struct weir__capture captures[WEIR__MAX_PARAMS];
	size_t count;
	int path_known; /* without a route: the path exists with other methods */
};

int weir__router_init(struct weir__router *router);
void weir__router_fini(struct weir__router *router);

/* 0, -EINVAL, -EEXIST, -ENOMEM. */
int weir__router_add(struct weir__router *router, const char *pattern, weir_handler handler,
		     void *context, const struct weir_route_options *options);

/* Calls `fn` with each route. */
void weir__router_each(const struct weir__router *router,
		       void (*fn)(void *arg, const struct weir__route *route), void *arg);

/* What is known of a route of the same path, method and scope in `old` goes on in `router`. Both
 * may be in use. */
void weir__router_inherit(struct weir__router *router, const struct weir__router *old);

/* `path` is raw, starts with '/'. `scope` is that of the listener. */
void weir__router_match(const struct weir__router *router, const char *method, const char *path,
			size_t size, enum weir_scope scope, struct weir__match *out);

/* The methods that `path` knows, as the value of Allow (RFC 9110, 10.2.1), cut to fit. */
void weir__router_allow(const struct weir__router *router, const char *path, size_t path_size,
			enum weir_scope scope, char *out, size_t out_size);
/* The methods that any path knows, likewise. */
void weir__router_allow_all(const struct weir__router *router, enum weir_scope scope, char *out,
			    size_t out_size);

#endif
