/* systemd.h: what a service manager is told; see weir/systemd.h.
 *
 * READY, STOPPING and the like are said by whoever brings them about; the rest by the acceptor, in
 * a beat of its own: so it stops when that thread does. */
#ifndef WEIR_SERVER_SYSTEMD_H
#define WEIR_SERVER_SYSTEMD_H

#include <stdatomic.h>
#include <stdbool.h>

#include <weir/systemd.h>

struct weir__systemd {
	int fd;              /* fixed before the start; -1: nobody to tell */
	weir_time watchdog;  /* likewise: how often it wants to hear; 0: never */
	_Atomic bool silent; /* another process is the service now */
	/* the acceptor's thread */
	weir_time fed_at;
	unsigned taken; /* of the queue, when it was last fed */
};

void weir__systemd_init(struct weir__systemd *systemd);
void weir__systemd_fini(struct weir__systemd *systemd);

void weir__systemd_ready(struct weir_server *server);
void weir__systemd_stopping(struct weir_server *server);

/* On the acceptor's thread, at its times: returns when it is due next, WEIR_NEVER: not at all. */
weir_time weir__systemd_beat(struct weir_server *server);

#endif
