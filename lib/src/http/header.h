/* header.h: a request's header, taken over from libmicrohttpd. */
#ifndef WEIR_HTTP_HEADER_H
#define WEIR_HTTP_HEADER_H

#include <stdbool.h>

#include "http/request.h"

/* Before 1.0: what is loaded counts, not the header this was compiled with. */
bool weir__mhd_is_old(void);

/* Copies the header, because libmicrohttpd's memory goes away with the connection, which may
 * be before the handler. 0, or the status of a refusal. */
int weir__header_collect(weir_request *request, const char *method, const char *version,
			 const char **reason);

#endif
