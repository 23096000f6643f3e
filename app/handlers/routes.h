/* routes.h: the routes of the binary besides the files; each adds its own to a server, before
 * the start, and returns 0 or what weir_server_route() said. */
#ifndef WEIR_APP_ROUTES_H
#define WEIR_APP_ROUTES_H

#include <weir/server.h>

/** /healthz and /readyz, on every listener. */
int health_routes(weir_server *server);

/** /metrics, /status and POST /shutdown, on admin listeners. */
int admin_routes(weir_server *server);

/** /debug/..., on public listeners. */
int debug_routes(weir_server *server);

/** POST /debug/echo: part of debug_routes(). */
int debug_echo(weir_request *request, weir_response *response, weir_token *token);

#endif
