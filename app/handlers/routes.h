/* routes.h: the routes of the binary besides the files; each adds its own to a table and returns 0
 * or what weir_routes_add() said. A table lives as long as a configuration: what routes share for
 * longer stands in struct admin. */
#ifndef WEIR_APP_ROUTES_H
#define WEIR_APP_ROUTES_H

#include "../admin_token.h"

#include <stdatomic.h>

#include <weir/rehearse.h>
#include <weir/routes.h>

struct control;
struct reload;
struct upgrade;
struct reload_history;

/** The rehearsal that POST /rehearse has asked for; of rehearse.c alone. */
struct admin_rehearsal {
	atomic_bool taken;
	weir_server *server;
	struct weir_rehearsal_options options;
};

/** What the admin routes stand on, their context. Each is NULL where there is none: in
 *  `weir check`, whose server never starts. Fixed; must outlive the server. */
struct admin {
	struct control *control;
	struct reload *reload;
	struct upgrade *upgrade;
	struct reload_history *reloads;
	struct admin_rehearsal rehearsal;
	struct admin_token token; /* by which TCP comes in; of size 0: not at all */
};

/** /healthz and /readyz, on every listener. */
int health_routes(weir_routes *routes);

/** /metrics, /status and POST /shutdown, and those of the files beside it, on admin listeners. */
int admin_routes(weir_routes *routes, struct admin *admin);

/** /debug/..., on public listeners. */
int debug_routes(weir_routes *routes);

/** POST /debug/echo: part of debug_routes(). */
int debug_echo(weir_request *request, weir_response *response, weir_token *token);

#endif
