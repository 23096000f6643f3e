/* route_pattern.c: see route_pattern.h. */
#include "route_pattern.h"

#include <limits.h>
#include <string.h>

/* The name between the braces at `brace`, and the end of the parameter. NULL if they are
 * not closed. */
static const char *parameter(const char *brace, size_t *length, bool *rest, const char **end)
{
	const char *name = brace + 1;
	const char *close = strchr(name, '}');
	if (close == NULL)
		return NULL;
	*length = (size_t)(close - name);
	*rest = *length > 3 && memcmp(close - 3, "...", 3) == 0;
	if (*rest)
		*length -= 3;
	*end = close + 1;
	return name;
}

bool route_pattern_has(const char *path, const char *name, size_t length)
{
	while ((path = strchr(path, '{')) != NULL) {
		size_t found;
		bool rest;
		const char *start = parameter(path, &found, &rest, &path);
		if (start == NULL)
			return false;
		if (found == length && memcmp(start, name, length) == 0)
			return true;
	}
	return false;
}

const char *route_pattern_rest(const char *path, size_t *length)
{
	while ((path = strchr(path, '{')) != NULL) {
		bool rest;
		const char *name = parameter(path, length, &rest, &path);
		if (name == NULL)
			return NULL;
		if (rest)
			return *path == '\0' ? name : NULL;
	}
	return NULL;
}

int route_pattern_prefix(const char *path)
{
	const char *brace = strchr(path, '{');
	size_t length;
	if (brace == NULL || brace == path || brace[-1] != '/' || brace - path > INT_MAX)
		return -1;
	const char *name = route_pattern_rest(path, &length);
	return name == brace + 1 ? (int)(brace - 1 - path) : -1;
}
