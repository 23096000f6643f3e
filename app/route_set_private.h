/* route_set_private.h: a route kind as route_set.c sees it. */
#ifndef WEIR_APP_ROUTE_SET_PRIVATE_H
#define WEIR_APP_ROUTE_SET_PRIVATE_H

#include "handlers/route_pattern.h"
#include "route_set.h"

struct route_set {
	const struct config *config;
	enum route_set_mode mode;
	void **handlers; /* one for each route that is open; the kind knows what it is */
	unsigned opened;
	void *databases[CONFIG_DATABASES_MAX]; /* those that are open; route_query.c */
};

/** What a kind does with a route. Returns 0 or a negative errno; open() may have written the
 *  line into `error`. */
struct route_kind {
	int (*open)(struct route_set *set, unsigned i, void **out, char error[COMPLAIN_SIZE]);
	int (*add)(void *handler, const struct config_route *route, weir_server *server,
		   const struct weir_route_options *options);
	void (*close)(void *handler);
};

extern const struct route_kind route_kind_files;
extern const struct route_kind route_kind_events;
extern const struct route_kind route_kind_run;
extern const struct route_kind route_kind_query;
extern const struct route_kind route_kind_proxy;

#endif
