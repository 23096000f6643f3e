/* generation.h: one reading of the configuration, and what it has opened.
 *
 *	file -> root -> what its routes name -> table of routes -> report file
 *
 * A generation is read, then opened, beside the one that serves. Then it serves; when
 * another one does, it is retired, and closed once no request uses its routes any more. The
 * server has the table while it serves, and destroys it if it has it then.
 */
#ifndef WEIR_APP_GENERATION_H
#define WEIR_APP_GENERATION_H

#include "complain.h"
#include "config.h"
#include "drain_report.h"
#include "handlers/files.h"
#include "handlers/routes.h"
#include "route_set.h"
#include "serve.h"

struct generation {
	struct serve_config config; /* the command line and the file, as one */
	struct config *file;        /* NULL: none */
	weir_tls *tls;              /* NULL: no certificates */
	struct files files;         /* of --root */
	bool root;                  /* `files` is one */
	struct route_set *set;      /* NULL without a file */
	weir_routes *routes;        /* NULL while a server has them */
	struct drain_report report;
	bool reports; /* `report` is one */
};

/** Reads the file that `given` names, if it does; nothing else is opened. `given` is borrowed until
 *  close. Returns 0, or a negative errno with the line to print in `line`. */
int generation_read(const struct serve_config *given, struct generation **out,
		    char line[COMPLAIN_SIZE]);

/** Opens what it says. `before` is the generation that serves now, NULL: none. `admin` is borrowed
 *  until close. `token`, which may be NULL, ends what opening has to wait for. Returns 0; or a
 *  negative errno with the line to print in `line`, and close is all that can be done. */
int generation_open(struct generation *generation, struct admin *admin,
		    const struct generation *before, weir_token *token, char line[COMPLAIN_SIZE]);

/** Starts the tasks of its routes, which end with close. Likewise. */
int generation_start(struct generation *generation, weir_server *server, char line[COMPLAIN_SIZE]);

/** Gives its routes to the server. *old are what that had. Returns what
 *  weir_server_swap_routes() said. */
int generation_serve(struct generation *generation, weir_server *server, weir_routes **old);

/** Another one serves: what lasts is told to end, the report file is closed. `routes` are its own
 *  again. */
void generation_retire(struct generation *generation, weir_routes *routes);

/** No request uses it. `server_gone`: nor is there any thread of a server's. */
void generation_close(struct generation *generation, bool server_gone);

#endif
