/* query.h: the parameters of a target's query, decoded once, before its handler runs: memory that
 * is short then refuses the request, and no handler takes a parameter for absent. */
#ifndef WEIR_HTTP_QUERY_H
#define WEIR_HTTP_QUERY_H

#include <stddef.h>

#include "base/arena.h"

struct weir__query {
	const char *pairs; /* name NUL value NUL, as often as `count` says; in the arena */
	size_t count;
};

/* `raw` may be NULL: there is none. 0, -ENOMEM, or -EINVAL for a bad escape, which
 * weir__target_split() does not let through. */
int weir__query_decode(struct weir__query *query, const char *raw, struct weir__arena *arena);

/* The value of the first one of that name; NULL: there is none. */
const char *weir__query_find(const struct weir__query *query, const char *name);

#endif
