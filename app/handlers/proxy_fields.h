/* proxy_fields.h: the header fields that a proxy passes on, adds and leaves out. */
#ifndef WEIR_APP_PROXY_FIELDS_H
#define WEIR_APP_PROXY_FIELDS_H

#include "proxy.h"

#include <stddef.h>

#include <weir/curl.h>

/** Fields for the upstream. Owned by this; names and values of the request are borrowed. */
struct proxy_fields {
	struct weir_curl_header *list;
	size_t count, room;
	char *forwarded_for, *via; /* made here */
};

/** Requests that have come through this many of us go round in a circle. */
#define PROXY_HOPS_MAX 8

/** True if a field of this name belongs to one connection: by RFC 9110, 7.6.1, or because
 *  `connection` (the value of the message's Connection fields, or NULL) says so. */
bool proxy_hop_by_hop(const char *name, const char *connection);

/** How often a Via field (which may be NULL) names us. */
unsigned proxy_hops(const char *via);

/** Puts together what the upstream is to get. Returns 0 or -ENOMEM; proxy_fields_free() in
 *  either case. */
int proxy_fields_make(struct proxy_fields *fields, const struct proxy *proxy,
		      const weir_request *request);
void proxy_fields_free(struct proxy_fields *fields);

#endif
