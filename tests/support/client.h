/* support/client.h: a raw client: bytes to a socket, under the test's control.
 *
 * It knows TCP and unix sockets, and how a connection can end; what HTTP makes of the
 * bytes is in reply.h. Every wait ends after MUST_PATIENCE by failing the test.
 * One thread at a time.
 */
#ifndef WEIR_TESTS_CLIENT_H
#define WEIR_TESTS_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

#include <weir/time.h>

/** How the server's side of a connection has ended, as far as it was read. */
enum client_end {
	CLIENT_OPEN,   /**< not yet */
	CLIENT_CLOSED, /**< cleanly: end of file */
	CLIENT_RESET,  /**< by a reset */
	CLIENT_CUT     /**< over TLS: by an end of file without close_notify */
};

struct client {
	int fd;               /**< not blocking; -1: closed by us */
	struct tls_link *tls; /**< NULL: no TLS */
	enum client_end end;
	char *input; /**< received and not yet taken; a NUL follows, for strtol() and its kin */
	size_t input_size;
	size_t input_room;
	weir_time
		patience; /**< with a server that says nothing, when receiving; 0: MUST_PATIENCE */
};

/** Connects to what weir_server_url() gave: "http://host:port", "https://host:port" or
 *  "unix:path".
 *  Returns 0 or a negative errno; after an error there is nothing to close. */
int client_try_open(struct client *client, const char *url);
/** The same; must succeed. */
void client_open(struct client *client, const char *url);
/** The same, from this IPv4 address of our own, any of 127.0.0.0/8: another client for a server
 *  that tells them apart by their addresses. */
void client_open_from(struct client *client, const char *url, const char *own);
/** The same, with a receive buffer of about `window` bytes: a client whose unread answers
 *  soon fill up the way. */
void client_open_window(struct client *client, const char *url, int window);
/** The same, with as small a buffer as the kernel grants. */
void client_open_narrow(struct client *client, const char *url);

/** Sends all of it. The server must not have gone away. */
void client_send(struct client *client, const void *data, size_t size);
void client_send_text(struct client *client, const char *text);
void client_printf(struct client *client, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/** Sends as much as the server takes before it closes; returns how much. */
size_t client_send_up_to(struct client *client, const void *data, size_t size);
/** Sends as much as is taken before nothing moves for `pause`; returns how much. */
size_t client_send_until_blocked(struct client *client, const void *data, size_t size,
				 weir_time pause);
/** Sends a byte each `interval`, until all is sent or the server says or ends something;
 *  returns how much was sent. */
size_t client_trickle(struct client *client, const void *data, size_t size, weir_time interval);

/** Receives once, waiting until something comes; false when the connection has ended. */
bool client_fill(struct client *client);
/** Receives until `text` is among what was received and not taken. It stays there. */
void client_await_text(struct client *client, const char *text);
/** Drops `size` bytes of what was received. */
void client_take(struct client *client, size_t size);
/** Receives until the connection ends, dropping what comes; returns how it ended. */
enum client_end client_await_end(struct client *client);
/** True if the server has neither sent nor ended anything up to now. */
bool client_is_quiet(struct client *client);

/** No more will be sent (a FIN); answers can still be received. */
void client_half_close(struct client *client);
/** Closes; the kernel sends a FIN, or a reset if something was left unread. */
void client_close(struct client *client);
/** Closes with a reset, whatever was read. */
void client_reset(struct client *client);

#endif
