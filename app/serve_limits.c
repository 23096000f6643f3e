/* serve_limits.c: see serve_limits.h. */
#include "serve_limits.h"
#include "number.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SEPARATORS ", \t"
#define PROXIES_MAX 64 /* the library's */

void limits_complete(struct limits *limits, const struct limits *other)
{
	if (limits->connections == 0)
		limits->connections = other->connections;
	if (limits->requests == 0)
		limits->requests = other->requests;
	if (limits->client_connections == 0)
		limits->client_connections = other->client_connections;
	if (limits->client_requests == 0)
		limits->client_requests = other->client_requests;
	if (limits->body_rate == 0)
		limits->body_rate = other->body_rate;
	if (limits->write_rate == 0)
		limits->write_rate = other->write_rate;
	if (limits->trusted_proxies == NULL)
		limits->trusted_proxies = other->trusted_proxies;
	if (limits->client_header == NULL)
		limits->client_header = other->client_header;
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

bool limits_same(const struct limits *a, const struct limits *b)
{
	return a->connections == b->connections && a->requests == b->requests &&
	       a->client_connections == b->client_connections &&
	       a->client_requests == b->client_requests && a->body_rate == b->body_rate &&
	       a->write_rate == b->write_rate &&
	       same_text(a->trusted_proxies, b->trusted_proxies) &&
	       same_text(a->client_header, b->client_header);
}

static int keep(const char **text)
{
	if (*text == NULL)
		return 0;
	*text = strdup(*text);
	return *text == NULL ? -ENOMEM : 0;
}

int limits_keep(struct limits *limits)
{
	int proxies = keep(&limits->trusted_proxies);
	int header = keep(&limits->client_header);
	return proxies != 0 ? proxies : header;
}

void limits_drop(struct limits *limits)
{
	free((char *)limits->trusted_proxies);
	free((char *)limits->client_header);
	limits->trusted_proxies = NULL;
	limits->client_header = NULL;
}

void limits_apply(const struct limits *limits, struct weir_server_options *options)
{
	options->max_connections = limits->connections;
	options->max_requests = limits->requests;
	options->client_connections = limits->client_connections;
	options->client_requests = limits->client_requests;
	options->body_min_rate = limits->body_rate;
	options->write_min_rate = limits->write_rate;
	options->trusted_proxies = limits->trusted_proxies;
	options->client_header = limits->client_header;
}

/* An address, or one with the number of bits that count behind a slash. */
static bool is_prefix(const char *text, size_t size)
{
	char copy[INET6_ADDRSTRLEN + 4];
	unsigned char address[sizeof(struct in6_addr)];
	uint64_t bits;

	if (size >= sizeof copy)
		return false;
	memcpy(copy, text, size);
	copy[size] = '\0';
	char *slash = strchr(copy, '/');
	if (slash != NULL)
		*slash = '\0';
	bool v4 = inet_pton(AF_INET, copy, address) == 1;
	if (!v4 && inet_pton(AF_INET6, copy, address) != 1)
		return false;
	return slash == NULL || number_parse(slash + 1, 0, v4 ? 32 : 128, &bits) == 0;
}

bool limits_are_proxies(const char *text)
{
	unsigned count = 0;
	for (text += strspn(text, SEPARATORS); *text != '\0'; text += strspn(text, SEPARATORS)) {
		size_t size = strcspn(text, SEPARATORS);
		if (++count > PROXIES_MAX || !is_prefix(text, size))
			return false;
		text += size;
	}
	return count > 0;
}
