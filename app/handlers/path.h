/* path.h: a request's path as a way through the directories under the root.
 *
 * Refused before any file is touched: empty segments, "." and "..", and the hidden names
 * of uploads that are not finished. The kernel refuses ways out of the root once more,
 * links included (beneath.h); neither check leans on the other.
 */
#ifndef WEIR_APP_PATH_H
#define WEIR_APP_PATH_H

#include <stdbool.h>

struct path {
	const char *relative; /* within the text given; "." for the root itself */
	bool directory;       /* ended in a slash: means a directory */
};

/** Reads the decoded path of a request. Returns 0; -EINVAL (not a path that a file can
 *  have), -ENAMETOOLONG, or -ENOENT (a name that is never shown). */
int path_parse(const char *text, struct path *out);

/** True for a name that no request may see, make or remove. */
bool path_hidden(const char *name);

#endif
