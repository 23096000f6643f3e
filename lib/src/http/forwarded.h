/* forwarded.h: for whom a proxy has sent a request. Pure functions.
 *
 * A proxy appends to the list whom it got the request from; what stands left of that is what it
 * was told. So the list is read from its end, as long as those named there are proxies that are
 * trusted. RFC 7239 for Forwarded; X-Forwarded-For and its like are lists of bare addresses.
 */
#ifndef WEIR_HTTP_FORWARDED_H
#define WEIR_HTTP_FORWARDED_H

#include <stdbool.h>

#include "http/address_set.h"
#include "http/check.h"

/* The client behind a trusted proxy, from the fields called `name`: the last address in them that
 * is not in `trusted`, or the first one if all are. False if nothing is said, or if what would have
 * to be read is no address ("unknown", "_hidden"). */
bool weir__forwarded_client(const struct weir__field *fields, size_t count, const char *name,
			    const struct weir__address_set *trusted, struct weir__ip *out);

#endif
