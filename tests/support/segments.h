/* support/segments.h: a TCP client whose segments a test sends one by one.
 *
 * It sits behind a TUN device (Documentation/networking/tuntap.rst) in a network namespace of the
 * test's own, so that the kernel takes it for another host, and what it leaves out is on its way
 * for as long as the test likes. IPv4 only, without options, retransmissions or a window.
 */
#ifndef WEIR_TESTS_SEGMENTS_H
#define WEIR_TESTS_SEGMENTS_H

#include <stdbool.h>
#include <stdint.h>

#define SEGMENTS_SERVER "10.9.0.1" /* this end's address */

enum { SEGMENT_FIN = 1, SEGMENT_SYN = 2, SEGMENT_RST = 4, SEGMENT_PSH = 8, SEGMENT_ACK = 16 };

struct segments {
	int tun;
	uint16_t server_port;
};

struct segments_peer {
	struct segments *link;
	uint16_t port;
	uint32_t next, acked; /* what it sends next; what it has of the server's */
	char text[4096];      /* all that it has received, terminated */
	unsigned size;
	int flags; /* all that it has seen, ORed */
};

/** Moves the process into a namespace with such a device. 0, or -errno where that is not allowed.
 */
int segments_open(struct segments *link);
void segments_close(struct segments *link);

void segments_peer(struct segments_peer *peer, struct segments *link, uint16_t port);
/** Sends a segment with these flags and `text`, which may be NULL. */
void segments_send(struct segments_peer *peer, int flags, const char *text);
/** Takes what comes for this peer until all of `flags` have been seen, within so many milliseconds.
 *  Acknowledges data. False if they have not. What is for others is dropped. */
bool segments_await(struct segments_peer *peer, int flags, int milliseconds);

#endif
