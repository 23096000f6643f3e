/* support/scratch.h: a directory of a test's own, under $TMPDIR or /tmp.
 *
 * A test that fails leaves it behind, to be looked at.
 */
#ifndef WEIR_TESTS_SCRATCH_H
#define WEIR_TESTS_SCRATCH_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

struct scratch {
	char path[PATH_MAX];
	int fd; /**< the directory, for ...at() calls */
};

void scratch_make(struct scratch *scratch);
/** Removes it with everything in it; links are not followed. */
void scratch_remove(struct scratch *scratch);

/** Makes or replaces the file `name` with these bytes. */
void scratch_write(const struct scratch *scratch, const char *name, const void *data, size_t size);
/** The file's bytes, followed by a NUL that is not counted; to be freed. NULL: no such file. */
char *scratch_read(const struct scratch *scratch, const char *name, size_t *size);
/** True if there is something of this name, a dangling link included. */
bool scratch_has(const struct scratch *scratch, const char *name);
/** How many entries the directory `name` has, hidden ones included ("." for itself). */
size_t scratch_count(const struct scratch *scratch, const char *name);

#endif
