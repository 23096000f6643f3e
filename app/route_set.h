/* route_set.h: the routes of a configuration file, from lines to handlers.
 *
 *	open (what they name) -> add (to a table) -> start -> serve -> ... -> retire -> close
 *
 * This is the one place that knows both the file and the handlers, which know nothing of it.
 */
#ifndef WEIR_APP_ROUTE_SET_H
#define WEIR_APP_ROUTE_SET_H

#include "config.h"

#include <weir/routes.h>

struct route_set;

enum route_set_mode {
	ROUTE_SET_SERVE, /* makes what the file says is to be made */
	ROUTE_SET_CHECK  /* looks only: changes nothing */
};

/** Opens what the routes name. `config` is borrowed until close. `before` is the set that serves
 *  now and may have what this one goes on with; NULL: none. `token`, which may be NULL, ends what
 *  opening has to wait for. Returns 0; or a negative errno with the
 *  line to print in `error`. */
int route_set_open(const struct config *config, enum route_set_mode mode,
		   const struct route_set *before, weir_token *token, struct route_set **out,
		   char error[COMPLAIN_SIZE]);

/** Adds the routes. `root_taken`: files routes of "/{path...}" are left out, because the command
 *  line has one. Likewise. */
int route_set_add(struct route_set *set, weir_routes *routes, bool root_taken,
		  char error[COMPLAIN_SIZE]);

/** Starts the tasks of the routes; they end with close. Likewise. */
int route_set_start(struct route_set *set, weir_server *server, char error[COMPLAIN_SIZE]);

/** The routes are served from now on. */
void route_set_serve(struct route_set *set);

/** They are not any more: what lasts, like a stream of events, is told to end. NULL is ignored. */
void route_set_retire(struct route_set *set);

/** No request uses them. `server_gone`: nor is there any thread of a server's. NULL is ignored. */
void route_set_close(struct route_set *set, bool server_gone);

#endif
