/* target.c: see target.h. */
#include "http/target.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "http/check.h"

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static bool is_control(int c)
{
	return (unsigned char)c < 0x20 || c == 0x7f;
}

/* The byte that the escape at `s` stands for; -EINVAL if it is none. A NUL would end a string
 * early anywhere; other control characters have no place in a path, but a form may well send
 * the end of a line. */
static int escaped(const char *s, size_t left, bool in_query)
{
	int high, low, c;

	if (left < 3)
		return -EINVAL;
	high = hex(s[1]);
	low = hex(s[2]);
	if (high < 0 || low < 0)
		return -EINVAL;
	c = high * 16 + low;
	return c == 0 || (is_control(c) && !in_query) ? -EINVAL : c;
}

ssize_t weir__percent_decode(char *out, const char *data, size_t size, bool in_query)
{
	size_t i, n = 0;

	for (i = 0; i < size; i++) {
		if (data[i] == '%') {
			int c = escaped(data + i, size - i, in_query);

			if (c < 0)
				return c;
			out[n++] = (char)c;
			i += 2;
		} else {
			out[n++] = (char)(data[i] == '+' && in_query ? ' ' : data[i]);
		}
	}
	out[n] = '\0';
	return (ssize_t)n;
}

/* Past "http://authority" of an absolute-form target; the target itself otherwise. NULL if the
 * authority names no host (RFC 9110, 4.2.1) or a user (4.2.4). */
static const char *skip_authority(const char *target)
{
	const char *authority;
	size_t size;

	if (strncasecmp(target, "http://", 7) == 0)
		authority = target + 7;
	else if (strncasecmp(target, "https://", 8) == 0)
		authority = target + 8;
	else
		return target;
	size = strcspn(authority, "/?");
	if (size == 0 || *authority == ':' || !weir__is_host(authority, size))
		return NULL;
	return authority + size;
}

int weir__target_split(const char *target, struct weir__target *out)
{
	const char *path = skip_authority(target);
	const char *s;
	size_t size;
	bool in_query;

	if (!path)
		return -EINVAL;
	size = strlen(path);
	for (s = target; *s; s++)
		if (is_control(*s) || *s == ' ' || *s == '#')
			return -EINVAL;
	in_query = false;
	for (s = path; *s; s++) {
		in_query = in_query || *s == '?';
		if (*s == '%' && escaped(s, size - (size_t)(s - path), in_query) < 0)
			return -EINVAL;
	}
	out->query = strchr(path, '?');
	out->path = path;
	out->path_size = out->query ? (size_t)(out->query - path) : size;
	if (out->query)
		out->query++;
	if (path != target && out->path_size == 0) {
		/* "http://example.org" names the root (RFC 9110, 4.2.3). */
		out->path = "/";
		out->path_size = 1;
	}
	return out->path[0] == '/' ? 0 : -EINVAL;
}

const char *weir__query_next(const char *query, const char **name, size_t *name_size,
			     const char **value, size_t *value_size)
{
	size_t pair;

	if (!query || !*query)
		return NULL;
	pair = strcspn(query, "&");
	*name = query;
	*name_size = strcspn(query, "&=");
	if (*name_size < pair) {
		*value = query + *name_size + 1;
		*value_size = pair - *name_size - 1;
	} else {
		*value = query + pair;
		*value_size = 0;
	}
	return query[pair] ? query + pair + 1 : query + pair;
}
