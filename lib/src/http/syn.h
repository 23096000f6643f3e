/* syn.h: handshakes of a TCP listener: keeping new ones away, and waiting for those that have
 * begun.
 *
 * A listener that is closed resets what is in its backlog, and so it does with a handshake whose
 * last step has not arrived: its client believes that it is connected already. */
#ifndef WEIR_HTTP_SYN_H
#define WEIR_HTTP_SYN_H

/* From here on the listener's SYNs are dropped, as if they had been lost on the way: their clients
 * send them again after a second, and find the port closed or somebody else there. Handshakes that
 * have begun go on. 0 or -errno. Not for Unix sockets. */
int weir__syn_refuse(int listener);

/* An accepted socket has inherited the filter; it needs none. */
void weir__syn_unfilter(int connection);

/* How many handshakes at the listener's port have begun and not ended; 0 also if the kernel does
 * not tell. */
unsigned weir__syn_pending(int listener);

#endif
