/* config_trust.c: see config_trust.h. */
#include "config_trust.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* Whether everybody can exchange what is in the directory. A sticky one is safe: there, a name is
 * its owner's. So is one on a file system that is mounted read-only, whatever its mode says: the
 * volumes of a ConfigMap in Kubernetes are 0777. */
static int is_open_to_all(const char *path, bool *out)
{
	struct stat status;
	struct statvfs system;
	*out = false;
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	int error = fstat(fd, &status) != 0 ? -errno : 0;
	if (error == 0 && (status.st_mode & S_IWOTH) != 0 && (status.st_mode & S_ISVTX) == 0)
		*out = fstatvfs(fd, &system) != 0 || (system.f_flag & ST_RDONLY) == 0;
	(void)close(fd);
	return error;
}

static int trust_directory(const char *path, char why[COMPLAIN_SIZE])
{
	bool open_to_all;
	int error = is_open_to_all(path, &open_to_all);
	if (error == -EACCES)
		return 0; /* it was not needed on the way to the file */
	if (error != 0)
		(void)snprintf(why, COMPLAIN_SIZE, "%.150s: %s", path, strerror(-error));
	else if (open_to_all)
		(void)snprintf(
			why, COMPLAIN_SIZE,
			"everybody may exchange it: chmod o-w %.150s, and look at what it says",
			path);
	return open_to_all ? -EPERM : error;
}

/* Cuts the last part off. "" stands for the root then. */
static bool ascend(char *path)
{
	char *slash = strrchr(path, '/');
	if (slash == NULL)
		return false;
	*slash = '\0';
	return true;
}

static int trust_above(char *path, char why[COMPLAIN_SIZE])
{
	int result = 0;
	while (result == 0 && ascend(path))
		result = trust_directory(*path != '\0' ? path : "/", why);
	return result;
}

/* The one in which the name stands; it may be that of a symbolic link. */
static int trust_given(const char *name, char why[COMPLAIN_SIZE])
{
	char *path = strdup(name);
	if (path == NULL) {
		(void)snprintf(why, COMPLAIN_SIZE, "out of memory");
		return -ENOMEM;
	}
	int result = trust_directory(!ascend(path) ? "." : *path != '\0' ? path : "/", why);
	free(path);
	return result;
}

/* All in which the file stands. */
static int trust_real(const char *name, char why[COMPLAIN_SIZE])
{
	char *path = realpath(name, NULL);
	if (path == NULL) {
		int error = -errno;
		(void)snprintf(why, COMPLAIN_SIZE, "%s", strerror(-error));
		return error;
	}
	int result = trust_above(path, why);
	free(path);
	return result;
}

static int trust_directories(const char *name, char why[COMPLAIN_SIZE])
{
	int result = trust_given(name, why);
	return result == 0 ? trust_real(name, why) : result;
}

int config_trust(const char *name, int fd, char why[COMPLAIN_SIZE])
{
	struct stat status;
	if (fstat(fd, &status) != 0) {
		(void)snprintf(why, COMPLAIN_SIZE, "%s", strerror(errno));
		return -errno;
	}
	if (!S_ISREG(status.st_mode))
		return 0;
	if ((status.st_mode & S_IWOTH) == 0 && status.st_nlink == 0)
		return 0; /* a shell's here-document: without a name, nobody can exchange it */
	if ((status.st_mode & S_IWOTH) == 0)
		return trust_directories(name, why);
	(void)snprintf(why, COMPLAIN_SIZE, "everybody may write to it: chmod o-w it");
	return -EPERM;
}
