/* service.h: a server, and what it runs on: what is opened in which order, and closed in the
 * reverse.
 *
 *	file (generation.h) -> log -> server -> listeners -> root given up (privilege.h) -> routes,
 *	tasks -> control
 *
 * Everything that can be refused is refused before the first thread exists. What is exchanged
 * while the server runs: reload.h.
 */
#ifndef WEIR_APP_SERVICE_H
#define WEIR_APP_SERVICE_H

#include "generation.h"
#include "listeners.h"
#include "reload_history.h"
#include "stack_names.h"
#include "start_log.h"

struct service {
	/* Fixed. */
	const struct serve_config *given; /* the command line */
	weir_server *server;
	struct start_log log;
	struct stack_names names;
	struct admin admin;
	struct reload_history reloads;
	struct serve_config started; /* with what it was begun; deadline_header, user and group are
					copies, the other strings may be gone */

	/* Who changes the server, one at a time (control.h); before the start and after the end,
	 * the main thread. */
	struct generation *current;
	struct listeners listeners;
};

/** Opens everything that the command line and the file say; the server is ready to be started.
 *  `given` is borrowed. Returns 0; or a negative errno with the line to print in `line`, and
 *  nothing is open. */
int service_open(struct service *service, const struct serve_config *given,
		 char line[COMPLAIN_SIZE]);

/** Stops the server if need be, and closes everything. Not if something was abandoned. */
void service_close(struct service *service);

#endif
