/* tls.h: TLS beneath HTTP: what a server shows of itself, and a connection's session.
 *
 * libmicrohttpd owns the session (GnuTLS's) and moves its bytes; its daemon for TLS runs on the
 * acceptor's thread beside the one without. What is set up here, when a connection begins: the
 * certificates, the versions, the protocols, and how the session reaches its socket. That is by
 * functions of our own, for three reasons: who speaks HTTP instead of TLS is told so; an answer by
 * hand (linger.c) can be sealed into memory; and what is sent after that goes nowhere.
 *
 * Files: tls_load.c files into a weir_tls; tls_session.c a connection's; tls_none.c both, where
 * there is no GnuTLS. Except for struct weir__tls_slot, all is for the acceptor's thread only.
 */
#ifndef WEIR_HTTP_TLS_H
#define WEIR_HTTP_TLS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include <weir/tls.h>

struct weir__acceptor;
struct weir__arena;
struct weir__conn;
struct weir__text;
struct weir__tls; /* a connection's */

/* The weir_tls of a server. */
struct weir__tls_slot {
	pthread_mutex_t lock;
	weir_tls *tls; /* under the lock; NULL: none yet */
};

/* server/tls.c. Any thread. */
int weir__tls_slot_init(struct weir__tls_slot *slot);
void weir__tls_slot_fini(struct weir__tls_slot *slot);
/* A reference for the caller; NULL if there is none. */
weir_tls *weir__tls_slot_get(struct weir__tls_slot *slot);

/* tls_load.c. Any thread. */
weir_tls *weir__tls_ref(weir_tls *tls);

/* libmicrohttpd has made a connection of its TLS daemon: sets its session up. 0 or -errno: it must
 * be closed. */
int weir__tls_begin(struct weir__acceptor *acceptor, struct weir__conn *conn);
/* The session is gone. True if the client is to read an answer yet that was sent beside it. NULL is
 * ignored. */
bool weir__tls_end(struct weir__tls *tls);

/* Whether a client may still be about to send its first request: it is in the middle of its
 * handshake, or has come out of it after `since`. */
bool weir__tls_is_fresh(const struct weir__tls *tls, weir_time since);
/* Whether something of the client's has been decrypted that libmicrohttpd has not read. NULL: no. */
bool weir__tls_has_unread(const struct weir__tls *tls);
/* Says close_notify (RFC 8446, 6.1), if a handshake has come to its end and there is room. NULL is
 * ignored. */
void weir__tls_bye(struct weir__tls *tls);
/* Sends a few bytes if they can leave at once and cannot come between others. */
bool weir__tls_send(struct weir__tls *tls, const void *data, size_t size);
/* Puts in place of `out` what it is on the wire, with close_notify behind it; from then on the
 * session does not touch its socket any more. 0 or -errno. */
int weir__tls_seal(struct weir__tls *tls, struct weir__text *out);
/* The value of Strict-Transport-Security, in the arena; NULL: none, also without TLS. */
const char *weir__tls_hsts(const struct weir__tls *tls, struct weir__arena *arena);
/* See weir_request_client_subject(); into the arena. NULL: none, or no memory. */
const char *weir__tls_subject(const struct weir__tls *tls, struct weir__arena *arena);

#endif
