/* route_proxy.c: the kind "proxy" of a configuration. Each route has a client of its own, so
 * that one upstream's idle connections do not crowd out another's. */
#include "route_set_private.h"

#include "handlers/proxy.h"

#include <errno.h>
#include <stdlib.h>

#include <weir/curl.h>

static int open_proxy(struct route_set *set, unsigned i, void **out, char error[COMPLAIN_SIZE])
{
	(void)error;
	const struct config_route *route = &set->config->routes[i];
	struct proxy *proxy = malloc(sizeof *proxy);
	if (proxy == NULL)
		return -ENOMEM;
	*proxy = (struct proxy){
		.upstream = route->upstream,
		.path = route->path,
		.preserve_host = route->preserve_host,
	};
	int problem = weir_curl_create(NULL, &proxy->client);
	if (problem != 0) {
		free(proxy);
		return problem;
	}
	*out = proxy;
	return 0;
}

static int add_proxy(void *handler, const struct config_route *route, weir_routes *routes,
		     const struct weir_route_options *options)
{
	return proxy_route(routes, route->method != NULL ? route->method : "*", route->path,
			   handler, options);
}

static void close_proxy(void *handler, bool server_gone)
{
	(void)server_gone;
	struct proxy *proxy = handler;
	weir_curl_destroy(proxy->client);
	free(proxy);
}

const struct route_kind route_kind_proxy = {
	.open = open_proxy, .add = add_proxy, .close = close_proxy};
