/* tls_loaded.h: the inside of a weir_tls: fixed once loaded, and shared by reference. */
#ifndef WEIR_HTTP_TLS_LOADED_H
#define WEIR_HTTP_TLS_LOADED_H

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdatomic.h>

#include <weir/tls.h>

#define WEIR__TLS_CHAIN 16u

struct weir__tls_pair {
	gnutls_pcert_st chain[WEIR__TLS_CHAIN];
	unsigned length;      /* of these that are loaded */
	gnutls_x509_crt_t crt; /* the first of them: its names */
	gnutls_pubkey_t pubkey;
	gnutls_privkey_t key;
};

struct weir_tls {
	_Atomic unsigned references;
	gnutls_certificate_credentials_t credentials;
	gnutls_priority_t priorities;
	enum weir_tls_clients clients;
	char *hsts; /* NULL: none */
	size_t count;
	struct weir__tls_pair pairs[];
};

/* tls_choose.c: callbacks of GnuTLS; the session's pointer is its weir_tls. */
int weir__tls_choose(gnutls_session_t session, const gnutls_datum_t *authorities,
		     int authority_count, const gnutls_pk_algorithm_t *kinds, int kind_count,
		     gnutls_pcert_st **chain, unsigned *length, gnutls_privkey_t *key);
int weir__tls_verify(gnutls_session_t session);

#endif
