/* listener.h: a listening socket: its address, its scope, its URL. */
#ifndef WEIR_HTTP_LISTENER_H
#define WEIR_HTTP_LISTENER_H

#include <stdbool.h>
#include <sys/stat.h>

#include <weir/server.h>

#include "http/watch.h"

struct weir__listener {
	struct weir__watch watch;
	int fd; /* -1 once closed */
	enum weir_scope scope;
	char *url;
	char *path;   /* of a Unix socket; else NULL */
	dev_t device; /* of that path when it was bound: whose file it is to unlink */
	ino_t inode;
};

/* Binds and listens. 0 or -errno; see weir_server_listen(). */
int weir__listener_open(struct weir__listener *listener, const char *address,
			enum weir_scope scope);

/* Closes the socket and removes its file, if it is still ours. Harmless when closed. */
void weir__listener_close(struct weir__listener *listener);
void weir__listener_fini(struct weir__listener *listener);

#endif
