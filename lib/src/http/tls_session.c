/* tls_session.c: the session of a connection; see tls.h.
 *
 *	begun --the client's Finished--> shaken --by libmicrohttpd or at the end--> over
 *	begun --HTTP without TLS--> plain: answered 400, over
 *
 * The way to the socket: pull() reads, push() writes, both without blocking. push() goes to the
 * socket, then, from weir__tls_seal() on, into memory, then nowhere. `blocked` is true from a push
 * that the socket has not taken to the end until one that it has: in between GnuTLS has a part of
 * a record to send, and nothing else may be sent.
 */
#include <errno.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <linux/sockios.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/arena.h"
#include "base/text.h"
#include "http/conn.h"
#include "http/tls.h"
#include "http/tls_loaded.h"

#define RECORD_HANDSHAKE 22 /* its ContentType: RFC 8446, 5.1 */

struct weir__tls {
	gnutls_session_t session; /* libmicrohttpd's */
	weir_tls *loaded;	  /* referenced */
	struct weir__counters *counters;
	struct weir__text *sealed; /* where push() goes; NULL: see `deaf` */
	weir_time shaken_at;
	int fd;
	bool deaf;    /* push() goes nowhere */
	bool heard;   /* the client has sent something */
	bool shaken;  /* the handshake has come to its end */
	bool plain;   /* the client speaks HTTP without TLS */
	bool blocked; /* see above */
};

/* Before anything else has been sent: there is room. */
static void answer_plain(struct weir__tls *tls)
{
	static const char answer[] = "HTTP/1.1 400 Bad Request\r\n"
				     "Connection: close\r\n"
				     "Content-Type: text/plain\r\n"
				     "Content-Length: 42\r\n"
				     "\r\n"
				     "400 Bad Request: this port speaks TLS only";

	tls->plain = tls->deaf = true;
	weir__counter_add(&tls->counters->tls_plain, 1);
	(void)send(tls->fd, answer, sizeof(answer) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static ssize_t pull(gnutls_transport_ptr_t arg, void *data, size_t size)
{
	struct weir__tls *tls = arg;
	ssize_t got;

	if (tls->plain) {
		errno = ECONNRESET;
		return -1;
	}
	got = recv(tls->fd, data, size, MSG_DONTWAIT);
	if (got <= 0 || tls->heard)
		return got;
	tls->heard = true;
	if (*(unsigned char *)data < 'A' || *(unsigned char *)data > 'Z')
		return got; /* not a method; if it is no handshake either, GnuTLS says so */
	answer_plain(tls);
	errno = ECONNRESET;
	return -1;
}

static int pull_timeout(gnutls_transport_ptr_t arg, unsigned milliseconds)
{
	(void)arg;
	(void)milliseconds;
	return 1; /* pull() finds out; nothing here waits */
}

static ssize_t push(gnutls_transport_ptr_t arg, const void *data, size_t size)
{
	struct weir__tls *tls = arg;
	ssize_t done;

	if (tls->sealed) {
		weir__text_append(tls->sealed, data, size);
		return (ssize_t)size;
	}
	if (tls->deaf)
		return (ssize_t)size;
	done = send(tls->fd, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
	tls->blocked = done != (ssize_t)size;
	return done;
}

/* The client's Finished: with it the handshake has come to its end, or will without any more of the
 * client's. */
static int finished(gnutls_session_t session, unsigned type, unsigned when, unsigned incoming,
		    const gnutls_datum_t *message)
{
	struct weir__tls *tls = gnutls_transport_get_ptr(session);

	(void)type;
	(void)when;
	(void)message;
	if (!incoming || tls->shaken)
		return 0;
	tls->shaken = true;
	tls->shaken_at = weir_now();
	weir__counter_add(&tls->counters->tls_handshakes, 1);
	return 0;
}

static int set_up(struct weir__tls *tls)
{
	static const gnutls_certificate_request_t requests[] = {
		[WEIR_TLS_CLIENTS_NONE] = GNUTLS_CERT_IGNORE,
		[WEIR_TLS_CLIENTS_OPTIONAL] = GNUTLS_CERT_REQUEST,
		[WEIR_TLS_CLIENTS_REQUIRED] = GNUTLS_CERT_REQUIRE,
	};
	const gnutls_datum_t http = {(unsigned char *)"http/1.1", 8};
	gnutls_session_t session = tls->session;

	if (gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, tls->loaded->credentials) < 0 ||
	    gnutls_priority_set(session, tls->loaded->priorities) < 0 ||
	    gnutls_alpn_set_protocols(session, &http, 1, GNUTLS_ALPN_MANDATORY) < 0)
		return -ENOMEM;
	gnutls_session_set_ptr(session, tls->loaded);
	gnutls_certificate_server_set_request(session, requests[tls->loaded->clients]);
	gnutls_handshake_set_hook_function(session, GNUTLS_HANDSHAKE_FINISHED, GNUTLS_HOOK_POST,
					   finished);
	gnutls_transport_set_ptr(session, tls);
	gnutls_transport_set_pull_function(session, pull);
	gnutls_transport_set_pull_timeout_function(session, pull_timeout);
	gnutls_transport_set_push_function(session, push);
	return 0;
}

int weir__tls_begin(struct weir__acceptor *acceptor, struct weir__conn *conn)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(conn->mhd, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	struct weir__tls *tls;

	if (!info || !info->tls_session)
		return -ENOTSUP;
	tls = calloc(1, sizeof(*tls));
	if (!tls)
		return -ENOMEM;
	tls->session = info->tls_session;
	tls->counters = weir__counters_of(acceptor, (enum weir_scope)conn->scope);
	tls->fd = conn->fd;
	tls->loaded = weir__tls_slot_get(acceptor->options.tls);
	if (!tls->loaded || set_up(tls)) {
		weir_tls_unref(tls->loaded);
		free(tls);
		return -ENOMEM;
	}
	conn->tls = tls;
	return 0;
}

bool weir__tls_end(struct weir__tls *tls)
{
	bool plain;

	if (!tls)
		return false;
	plain = tls->plain;
	/* Who connects and leaves without a word, like a health check, has not failed. */
	if (!tls->shaken && tls->heard && !tls->plain)
		weir__counter_add(&tls->counters->tls_failures, 1);
	weir_tls_unref(tls->loaded);
	free(tls);
	return plain;
}

bool weir__tls_is_fresh(const struct weir__tls *tls, weir_time since)
{
	return tls->shaken ? tls->shaken_at >= since : tls->heard && !tls->plain;
}

bool weir__tls_has_unread(const struct weir__tls *tls)
{
	return tls && gnutls_record_check_pending(tls->session) > 0;
}

void weir__tls_bye(struct weir__tls *tls)
{
	if (tls && tls->shaken && !tls->blocked)
		(void)gnutls_bye(tls->session, GNUTLS_SHUT_WR);
}

bool weir__tls_send(struct weir__tls *tls, const void *data, size_t size)
{
	int waiting = 0;

	/* Room for all of it, surely: nothing is waiting to be sent. */
	if (!tls->shaken || tls->blocked || tls->deaf ||
	    ioctl(tls->fd, SIOCOUTQ, &waiting) || waiting > 0)
		return false;
	return gnutls_record_send(tls->session, data, size) == (ssize_t)size;
}

int weir__tls_seal(struct weir__tls *tls, struct weir__text *out)
{
	struct weir__text sealed = WEIR__TEXT_EMPTY;
	size_t sent = 0;
	int error = 0;

	if (!tls->shaken || tls->blocked || tls->deaf)
		return -EPIPE;
	tls->sealed = &sealed;
	while (!error && sent < out->size) {
		ssize_t done = gnutls_record_send(tls->session, out->data + sent, out->size - sent);

		if (done < 0)
			error = -EPIPE;
		else
			sent += (size_t)done;
	}
	if (!error)
		(void)gnutls_bye(tls->session, GNUTLS_SHUT_WR);
	tls->sealed = NULL;
	tls->deaf = true;
	if (!error)
		error = sealed.error;
	weir__text_free(error ? &sealed : out);
	if (!error)
		*out = sealed;
	return error;
}

const char *weir__tls_hsts(const struct weir__tls *tls, struct weir__arena *arena)
{
	const char *hsts = tls ? tls->loaded->hsts : NULL;

	return hsts ? weir__arena_copy(arena, hsts, strlen(hsts)) : NULL;
}

static const char *print_subject(gnutls_x509_crt_t crt, struct weir__arena *arena)
{
	gnutls_datum_t name = {NULL, 0};
	const char *subject = NULL;

	if (gnutls_x509_crt_get_dn3(crt, &name, 0) >= 0)
		subject = weir__arena_copy(arena, (const char *)name.data, name.size);
	gnutls_free(name.data);
	return subject;
}

const char *weir__tls_subject(const struct weir__tls *tls, struct weir__arena *arena)
{
	const gnutls_datum_t *chain;
	const char *subject = NULL;
	gnutls_x509_crt_t crt;
	unsigned count = 0;

	if (!tls || tls->loaded->clients == WEIR_TLS_CLIENTS_NONE)
		return NULL;
	chain = gnutls_certificate_get_peers(tls->session, &count);
	if (!chain || count == 0 || gnutls_x509_crt_init(&crt) < 0)
		return NULL;
	if (gnutls_x509_crt_import(crt, &chain[0], GNUTLS_X509_FMT_DER) >= 0)
		subject = print_subject(crt, arena);
	gnutls_x509_crt_deinit(crt);
	return subject;
}
