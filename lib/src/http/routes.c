/* routes.c: see routes.h. */
#include "http/routes.h"

#include <errno.h>
#include <stdlib.h>

int weir_routes_create(weir_routes **out)
{
	weir_routes *routes = calloc(1, sizeof(*routes));
	int error;

	if (!routes)
		return -ENOMEM;
	error = weir__router_init(&routes->router);
	if (error) {
		free(routes);
		return error;
	}
	*out = routes;
	return 0;
}

void weir_routes_destroy(weir_routes *routes)
{
	if (!routes)
		return;
	weir__router_fini(&routes->router);
	free(routes);
}

/* The states are told apart by threads that have nothing else to do with one another; what they
 * hand over goes through the acceptor's mailbox or the server's lock. */
int weir__routes_claim(weir_routes *routes)
{
	int fresh = WEIR__ROUTES_FRESH;

	return atomic_compare_exchange_strong_explicit(&routes->state, &fresh, WEIR__ROUTES_SERVING,
						       memory_order_acq_rel, memory_order_relaxed)
		       ? 0
		       : -EBUSY;
}

void weir__routes_unclaim(weir_routes *routes)
{
	atomic_store_explicit(&routes->state, WEIR__ROUTES_FRESH, memory_order_release);
}

void weir__routes_idle(weir_routes *routes)
{
	(void)weir_mutex_lock(&routes->lock, NULL, WEIR_NEVER); /* without a token it cannot fail */
	routes->idle = true;
	weir_cond_broadcast(&routes->gone);
	weir_mutex_unlock(&routes->lock);
}

void weir__routes_retire(weir_routes *routes)
{
	atomic_store_explicit(&routes->state, WEIR__ROUTES_RETIRED, memory_order_release);
	if (routes->users == 0)
		weir__routes_idle(routes);
}

int weir_routes_wait(weir_routes *routes, weir_time deadline, weir_token *token)
{
	/* Acquire: with the release of who has made it so. */
	int state = atomic_load_explicit(&routes->state, memory_order_acquire);
	int error;

	if (state == WEIR__ROUTES_FRESH)
		return 0;
	if (state == WEIR__ROUTES_SERVING)
		return -EINVAL;
	error = weir_mutex_lock(&routes->lock, token, deadline);
	if (error)
		return error;
	while (!routes->idle && !error)
		error = weir_cond_wait(&routes->gone, &routes->lock, token, deadline);
	if (routes->idle)
		error = 0;
	weir_mutex_unlock(&routes->lock);
	return error;
}
