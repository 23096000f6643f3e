/* proxy_url.c: see proxy_url.h. */
#include "proxy_url.h"
#include "route_pattern.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Of an absolute form (RFC 9112, 3.2.2), what follows the authority. */
static const char *origin_form(const char *target)
{
	const char *authority = strstr(target, "://");
	if (target[0] == '/' || authority == NULL)
		return target;
	authority += 3;
	return authority + strcspn(authority, "/?");
}

/* How many of the dots of a segment there are, "%2e" being one; -1: it has something else. */
static int count_dots(const char *segment, size_t length)
{
	int count = 0;
	for (size_t at = 0; at < length; count++) {
		if (segment[at] == '.')
			at++;
		else if (length - at >= 3 && strncasecmp(segment + at, "%2e", 3) == 0)
			at += 3;
		else
			return -1;
	}
	return count;
}

/* A slash that is escaped is one for some upstreams, so it parts segments here too. */
static bool is_safe(const char *path, size_t length)
{
	const char *end = path + length;
	while (path < end) {
		const char *segment = path;
		size_t step = 0;
		for (; path < end; path++) {
			if (*path == '/' || *path == '\\')
				step = 1;
			else if (end - path >= 3 && (strncasecmp(path, "%2f", 3) == 0 ||
						     strncasecmp(path, "%5c", 3) == 0))
				step = 3;
			if (step != 0)
				break;
		}
		int dots = count_dots(segment, (size_t)(path - segment));
		if (dots == 1 || dots == 2)
			return false;
		path += step;
	}
	return true;
}

/* What stands for {rest...}: behind as many slashes as the pattern has before it. */
static const char *rest_of(const char *pattern, const char *path, const char *end)
{
	size_t length;
	const char *name = route_pattern_rest(pattern, &length);
	if (name == NULL)
		return end;
	for (const char *c = pattern; c < name && path < end; c++) {
		if (*c != '/')
			continue;
		path = memchr(path, '/', (size_t)(end - path));
		if (path == NULL)
			return end;
		path++;
	}
	return path;
}

int proxy_url(const char *upstream, const char *pattern, const char *target, char **out)
{
	const char *path = origin_form(target);
	size_t length = strcspn(path, "?");
	const char *query = path + length;
	if (strpbrk(path, "# \t\\") != NULL || !is_safe(path, length))
		return -EINVAL;
	const char *rest = rest_of(pattern, path, query);
	size_t rest_length = (size_t)(query - rest);
	size_t base = strlen(upstream), name_length;
	bool joins = route_pattern_rest(pattern, &name_length) != NULL;
	while (joins && base > 0 && upstream[base - 1] == '/')
		base--;
	int size = asprintf(out, "%.*s%s%.*s%s", (int)base, upstream, joins ? "/" : "",
			    (int)rest_length, rest, query);
	return size < 0 ? -ENOMEM : 0;
}
