/* address_set.c: see address_set.h. */
#include "http/address_set.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#define SEPARATORS ", \t"
#define MAPPED 96u /* bits before the IPv4 address */

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

static void map(const void *v4, struct weir__ip *out)
{
	memcpy(out->bytes, mapped, sizeof(mapped));
	memcpy(out->bytes + sizeof(mapped), v4, 4);
}

static bool is_mapped(const struct weir__ip *ip)
{
	return memcmp(ip->bytes, mapped, sizeof(mapped)) == 0;
}

bool weir__ip_of(const union weir__address *address, struct weir__ip *out)
{
	switch (address->any.sa_family) {
	case AF_INET:
		map(&address->in.sin_addr, out);
		return true;
	case AF_INET6:
		memcpy(out->bytes, &address->in6.sin6_addr, sizeof(out->bytes));
		return true;
	default:
		return false;
	}
}

int weir__ip_parse(const char *text, size_t size, struct weir__ip *out)
{
	char copy[INET6_ADDRSTRLEN];
	struct in_addr v4;

	if (size == 0 || size >= sizeof(copy))
		return -EINVAL;
	memcpy(copy, text, size);
	copy[size] = '\0';
	if (inet_pton(AF_INET, copy, &v4) == 1) {
		map(&v4, out);
		return 0;
	}
	return inet_pton(AF_INET6, copy, out->bytes) == 1 ? 0 : -EINVAL;
}

uint64_t weir__ip_client(const struct weir__ip *ip)
{
	uint64_t client = 0;
	size_t i;

	/* No client has an address in ff00::/8, where groups are (RFC 4291, 2.7). */
	if (is_mapped(ip))
		return UINT64_C(0xffffffff) << 32 | (uint64_t)ip->bytes[12] << 24 |
		       (uint64_t)ip->bytes[13] << 16 | (uint64_t)ip->bytes[14] << 8 | ip->bytes[15];
	for (i = 0; i < 8; i++)
		client = client << 8 | ip->bytes[i];
	return client;
}

/* Digits, at most `most`. */
static int parse_bits(const char *text, size_t size, unsigned most, unsigned *out)
{
	unsigned bits = 0;
	size_t i;

	if (size == 0 || size > 3)
		return -EINVAL;
	for (i = 0; i < size; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -EINVAL;
		bits = bits * 10 + (unsigned)(text[i] - '0');
	}
	*out = bits;
	return bits <= most ? 0 : -EINVAL;
}

static int parse_prefix(const char *text, size_t size, struct weir__prefix *out)
{
	const char *slash = memchr(text, '/', size);
	size_t length = slash ? (size_t)(slash - text) : size;
	bool v6 = memchr(text, ':', length) != NULL;
	int error = weir__ip_parse(text, length, &out->ip);

	out->bits = v6 ? 128 : 32;
	if (!error && slash)
		error = parse_bits(slash + 1, size - length - 1, out->bits, &out->bits);
	if (!v6)
		out->bits += MAPPED;
	return error;
}

int weir__address_set_parse(const char *text, struct weir__address_set *out)
{
	out->count = 0;
	if (!text)
		return 0;
	for (text += strspn(text, SEPARATORS); *text; text += strspn(text, SEPARATORS)) {
		size_t size = strcspn(text, SEPARATORS);
		int error;

		if (out->count == WEIR__ADDRESS_SET_MAX)
			return -ENOSPC;
		error = parse_prefix(text, size, &out->prefixes[out->count]);
		if (error)
			return error;
		out->count++;
		text += size;
	}
	return 0;
}

static bool matches(const struct weir__prefix *prefix, const struct weir__ip *ip)
{
	unsigned whole = prefix->bits / 8, rest = prefix->bits % 8;

	if (memcmp(prefix->ip.bytes, ip->bytes, whole) != 0)
		return false;
	return rest == 0 ||
	       (unsigned)(prefix->ip.bytes[whole] ^ ip->bytes[whole]) >> (8 - rest) == 0;
}

bool weir__address_set_has(const struct weir__address_set *set, const struct weir__ip *ip)
{
	unsigned i;

	for (i = 0; i < set->count; i++)
		if (matches(&set->prefixes[i], ip))
			return true;
	return false;
}
