/* health.c: is it alive, and should it be sent work? Both run on the acceptor, so they
 * answer when every worker is stuck. */
#include "routes.h"

static int healthz(weir_request *request, weir_response *response, weir_token *token)
{
	(void)request, (void)token;
	return weir_response_printf(response, "ok\n");
}

static int readyz(weir_request *request, weir_response *response, weir_token *token)
{
	(void)token;
	if (weir_server_stopping(weir_request_server(request)))
		return weir_response_error(response, 503, "stopping");
	return weir_response_printf(response, "ready\n");
}

int health_routes(weir_routes *routes)
{
	static const struct weir_route_options options = {
		.run = WEIR_RUN_INLINE,
		.scope = WEIR_SCOPE_BOTH,
	};
	int error = weir_routes_add(routes, "GET /healthz", healthz, NULL, &options);
	return error != 0 ? error : weir_routes_add(routes, "GET /readyz", readyz, NULL, &options);
}
