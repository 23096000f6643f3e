/* listener.h: a listening socket: its address, its scope, its URL; and the set of a server's.
 *
 *	OPEN --begin of closing--> CLOSING --no handshake is under way--> CLOSED
 *	OPEN, CLOSING --released--> CLOSED	(its socket lives on elsewhere)
 *
 * An object is one listening socket's, and is never used for another. Connections refer to
 * theirs: the object goes when it has left the set and the last of them has gone.
 *
 * The set is changed under its lock, and once the acceptor runs on the acceptor's thread only; so
 * that thread reads it without the lock. What is inside of a listener belongs to the acceptor's
 * thread, but for `url`, which is fixed.
 */
#ifndef WEIR_HTTP_LISTENER_H
#define WEIR_HTTP_LISTENER_H

#include <pthread.h>
#include <stdbool.h>
#include <sys/stat.h>

#include <weir/server.h>

#include "base/list.h"
#include "http/syn.h"
#include "http/watch.h"

struct weir__listener {
	struct weir__watch watch;
	struct weir__list all; /* the set's */
	int fd;                /* -1 once closed */
	enum weir_scope scope;
	bool tls; /* fixed once it is in the set */
	char *url;
	char *path;   /* of a Unix socket; else NULL */
	dev_t device; /* of that path when it was bound: whose file it is to unlink */
	ino_t inode;
	unsigned connections; /* that refer to it */
	bool closing;         /* takes no new clients; its connections are told to close */
	bool left;            /* not in the set any more */
	bool handed_over;     /* another process accepts on it: closing it is all there is to do */
};

struct weir__listeners {
	pthread_mutex_t lock;
	struct weir__list list; /* the oldest first */
};

int weir__listeners_init(struct weir__listeners *listeners);
/* Frees those that are left, too: they have no connections any more. */
void weir__listeners_fini(struct weir__listeners *listeners);
void weir__listeners_add(struct weir__listeners *listeners, struct weir__listener *listener);
/* Frees it, too, or leaves that to its last connection. */
void weir__listeners_remove(struct weir__listeners *listeners, struct weir__listener *listener);
/* The one with this URL that is not closed; NULL if there is none. */
struct weir__listener *weir__listeners_find(struct weir__listeners *listeners, const char *url);
/* The URL of the n-th; NULL if there are not so many. Any thread. */
const char *weir__listeners_url(struct weir__listeners *listeners, size_t n);

/* Binds and listens. 0 or -errno; see weir_server_listen(). */
int weir__listener_open(const char *address, enum weir_scope scope, struct weir__listener **out);
/* Makes one of a socket that listens already. Takes fd, also on failure. 0 or -errno. */
int weir__listener_adopt(int fd, enum weir_scope scope, struct weir__listener **out);
/* Its clients speak TLS. Before it is in a set. 0, -EINVAL (a Unix socket) or -ENOMEM. */
int weir__listener_use_tls(struct weir__listener *listener);
/* The addresses that "host:port" can mean; to be freed by freeaddrinfo(3). 0 or -errno. */
struct addrinfo;
int weir__listener_resolve(const char *address, struct addrinfo **found);
/* What the address of a listening socket is called: as weir_server_listen() takes it. 0 or -errno.
 */
int weir__listener_address(int fd, char *out, size_t size);
/* Whether a listening socket is one that opening `address` would make; port 0 is any. */
bool weir__listener_matches(int fd, const char *address);
/* Closes and frees it; it is in no set and has no connections. */
void weir__listener_destroy(struct weir__listener *listener);

/* A connection came; a connection went, after which the listener may be gone. */
void weir__listener_hold(struct weir__listener *listener);
void weir__listener_release(struct weir__listener *listener);

/* No new client reaches it from here on; what is in its backlog can still be accepted. */
void weir__listener_refuse(struct weir__listener *listener);
/* Adds the port whose handshakes under way will still come to its backlog, if it has any. */
void weir__listener_ports(const struct weir__listener *listener, struct weir__syn_ports *ports);
/* Closes the socket and removes its file, if it is still ours. Harmless when closed. */
void weir__listener_close(struct weir__listener *listener);

#endif
