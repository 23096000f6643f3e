/* serving.h: a server that speaks TLS, with certificates of a test's own. */
#ifndef WEIR_TESTS_SERVING_H
#define WEIR_TESTS_SERVING_H

#include <weir/tls.h>

#include "support/fixture.h"
#include "support/scratch.h"
#include "support/tls.h"

struct serving {
	struct fixture fixture;
	struct scratch scratch;
	char pem[4][PATH_MAX + 16], key[4][PATH_MAX + 16];
	struct weir_tls_pair pairs[4];
	struct weir_tls_options options; /* of the last serving_use() */
};

/* Makes the server, with no listener, and its scratch directory. */
void serving_create(struct serving *serving);
/* Makes a certificate and adds it to the options. */
void serving_add(struct serving *serving, const char *name, const char *common_name,
		 const char *const *hosts);
/* Loads what the options say; must succeed. */
void serving_use(struct serving *serving);
/* Listens and starts. */
void serving_start(struct serving *serving);
/* Create, one certificate for localhost, GET /hello, start. */
void serving_begin(struct serving *serving);
/* Stop, expect a clean end, free all. */
void serving_finish(struct serving *serving);

/* "GET target" on a connection of its own; the status, 0 if there was no answer. */
int serving_get(struct serving *serving, const char *target);
/* The common name of the certificate that a client gets who asks for this host; "" if the handshake
 * fails. `host` may be NULL. The caller's to free. */
char *serving_peer(struct serving *serving, const char *host);

#endif
