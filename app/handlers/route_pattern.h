/* route_pattern.h: what can be said of a route's path before there is a server. */
#ifndef WEIR_APP_ROUTE_PATTERN_H
#define WEIR_APP_ROUTE_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

/** True if the path has a parameter of this name (`length` bytes): {name} or {name...}. */
bool route_pattern_has(const char *path, const char *name, size_t length);

/** For a path of literal segments that ends in "/{name...}", like "/files/{path...}": the length
 *  of what stands before that slash (here 6). -1 for any other path. */
int route_pattern_prefix(const char *path);

/** The name of the parameter {name...} at the end; *length is its length. NULL if there is
 *  none. */
const char *route_pattern_rest(const char *path, size_t *length);

#endif
