/* syn.h: handshakes of a TCP listener: keeping new ones away, and waiting for those that have
 * begun.
 *
 * A listener that is closed resets what is in its backlog, and so it does with a handshake whose
 * last step has not arrived: its client believes that it is connected already. */
#ifndef WEIR_HTTP_SYN_H
#define WEIR_HTTP_SYN_H

#include <stdbool.h>

/* From here on the listener's SYNs are dropped, as if they had been lost on the way: their clients
 * send them again after a second, and find the port closed or somebody else there. Handshakes that
 * have begun go on. 0 or -errno. Not for Unix sockets. */
int weir__syn_refuse(int listener);

/* An accepted socket has inherited the filter; it needs none. */
void weir__syn_unfilter(int connection);

/* Ports of listeners whose handshakes are to be waited for. All zero: none. */
struct weir__syn_ports {
	bool v4, v6;                   /* whether there are any of this family */
	unsigned char bits[65536 / 8]; /* by port in host order */
};

/* Adds the port of a listener; nothing if it is a Unix socket. */
void weir__syn_ports_add(struct weir__syn_ports *ports, int listener);

/* How many handshakes at these ports have begun and not ended; 0 also if the kernel does not tell.
 * It looks through all its connections for that, which takes from some tenths of a millisecond to
 * milliseconds: not for a thread on which connections wait. */
unsigned weir__syn_pending(const struct weir__syn_ports *ports);

#endif
