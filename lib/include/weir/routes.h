/* weir/routes.h: tables of routes, and exchanging them while a server runs.
 *
 * weir_server_route() fills the table that a server begins with. A program that changes its
 * routes while it serves fills another, and swaps. Each request is served to its end by the
 * table under which it began; weir_routes_wait() says when the last one has ended, and with it
 * the last use of the contexts in the old table.
 */
#ifndef WEIR_ROUTES_H
#define WEIR_ROUTES_H

#include <weir/server.h>
#include <weir/time.h>
#include <weir/token.h>
#include <weir/visibility.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weir_routes weir_routes;

/** An empty table. Returns 0 or -ENOMEM. */
WEIR_API int weir_routes_create(weir_routes **out);

/** As weir_server_route(). One thread at a time; -EBUSY once a server has had it. */
WEIR_API int weir_routes_add(weir_routes *routes, const char *pattern, weir_handler handler,
			     void *context, const struct weir_route_options *options);

/** Serves what comes from here on by `routes`, which is the server's until it is swapped out
 *  again or the server is destroyed. *old is what it had, the caller's now; requests that began
 *  under it may still run. Any thread, handlers included. Returns 0; -ECANCELED once a stop was
 *  asked for, and -EBUSY (a server has or had `routes`), with nothing changed. */
WEIR_API int weir_server_swap_routes(weir_server *server, weir_routes *routes, weir_routes **old);

/** Waits until no request uses a table that was swapped out. Any thread but the acceptor's; not
 *  from a handler that runs under it. Returns 0, -ETIMEDOUT, -ECANCELED, -EINVAL (a server has
 *  it). */
WEIR_API int weir_routes_wait(weir_routes *routes, weir_time deadline, weir_token *token);

/** Frees a table that no server has and no request uses. NULL is ignored. */
WEIR_API void weir_routes_destroy(weir_routes *routes);

#ifdef __cplusplus
}
#endif

#endif
