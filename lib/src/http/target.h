/* target.h: the request target: its form, its path, its query. Pure functions. */
#ifndef WEIR_HTTP_TARGET_H
#define WEIR_HTTP_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Where path and query lie within a target. `query` is NULL if there is no '?'. */
struct weir__target {
	const char *path;
	size_t path_size;
	const char *query;
};

/* Splits an origin-form or absolute-form target (RFC 9112, 3.2.1 and 3.2.2). 0, or -EINVAL
 * for another form, an authority that is none, control characters, spaces, a fragment, or a bad
 * escape. */
int weir__target_split(const char *target, struct weir__target *out);

/* Decodes %XX. `out` needs `size` + 1 bytes and gets a NUL. In a query '+' is a space, as forms
 * write it. Returns the length, or -EINVAL for a bad escape, a NUL or, but for a query, a control
 * character. */
ssize_t weir__percent_decode(char *out, const char *data, size_t size, bool in_query);

/* Finds the n-th value of a raw query, NULL at the end: *name and *value are raw and not
 * terminated. Returns where to go on. */
const char *weir__query_next(const char *query, const char **name, size_t *name_size,
			     const char **value, size_t *value_size);

#endif
