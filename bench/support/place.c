/* place.c: paths of the bench's own files, of other programs, of results. */
#include "place.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int join(char *path, size_t size, const char *dir, size_t dir_size, const char *name)
{
	int length = snprintf(path, size, "%.*s/%s", (int)dir_size, dir, name);

	return length < 0 || (size_t)length >= size ? -ENAMETOOLONG : 0;
}

int bench_place_own(char *path, size_t size, const char *name)
{
	char self[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	if (length < 0)
		return -errno;
	self[length] = '\0';
	slash = strrchr(self, '/');
	return slash ? join(path, size, self, (size_t)(slash - self), name) : -ENOENT;
}

int bench_place_program(char *path, size_t size, const char *name)
{
	const char *lists[] = {getenv("PATH"), "/usr/local/sbin:/usr/sbin:/sbin"};

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		const char *dir = lists[i];

		while (dir && *dir) {
			size_t length = strcspn(dir, ":");

			if (length > 0 && join(path, size, dir, length, name) == 0 &&
			    access(path, X_OK) == 0)
				return 0;
			dir += length + (dir[length] == ':');
		}
	}
	return -ENOENT;
}

static int make_dirs(char *path)
{
	for (char *p = path + 1;; p++) {
		char kept = *p;

		if (kept != '/' && kept != '\0')
			continue;
		*p = '\0';
		if (mkdir(path, 0777) != 0 && errno != EEXIST)
			return -errno;
		*p = kept;
		if (kept == '\0')
			return 0;
	}
}

int bench_place_results(char *path, size_t size, const char *wanted)
{
	char asked[PATH_MAX] = "", real[PATH_MAX];
	int length, result = 0;

	if (wanted) {
		length = snprintf(asked, sizeof(asked), "%s", wanted);
		if (length <= 0 || (size_t)length >= sizeof(asked))
			result = length <= 0 ? -EINVAL : -ENAMETOOLONG;
	} else {
		result = bench_place_own(asked, sizeof(asked), "../bench-results");
	}
	if (result == 0)
		result = make_dirs(asked);
	if (result != 0)
		return result;
	if (!realpath(asked, real))
		return -errno;
	length = snprintf(path, size, "%s", real);
	return length < 0 || (size_t)length >= size ? -ENAMETOOLONG : 0;
}

int bench_place_open(struct bench_place_file *out, const char *dir, const char *name)
{
	int result = join(out->path, sizeof(out->path), dir, strlen(dir), name);
	int length;

	if (result != 0)
		return result;
	length = snprintf(out->unfinished, sizeof(out->unfinished), "%s.new", out->path);
	if (length < 0 || (size_t)length >= sizeof(out->unfinished))
		return -ENAMETOOLONG;
	out->file = fopen(out->unfinished, "we");
	return out->file ? 0 : -errno;
}

int bench_place_close(struct bench_place_file *out, int result)
{
	if (fclose(out->file) != 0 && result == 0)
		result = -errno;
	out->file = NULL;
	if (result == 0 && rename(out->unfinished, out->path) != 0)
		result = -errno;
	if (result != 0)
		(void)unlink(out->unfinished);
	return result;
}
