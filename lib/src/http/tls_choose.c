/* tls_choose.c: what GnuTLS asks in a handshake: which certificate a client gets, and whether the
 * client's own holds.
 *
 * GnuTLS itself would choose by exact names only. What it is given here it borrows: each connection
 * holds a reference to its weir_tls for as long as it has a session.
 */
#include <gnutls/x509.h>

#include "http/tls_loaded.h"

#define NAME_SIZE 256 /* of a host: RFC 1035, 2.3.4 */

static bool can_check(gnutls_pubkey_t pubkey, const gnutls_pk_algorithm_t *kinds, int count)
{
	int kind = gnutls_pubkey_get_pk_algorithm(pubkey, NULL), i;

	for (i = 0; i < count; i++) {
		if ((int)kinds[i] == kind)
			return true;
	}
	return count <= 0; /* it has not said */
}

/* The name of the host that the client wants; "" if it has not said. */
static void wanted_name(gnutls_session_t session, char name[static NAME_SIZE])
{
	size_t size = NAME_SIZE;
	unsigned type;

	if (gnutls_server_name_get(session, name, &size, &type, 0) < 0 || type != GNUTLS_NAME_DNS)
		name[0] = '\0';
}

int weir__tls_choose(gnutls_session_t session, const gnutls_datum_t *authorities, int authority_count,
		  const gnutls_pk_algorithm_t *kinds, int kind_count, gnutls_pcert_st **chain,
		  unsigned *length, gnutls_privkey_t *key)
{
	weir_tls *tls = gnutls_session_get_ptr(session);
	struct weir__tls_pair *chosen = NULL;
	char name[NAME_SIZE];
	size_t i;

	(void)authorities;
	(void)authority_count;
	wanted_name(session, name);
	for (i = 0; i < tls->count; i++) {
		struct weir__tls_pair *pair = &tls->pairs[i];

		if (!can_check(pair->pubkey, kinds, kind_count))
			continue;
		if (!chosen)
			chosen = pair;
		if (*name && gnutls_x509_crt_check_hostname(pair->crt, name)) {
			chosen = pair;
			break;
		}
	}
	if (!chosen)
		chosen = &tls->pairs[0]; /* GnuTLS refuses */
	*chain = chosen->chain;
	*length = chosen->length;
	*key = chosen->key;
	return 0;
}

int weir__tls_verify(gnutls_session_t session)
{
	gnutls_typed_vdata_st purpose = {.type = GNUTLS_DT_KEY_PURPOSE_OID,
					 .data = (unsigned char *)GNUTLS_KP_TLS_WWW_CLIENT};
	unsigned count = 0, status = 0;

	if (!gnutls_certificate_get_peers(session, &count) || count == 0)
		return 0; /* one that has to be there is asked for by GnuTLS */
	if (gnutls_certificate_verify_peers(session, &purpose, 1, &status) < 0 || status)
		return GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR;
	return 0;
}

