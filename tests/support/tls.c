/* support/tls.c: see tls.h. */
#include "support/tls.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "support/must.h"

struct tls_link {
	gnutls_session_t session;
	gnutls_certificate_credentials_t credentials;
	int fd;
	bool shaken;
	int failed; /* how the handshake failed; 0: it has not */
};

static void good(int result)
{
	must(result >= 0, "GnuTLS: %s", gnutls_strerror(result));
}

struct tls_link *tls_link_open(int fd)
{
	struct tls_link *link = calloc(1, sizeof(*link));

	must(link != NULL, "no memory");
	link->fd = fd;
	good(gnutls_certificate_allocate_credentials(&link->credentials));
	good(gnutls_init(&link->session, GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL |
						 GNUTLS_FORCE_CLIENT_CERT));
	good(gnutls_set_default_priority(link->session));
	good(gnutls_credentials_set(link->session, GNUTLS_CRD_CERTIFICATE, link->credentials));
	gnutls_transport_set_int(link->session, fd);
	return link;
}

void tls_link_name(struct tls_link *link, const char *name)
{
	good(gnutls_server_name_set(link->session, GNUTLS_NAME_DNS, name, strlen(name)));
}

void tls_link_show(struct tls_link *link, const char *certificate, const char *key)
{
	good(gnutls_certificate_set_x509_key_file(link->credentials, certificate, key,
						  GNUTLS_X509_FMT_PEM));
}

void tls_link_close(struct tls_link *link)
{
	if (link == NULL)
		return;
	gnutls_deinit(link->session);
	gnutls_certificate_free_credentials(link->credentials);
	free(link);
}

static void await(const struct tls_link *link, weir_time until)
{
	short events = gnutls_record_get_direction(link->session) ? POLLOUT : POLLIN;

	must(must_poll(link->fd, events, until), "the server does not go on with the handshake");
}

void tls_link_greet(struct tls_link *link)
{
	int result = gnutls_handshake(link->session);

	must(result == GNUTLS_E_AGAIN, "GnuTLS: %s", gnutls_strerror(result));
}

int tls_link_shake(struct tls_link *link)
{
	weir_time until = weir_after(MUST_PATIENCE);
	int result;

	if (link->shaken || link->failed)
		return link->failed;
	while ((result = gnutls_handshake(link->session)) < 0) {
		if (result == GNUTLS_E_AGAIN || result == GNUTLS_E_INTERRUPTED) {
			await(link, until);
		} else if (gnutls_error_is_fatal(result)) {
			link->failed = -ECONNRESET;
			return link->failed;
		}
	}
	link->shaken = true;
	return 0;
}

static ssize_t as_errno(ssize_t result)
{
	if (result >= 0)
		return result;
	switch (result) {
	case GNUTLS_E_AGAIN:
	case GNUTLS_E_INTERRUPTED:
		errno = EAGAIN;
		break;
	case GNUTLS_E_PREMATURE_TERMINATION:
		errno = ECONNABORTED;
		break;
	default:
		errno = ECONNRESET;
	}
	return -1;
}

ssize_t tls_link_send(struct tls_link *link, const void *data, size_t size)
{
	if (tls_link_shake(link)) {
		errno = -link->failed;
		return -1;
	}
	return as_errno(gnutls_record_send(link->session, data, size));
}

ssize_t tls_link_receive(struct tls_link *link, void *data, size_t size)
{
	if (tls_link_shake(link)) {
		errno = -link->failed;
		return -1;
	}
	return as_errno(gnutls_record_recv(link->session, data, size));
}

void tls_link_bye(struct tls_link *link)
{
	if (link->shaken)
		(void)gnutls_bye(link->session, GNUTLS_SHUT_WR);
}

bool tls_link_pending(const struct tls_link *link)
{
	return gnutls_record_check_pending(link->session) > 0;
}

char *tls_link_peer(const struct tls_link *link)
{
	unsigned count = 0;
	const gnutls_datum_t *chain = gnutls_certificate_get_peers(link->session, &count);
	gnutls_x509_crt_t crt;
	char name[256];
	size_t size = sizeof(name);
	char *copy;

	must(chain != NULL && count > 0, "the server has shown no certificate");
	good(gnutls_x509_crt_init(&crt));
	good(gnutls_x509_crt_import(crt, &chain[0], GNUTLS_X509_FMT_DER));
	good(gnutls_x509_crt_get_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, 0, name, &size));
	gnutls_x509_crt_deinit(crt);
	copy = strndup(name, size);
	must(copy != NULL, "no memory");
	return copy;
}
