/* route_set_private.h: a route kind as route_set.c sees it. */
#ifndef WEIR_APP_ROUTE_SET_PRIVATE_H
#define WEIR_APP_ROUTE_SET_PRIVATE_H

#include "handlers/route_pattern.h"
#include "route_set.h"

struct route_set {
	const struct config *config;
	enum route_set_mode mode;
	const struct route_set *before; /* while it is opened: the set that serves now; or NULL */
	weir_token *token;              /* while it is opened: ends what that waits for; or NULL */
	weir_token *retired;            /* trips when it is not served by any more */
	void **handlers; /* one for each route that is open; the kind knows what it is */
	unsigned opened;
	void *databases[CONFIG_DATABASES_MAX]; /* those that are open; route_query.c */
};

/** What a kind does with a route. Functions return 0 or a negative errno; open() may have written
 *  the line into `error`. A request or a connection that may last ends soon after set->retired has
 *  tripped. */
struct route_kind {
	int (*open)(struct route_set *set, unsigned i, void **out, char error[COMPLAIN_SIZE]);
	int (*add)(void *handler, const struct config_route *route, weir_routes *routes,
		   const struct weir_route_options *options);
	/** Starts the tasks that the handler needs; NULL: none. What it starts ends with close().
	 */
	int (*start)(void *handler, weir_server *server);
	/** The route is served now, whatever the set before it had; NULL: nothing to do. */
	void (*serve)(void *handler, const struct config_route *route);
	/** No request uses it any more. `server_gone`: nor is there a task that does; does not wait
	 *  for one otherwise. */
	void (*close)(void *handler, bool server_gone);
};

extern const struct route_kind route_kind_files;
extern const struct route_kind route_kind_events;
extern const struct route_kind route_kind_run;
extern const struct route_kind route_kind_query;
extern const struct route_kind route_kind_proxy;
extern const struct route_kind route_kind_websocket;

#endif
