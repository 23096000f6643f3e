/* route_set.h: the routes of a configuration file, from lines to handlers.
 *
 *	open (what they name) -> add (to a server) -> ... -> close (the server is gone)
 *
 * This is the one place that knows both the file and the handlers, which know nothing of it.
 */
#ifndef WEIR_APP_ROUTE_SET_H
#define WEIR_APP_ROUTE_SET_H

#include "config.h"

#include <weir/server.h>

struct route_set;

enum route_set_mode {
	ROUTE_SET_SERVE, /* makes what the file says is to be made */
	ROUTE_SET_CHECK  /* looks only: changes nothing */
};

/** Opens what the routes name. `config` is borrowed until close. Returns 0; or a negative errno
 *  with the line to print in `error`. */
int route_set_open(const struct config *config, enum route_set_mode mode, struct route_set **out,
		   char error[COMPLAIN_SIZE]);

/** Adds the routes, and starts their tasks with the server. `root_taken`: files routes of
 *  "/{path...}" are left out, because the command line has one. Likewise. */
int route_set_add(struct route_set *set, weir_server *server, bool root_taken,
		  char error[COMPLAIN_SIZE]);

/** The server is gone; NULL is ignored. */
void route_set_close(struct route_set *set);

#endif
