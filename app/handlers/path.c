/* path.c: see path.h. */
#include "path.h"
#include "../atomic_file.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

bool path_hidden(const char *name)
{
	return strncmp(name, ATOMIC_FILE_PREFIX, sizeof ATOMIC_FILE_PREFIX - 1) == 0;
}

static int check_segment(const char *segment, size_t length)
{
	if (length == 0 || (length == 1 && segment[0] == '.') ||
	    (length == 2 && segment[0] == '.' && segment[1] == '.'))
		return -EINVAL;
	if (length > NAME_MAX)
		return -ENAMETOOLONG;
	return path_hidden(segment) ? -ENOENT : 0;
}

int path_parse(const char *text, struct path *out)
{
	if (text[0] != '/')
		return -EINVAL;
	const char *relative = text + 1;
	if (*relative == '\0') {
		*out = (struct path){.relative = ".", .directory = true};
		return 0;
	}
	if (strlen(relative) >= PATH_MAX)
		return -ENAMETOOLONG;
	const char *segment = relative;
	for (;;) {
		size_t length = strcspn(segment, "/");
		int error = check_segment(segment, length);
		if (error != 0)
			return error;
		segment += length;
		if (*segment == '\0' || *++segment == '\0')
			break;
	}
	*out = (struct path){.relative = relative, .directory = segment[-1] == '/'};
	return 0;
}
