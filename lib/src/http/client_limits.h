/* client_limits.h: what one client, and all of them, may have open and in flight.
 *
 * On ordinary listeners only. Who is counted: the address a connection comes from; if that is a
 * trusted proxy, its connections are not counted, and its requests are counted for whom it says
 * that it sends them for, or not at all if it does not say. A Unix socket has no address: what
 * comes through it is not counted. Acceptor thread only.
 */
#ifndef WEIR_HTTP_CLIENT_LIMITS_H
#define WEIR_HTTP_CLIENT_LIMITS_H

#include <stdbool.h>

#include "http/acceptor.h"

/* A connection has been accepted. False if its client has as many as it may (counted, and told in
 * the log once a second at most): it is to be closed. *out is for weir__clients_give_back(). */
bool weir__limits_connection(struct weir__acceptor *acceptor, const union weir__address *peer,
			     struct weir__client **out);

/* A request has been accepted and its route found. 0, or the status of a refusal. */
int weir__limits_request(weir_request *request, const char **reason);
/* It is over, whether it was refused or not. */
void weir__limits_request_over(weir_request *request);

#endif
