/* serve_limits.h: what one client, and all of them, may have: the `limits` of a configuration file
 * and their options on the command line. */
#ifndef WEIR_APP_SERVE_LIMITS_H
#define WEIR_APP_SERVE_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

#include <weir/server.h>

/** Most of any of the counts, as in struct weir_server_options. */
#define LIMITS_COUNT_MAX 1000000u
/** Most bytes a second. */
#define LIMITS_RATE_MAX ((uint64_t)1 << 40)

/** 0, or NULL, is the library's default. Strings are borrowed. */
struct limits {
	unsigned connections, requests;               /* of all */
	unsigned client_connections, client_requests; /* of one client */
	uint64_t body_rate, write_rate;               /* bytes a second */
	const char *trusted_proxies, *client_header;
};

/** What is not in `limits` is taken from `other`. */
void limits_complete(struct limits *limits, const struct limits *other);

bool limits_same(const struct limits *a, const struct limits *b);

/** Copies the strings. 0 or -ENOMEM: then limits_drop() frees what was copied. */
int limits_keep(struct limits *limits);
/** Frees what limits_keep() has copied. */
void limits_drop(struct limits *limits);

void limits_apply(const struct limits *limits, struct weir_server_options *options);

/** Whether this is a list as weir_server_options.trusted_proxies wants it. */
bool limits_are_proxies(const char *text);

#endif
