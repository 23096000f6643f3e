/* weir/tls.h: listeners that speak TLS.
 *
 * A weir_tls is what a server shows of itself in a handshake: certificates with their keys, the
 * versions and ciphers it takes, and what it asks of clients. It is loaded from PEM files and never
 * changed afterwards. A server has one at a time: weir_server_set_tls() gives it another while it
 * runs, which is how certificates are renewed. Handshakes that have begun and connections that are
 * open keep the one they began with, so nobody is disturbed.
 *
 *	weir_tls_load(&options, &tls, line, sizeof(line));
 *	weir_server_set_tls(server, tls);
 *	weir_tls_unref(tls);
 *	weir_server_listen_tls(server, "0.0.0.0:443", WEIR_SCOPE_PUBLIC);
 *
 * TLS 1.3 (RFC 8446) and 1.2 (RFC 5246) unless `priorities` says otherwise; of application
 * protocols http/1.1 only (RFC 7301): a client that offers others and not this one is refused. A
 * request over TLS is like any other; what is different is in docs/limits.md. Sessions are not
 * resumed. In a library that was built without GnuTLS, weir_tls_load() returns -ENOTSUP.
 */
#ifndef WEIR_TLS_H
#define WEIR_TLS_H

#include <stdbool.h>
#include <stddef.h>

#include <weir/request.h>
#include <weir/server.h>
#include <weir/time.h>
#include <weir/visibility.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weir_tls weir_tls;

#define WEIR_TLS_PAIRS_MAX 64

/** A certificate and its key. */
struct weir_tls_pair {
	/** PEM: the server's certificate first, then those that lead from it to a root; at most
	 *  16. */
	const char *certificate;
	/** PEM, not encrypted. A file that everybody may read, or that others than its owner may
	 *  write, is refused. */
	const char *key;
};

/** Certificates of clients. */
enum weir_tls_clients {
	WEIR_TLS_CLIENTS_NONE,	   /**< not asked for */
	WEIR_TLS_CLIENTS_OPTIONAL, /**< asked for; one that does not hold is refused */
	WEIR_TLS_CLIENTS_REQUIRED  /**< who has none is refused, too */
};

/** Zero, or NULL, means the default. All is borrowed for the call only. */
struct weir_tls_options {
	/** 1 to WEIR_TLS_PAIRS_MAX. A client names the host that it wants (RFC 6066, 3): it gets
	 *  the first certificate that is for this name, exactly or by a wildcard (RFC 6125, 6.4),
	 *  and whose kind of key it can check; the first of all if there is none. */
	const struct weir_tls_pair *pairs;
	size_t pair_count;

	/** Default WEIR_TLS_CLIENTS_NONE. */
	enum weir_tls_clients clients;
	/** PEM: who signs certificates of clients. Needed if they are asked for. */
	const char *client_ca;

	/** A priority string of GnuTLS. Default
	 *  "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2". */
	const char *priorities;

	/** Not 0: every answer over TLS says Strict-Transport-Security (RFC 6797) with this
	 *  max-age, rounded down to seconds, unless the handler has said it. */
	weir_time hsts;
	/** ... with includeSubDomains. */
	bool hsts_subdomains;
};

/** Loads. Reads files, and takes its time. Returns 0; or -EINVAL (an option, or what is in a file),
 *  -EPERM (a key's mode), -EFBIG (over 1 MiB), -ENOTSUP, -ENOMEM or what reading a file said, with
 *  one line for people in `problem`, cut to `size`, without a line feed (`problem` may be NULL). On
 *  success *out is the caller's, who must weir_tls_unref() it. Any thread. */
WEIR_API int weir_tls_load(const struct weir_tls_options *options, weir_tls **out, char *problem,
			   size_t size);

/** Gives a reference back. NULL is ignored. Any thread. */
WEIR_API void weir_tls_unref(weir_tls *tls);

/** What handshakes that begin from now on use. Takes a reference of its own. Before the start and
 *  while the server runs, any thread, handlers included; cannot fail. */
WEIR_API void weir_server_set_tls(weir_server *server, weir_tls *tls);

/** weir_server_listen(), for clients that speak TLS; the URL begins with "https://". The deadline
 *  for the first line of a request (weir_server_options, header_timeout) counts from when the
 *  connection was made, so the handshake is under it. A client that speaks HTTP without TLS gets
 *  400 and is closed. Also returns -EINVAL (a Unix socket, or nothing was ever given to
 *  weir_server_set_tls()) and -ENOTSUP (libmicrohttpd was built without TLS). */
WEIR_API int weir_server_listen_tls(weir_server *server, const char *address,
				    enum weir_scope scope);

/** Whether it came over TLS. */
WEIR_API bool weir_request_is_tls(const weir_request *request);

/** The subject of the certificate that the client has shown and that holds, as RFC 4514 writes it:
 *  "CN=robot,O=Example". NULL: it has shown none. Valid as long as the request. */
WEIR_API const char *weir_request_client_subject(const weir_request *request);

#ifdef __cplusplus
}
#endif

#endif
