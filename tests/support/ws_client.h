/* support/ws_client.h: the client's side of a WebSocket (RFC 6455), frame by frame.
 *
 * Written for the tests, on raw sockets, so that it can break every rule; knows nothing of
 * wslay. Waits end as those of support/client.h. One thread at a time.
 */
#ifndef WEIR_TESTS_WS_CLIENT_H
#define WEIR_TESTS_WS_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "support/client.h"

enum {
	WS_CONTINUATION = 0,
	WS_TEXT = 1,
	WS_BINARY = 2,
	WS_CLOSE = 8,
	WS_PING = 9,
	WS_PONG = 10,
	WS_FIN = 0x80,
	WS_RSV1 = 0x40
};

/** The handshake of RFC 6455, 1.3, whole, with what the test adds. */
#define WS_HANDSHAKE_FIELDS                                                                        \
	"Host: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"                         \
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"

/** A frame of the server's, which must not be masked. */
struct ws_frame {
	uint8_t first; /**< FIN, RSV and opcode */
	uint64_t size;
	char *data; /**< followed by a NUL that is not counted; freed by the next one */
};

struct ws_client {
	struct client client;
	struct ws_frame frame;
};

/** Connects and shakes hands; must be answered 101 with the right key. */
void ws_open(struct ws_client *ws, const char *url, const char *target);
/** The same on a connection that is open already, with what has been sent and received. */
void ws_shake(struct ws_client *ws, const char *target);
/** Closes the socket. */
void ws_destroy(struct ws_client *ws);

/** Sends a frame; `first`: FIN, RSV and opcode. */
void ws_send(struct ws_client *ws, unsigned first, const void *data, size_t size);
void ws_send_text(struct ws_client *ws, const char *text);
/** A close with this code; 0: without one. */
void ws_send_close(struct ws_client *ws, unsigned code);
/** Writes the header of a masked frame (mask 0) to `out`; returns its length. */
size_t ws_header(unsigned first, uint64_t size, uint8_t out[14]);

/** Receives a frame into ws->frame; false when the connection ended before it was whole. */
bool ws_receive(struct ws_client *ws);
/** The next frame must be this. */
void ws_expect(struct ws_client *ws, unsigned first, const void *data, size_t size);
void ws_expect_text(struct ws_client *ws, const char *text);
/** The next frame must be a close; its code, 0 if it has none. */
unsigned ws_expect_close(struct ws_client *ws);

#endif
