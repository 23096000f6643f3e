/* routes.c: weir/routes.h, as far as a server has to do with it.
 *
 * A server has one table at any time. Before the start it is exchanged under the server's lock;
 * afterwards on the acceptor's thread, which routes: one that was swapped in is used from the
 * next header on, and no request is ever between two tables.
 */
#include <weir/routes.h>

#include <errno.h>

#include "server/server_private.h"

int weir__routes_init(struct weir_server *server)
{
	int error = weir_routes_create(&server->routes);

	return error ? error : weir__routes_claim(server->routes);
}

static int add(weir_routes *routes, const char *pattern, weir_handler handler, void *context,
	       const struct weir_route_options *options)
{
	struct weir_route_options resolved = {0};
	int error;

	if (!pattern || !handler)
		return -EINVAL;
	if (options)
		resolved = *options;
	error = weir__route_options_resolve(&resolved);
	return error ? error
		     : weir__router_add(&routes->router, pattern, handler, context, &resolved);
}

int weir_routes_add(weir_routes *routes, const char *pattern, weir_handler handler, void *context,
		    const struct weir_route_options *options)
{
	if (atomic_load_explicit(&routes->state, memory_order_acquire) != WEIR__ROUTES_FRESH)
		return -EBUSY;
	return add(routes, pattern, handler, context, options);
}

int weir_server_route(weir_server *server, const char *pattern, weir_handler handler, void *context,
		      const struct weir_route_options *options)
{
	bool begun;

	(void)pthread_mutex_lock(&server->lock);
	begun = server->state != WEIR__CREATED;
	(void)pthread_mutex_unlock(&server->lock);
	return begun ? -EBUSY : add(server->routes, pattern, handler, context, options);
}

struct swap {
	struct weir_server *server;
	weir_routes *routes, *old;
	int error;
};

static void exchange(struct swap *swap)
{
	swap->old = swap->server->routes;
	weir__router_inherit(&swap->routes->router, &swap->old->router);
	swap->server->routes = swap->routes;
}

static void swap_running(struct weir__acceptor *acceptor, void *arg)
{
	struct swap *swap = arg;

	/* Once a stop was asked for the acceptor may be gone, and this runs somewhere else. */
	if (weir_server_stopping(swap->server)) {
		swap->error = -ECANCELED;
		return;
	}
	exchange(swap);
	acceptor->routes = swap->routes;
	weir__routes_retire(swap->old);
}

/* False: it has been started, and is to be asked on the acceptor's thread. */
static bool swap_unstarted(struct swap *swap)
{
	struct weir_server *server = swap->server;
	bool done;

	(void)pthread_mutex_lock(&server->lock);
	while (server->state == WEIR__STARTING || server->state == WEIR__FAILING)
		(void)pthread_cond_wait(&server->stopped, &server->lock);
	done = server->state == WEIR__CREATED;
	if (done && weir_server_stopping(server)) {
		swap->error = -ECANCELED;
	} else if (done) {
		exchange(swap);
		weir__routes_retire(swap->old);
	}
	(void)pthread_mutex_unlock(&server->lock);
	return done;
}

int weir_server_swap_routes(weir_server *server, weir_routes *routes, weir_routes **old)
{
	struct swap swap = {.server = server, .routes = routes};

	if (!routes || !old)
		return -EINVAL;
	if (weir__routes_claim(routes))
		return -EBUSY;
	if (!swap_unstarted(&swap))
		weir__acceptor_call(&server->acceptor, swap_running, &swap);
	if (swap.error) {
		weir__routes_unclaim(routes);
		return swap.error;
	}
	*old = swap.old;
	return 0;
}
