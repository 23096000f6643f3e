/* target.h: the name that a PUT or a DELETE is about, and what it holds now. */
#ifndef WEIR_APP_TARGET_H
#define WEIR_APP_TARGET_H

#include "files.h"

#include <limits.h>
#include <stdbool.h>
#include <sys/stat.h>

struct target {
	int dir; /* the directory it is in */
	char name[NAME_MAX + 1];
};

/** Opens the directory of the request's path. Returns 0; -EISDIR if the path means a
 *  directory; -ENOENT or -ENOTDIR if there is no such directory; or another negative
 *  errno. */
int target_open(struct target *target, const struct files *files, const weir_request *request);

void target_close(struct target *target);

/** Looks at what is there, and at the conditions of the request. Returns 0 (the request may
 *  change it), an HTTP status to refuse with, or a negative errno; *exists and *there are
 *  set when it returns 0. A link is looked at, not through. */
int target_check(const struct target *target, const weir_request *request, bool *exists,
		 struct stat *there);

/** Waits until what was changed in the directory is on disk. Returns 0 or a negative errno. */
int target_sync(const struct target *target);

#endif
