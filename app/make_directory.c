/* make_directory.c: see make_directory.h. */
#include "make_directory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The end of the first component from `at` on, with the slashes before it. */
static char *next_end(char *at)
{
	at += strspn(at, "/");
	return at + strcspn(at, "/");
}

int make_directory(const char *path)
{
	char *copy = strdup(path);
	if (copy == NULL)
		return -ENOMEM;
	int error = 0;
	for (char *end = next_end(copy), slash; error == 0; end = next_end(end)) {
		slash = *end;
		*end = '\0';
		if (mkdir(copy, 0777) != 0 && errno != EEXIST)
			error = -errno;
		*end = slash;
		if (slash == '\0' || end[strspn(end, "/")] == '\0')
			break;
	}
	free(copy);
	return error;
}

/* Goes up until something is there; that has to be a directory where one can be made. */
int make_directory_check(const char *path)
{
	struct stat file;
	char *copy = strdup(path);
	if (copy == NULL)
		return -ENOMEM;
	int error = 0;
	const char *where = copy;
	while (stat(where, &file) != 0) {
		if (errno != ENOENT) {
			error = -errno;
			break;
		}
		size_t length = strlen(copy);
		while (length > 0 && copy[length - 1] == '/')
			length--;
		while (length > 0 && copy[length - 1] != '/')
			length--;
		copy[length] = '\0';
		if (length == 0)
			where = ".";
	}
	if (error == 0 && !S_ISDIR(file.st_mode))
		error = -ENOTDIR;
	if (error == 0 && access(where, W_OK | X_OK) != 0)
		error = -errno;
	free(copy);
	return error;
}
