/* listeners.h: the addresses of a configuration, and the listeners that a server has for them.
 *
 * An address that stays is left alone: its socket is not bound again, so nobody who connects
 * meanwhile is refused. One thread at a time.
 */
#ifndef WEIR_APP_LISTENERS_H
#define WEIR_APP_LISTENERS_H

#include "complain.h"
#include "serve.h"

#include <weir/server.h>

/* Those of two configurations: while one takes over from the other. */
#define LISTENERS_MAX (2 * (SERVE_LISTEN_MAX + 1))

struct listener {
	char *address, *url; /* as it was given; as the server calls it. Owned */
	enum weir_scope scope;
	bool wanted; /* of the configuration that was opened last */
	bool fresh;  /* ... and of no other before */
};

struct listeners {
	struct listener list[LISTENERS_MAX];
	size_t count;
};

/** Listens at the addresses of `config` where the server does not yet. Returns 0; or a negative
 *  errno with the line to print in `line`, and the listeners are what they were. */
int listeners_open(struct listeners *listeners, weir_server *server,
		   const struct serve_config *config, char line[COMPLAIN_SIZE]);

/** After listeners_open(): closes those that it has opened. */
void listeners_undo(struct listeners *listeners, weir_server *server);

/** After listeners_open(): closes those that were not among its addresses. */
void listeners_settle(struct listeners *listeners, weir_server *server);

/** Forgets them; the server closes them by itself. */
void listeners_free(struct listeners *listeners);

#endif
