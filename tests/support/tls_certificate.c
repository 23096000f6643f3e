/* support/tls_certificate.c: certificates for tests: P-256, valid for an hour; see tls.h. */
#include <fcntl.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "support/must.h"
#include "support/tls.h"

#define HOUR 3600

static void good(int result)
{
	must(result >= 0, "GnuTLS: %s", gnutls_strerror(result));
}

static void write_pem(const struct scratch *scratch, const char *name, const char *suffix,
		      gnutls_datum_t *pem)
{
	char file[128];

	(void)snprintf(file, sizeof(file), "%s.%s", name, suffix);
	scratch_write(scratch, file, pem->data, pem->size);
	must(fchmodat(scratch->fd, file, 0600, 0) == 0, "%s: no chmod", file);
	gnutls_free(pem->data);
}

static gnutls_datum_t read_pem(const struct scratch *scratch, const char *name, const char *suffix)
{
	char file[128];
	size_t size;
	char *text;

	(void)snprintf(file, sizeof(file), "%s.%s", name, suffix);
	text = scratch_read(scratch, file, &size);
	must(text != NULL, "no %s", file);
	return (gnutls_datum_t){(unsigned char *)text, (unsigned)size};
}

static void sign(const struct scratch *scratch, const char *signer, gnutls_x509_crt_t crt,
		 gnutls_x509_privkey_t key)
{
	gnutls_datum_t pem;
	gnutls_x509_crt_t by;
	gnutls_x509_privkey_t by_key;

	if (signer == NULL) {
		good(gnutls_x509_crt_sign2(crt, crt, key, GNUTLS_DIG_SHA256, 0));
		return;
	}
	good(gnutls_x509_crt_init(&by));
	good(gnutls_x509_privkey_init(&by_key));
	pem = read_pem(scratch, signer, "pem");
	good(gnutls_x509_crt_import(by, &pem, GNUTLS_X509_FMT_PEM));
	free(pem.data);
	pem = read_pem(scratch, signer, "key");
	good(gnutls_x509_privkey_import(by_key, &pem, GNUTLS_X509_FMT_PEM));
	free(pem.data);
	good(gnutls_x509_crt_sign2(crt, by, by_key, GNUTLS_DIG_SHA256, 0));
	gnutls_x509_privkey_deinit(by_key);
	gnutls_x509_crt_deinit(by);
}

static void describe(gnutls_x509_crt_t crt, const char *common_name, const char *const *hosts)
{
	unsigned char serial[8];
	time_t now = time(NULL);
	size_t i;

	good(gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof(serial)));
	serial[0] = (serial[0] & 0x7f) | 1; /* positive: RFC 5280, 4.1.2.2 */
	good(gnutls_x509_crt_set_version(crt, 3));
	good(gnutls_x509_crt_set_serial(crt, serial, sizeof(serial)));
	good(gnutls_x509_crt_set_activation_time(crt, now - HOUR));
	good(gnutls_x509_crt_set_expiration_time(crt, now + HOUR));
	good(gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, common_name,
					   (unsigned)strlen(common_name)));
	for (i = 0; hosts != NULL && hosts[i] != NULL; i++)
		good(gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_DNSNAME, hosts[i],
							  (unsigned)strlen(hosts[i]),
							  GNUTLS_FSAN_APPEND));
	good(gnutls_x509_crt_set_ca_status(crt, 1));
}

void tls_make_certificate(const struct scratch *scratch, const char *name, const char *common_name,
			  const char *const *hosts, const char *signer)
{
	gnutls_datum_t pem;
	gnutls_x509_crt_t crt;
	gnutls_x509_privkey_t key;

	good(gnutls_x509_privkey_init(&key));
	good(gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
					  GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0));
	good(gnutls_x509_crt_init(&crt));
	describe(crt, common_name, hosts);
	good(gnutls_x509_crt_set_key(crt, key));
	sign(scratch, signer, crt, key);
	good(gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &pem));
	write_pem(scratch, name, "pem", &pem);
	good(gnutls_x509_privkey_export2(key, GNUTLS_X509_FMT_PEM, &pem));
	write_pem(scratch, name, "key", &pem);
	gnutls_x509_crt_deinit(crt);
	gnutls_x509_privkey_deinit(key);
}
