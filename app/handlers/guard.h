/* guard.h: who may use the admin routes. */
#ifndef WEIR_APP_GUARD_H
#define WEIR_APP_GUARD_H

#include "routes.h"

#include <stdbool.h>

/** For handlers whose context is a struct admin. A Unix socket is guarded by its file; who comes by
 *  TCP has to show the bearer token (RFC 6750). What changes something is not for web pages either:
 * a page in some browser on this machine can make it send a POST here; it cannot keep it from
 * saying so in Origin. False: *result is what the handler returns, its answer is made. */
bool guard_passes(weir_request *request, weir_response *response, int *result);

#endif
