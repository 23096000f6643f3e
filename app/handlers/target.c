/* target.c: see target.h. */
#include "target.h"
#include "beneath.h"
#include "etag.h"
#include "path.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

int target_open(struct target *target, const struct files *files, const weir_request *request)
{
	struct path path;
	int error = path_parse(files_path(files, request), &path);
	if (error != 0)
		return error;
	if (path.directory)
		return -EISDIR;
	/* path_parse() has seen to the lengths of both. */
	char parent[PATH_MAX] = ".";
	const char *name = path.relative;
	const char *slash = strrchr(path.relative, '/');
	if (slash != NULL) {
		size_t length = (size_t)(slash - path.relative);
		memcpy(parent, path.relative, length);
		parent[length] = '\0';
		name = slash + 1;
	}
	memcpy(target->name, name, strlen(name) + 1);
	int dir = beneath_open(files->root, parent, O_RDONLY | O_DIRECTORY);
	if (dir < 0)
		return dir;
	target->dir = dir;
	return 0;
}

void target_close(struct target *target)
{
	(void)close(target->dir);
}

int target_check(const struct target *target, const weir_request *request, bool *exists,
		 struct stat *there)
{
	*exists = fstatat(target->dir, target->name, there, AT_SYMLINK_NOFOLLOW) == 0;
	if (!*exists)
		return errno == ENOENT ? weir_request_precondition(request, NULL, 0) : -errno;
	if (S_ISDIR(there->st_mode))
		return -EISDIR;
	if (!S_ISREG(there->st_mode) && !S_ISLNK(there->st_mode))
		return 403;
	char etag[ETAG_SIZE];
	etag_of(there, etag);
	return weir_request_precondition(request, etag, there->st_mtim.tv_sec);
}

int target_sync(const struct target *target)
{
	return fsync(target->dir) == 0 ? 0 : -errno;
}
