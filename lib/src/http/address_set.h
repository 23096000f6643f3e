/* address_set.h: addresses of the Internet as one kind, and sets of them by prefix.
 *
 * An IPv4 address is its IPv4-mapped IPv6 address (RFC 4291, 2.5.5.2), so that a client of a
 * socket that takes both is the same one whichever way it came. Pure functions.
 */
#ifndef WEIR_HTTP_ADDRESS_SET_H
#define WEIR_HTTP_ADDRESS_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http/address.h"

#define WEIR__ADDRESS_SET_MAX 64u

struct weir__ip {
	uint8_t bytes[16];
};

struct weir__prefix {
	struct weir__ip ip;
	unsigned bits; /* of 128 */
};

struct weir__address_set {
	struct weir__prefix prefixes[WEIR__ADDRESS_SET_MAX];
	unsigned count;
};

/* False for what has no such address: a Unix socket. */
bool weir__ip_of(const union weir__address *address, struct weir__ip *out);

/* "192.0.2.1" or "2001:db8::1"; `size` characters of `text`. 0 or -EINVAL. */
int weir__ip_parse(const char *text, size_t size, struct weir__ip *out);

/* Who is taken for one client: an IPv4 address, or the first 64 bits of an IPv6 address, of which
 * one subscriber has the rest to choose from (RFC 4291, 2.5.4; RFC 6177). */
uint64_t weir__ip_client(const struct weir__ip *ip);

/* A list of addresses and prefixes ("10.0.0.0/8, fd00::/8, 192.0.2.7"), with commas or blanks
 * between them; NULL is empty. 0, -EINVAL, or -ENOSPC beyond WEIR__ADDRESS_SET_MAX. */
int weir__address_set_parse(const char *text, struct weir__address_set *out);

bool weir__address_set_has(const struct weir__address_set *set, const struct weir__ip *ip);

#endif
