/* support/tls.h: certificates of a test's own, and the TLS of a client.
 *
 * A client (client.h) whose URL begins with "https://" has a link: what it sends and receives goes
 * through it. The handshake is made by the first of these calls, so that a client can also connect
 * and say nothing. The server's certificate is not checked: the tests that look at it ask for it.
 * One thread at a time for each link.
 */
#ifndef WEIR_TESTS_TLS_H
#define WEIR_TESTS_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "support/scratch.h"

struct tls_link;

/** For a connected socket that does not block, borrowed. Must succeed. */
struct tls_link *tls_link_open(int fd);
/** Before the first send or receive: the name asked for (SNI). */
void tls_link_name(struct tls_link *link, const char *name);
/** ... and a certificate to show, whoever the server wants to have signed it: files in PEM. */
void tls_link_show(struct tls_link *link, const char *certificate, const char *key);
/** NULL is ignored. Says nothing to the server. */
void tls_link_close(struct tls_link *link);

/** Sends the first message of the handshake, and does not wait for an answer, which cannot have come
 *  yet. */
void tls_link_greet(struct tls_link *link);
/** Makes the handshake now. 0, or a negative errno: the server has ended it. */
int tls_link_shake(struct tls_link *link);
/** As send(2) and recv(2), with errno. An end without close_notify is ECONNABORTED. */
ssize_t tls_link_send(struct tls_link *link, const void *data, size_t size);
ssize_t tls_link_receive(struct tls_link *link, void *data, size_t size);
/** Says close_notify. */
void tls_link_bye(struct tls_link *link);
/** Whether something was received and not taken. */
bool tls_link_pending(const struct tls_link *link);
/** The common name of the server's certificate; to be freed. After the handshake. */
char *tls_link_peer(const struct tls_link *link);

/** Writes `name`.pem and `name`.key: a certificate with this common name, for the host names in
 *  `hosts` (up to a NULL), signed by that of the files `signer`.pem and .key, or by itself (NULL).
 *  It may sign others, too. */
void tls_make_certificate(const struct scratch *scratch, const char *name, const char *common_name,
			  const char *const *hosts, const char *signer);

#endif
