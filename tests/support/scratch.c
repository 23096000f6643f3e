/* support/scratch.c: see scratch.h. */
#include "support/scratch.h"
#include "support/must.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define OPEN_DIRECTORIES 16

void scratch_make(struct scratch *scratch)
{
	const char *base = getenv("TMPDIR");
	if (base == NULL || *base == '\0')
		base = "/tmp";
	int length = snprintf(scratch->path, sizeof scratch->path, "%s/weir-test-XXXXXX", base);
	must(length > 0 && (size_t)length < sizeof scratch->path, "TMPDIR is too long");
	must(mkdtemp(scratch->path) != NULL, "%s: %s", scratch->path, strerror(errno));
	scratch->fd = open(scratch->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	must(scratch->fd >= 0, "%s: %s", scratch->path, strerror(errno));
}

static int remove_one(const char *path, const struct stat *file, int kind, struct FTW *where)
{
	(void)file, (void)kind, (void)where;
	must(remove(path) == 0, "%s: %s", path, strerror(errno));
	return 0;
}

void scratch_remove(struct scratch *scratch)
{
	(void)close(scratch->fd);
	must(nftw(scratch->path, remove_one, OPEN_DIRECTORIES, FTW_DEPTH | FTW_PHYS) == 0,
	     "%s cannot be removed", scratch->path);
}

void scratch_write(const struct scratch *scratch, const char *name, const void *data, size_t size)
{
	int fd = openat(scratch->fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	must(fd >= 0, "%s: %s", name, strerror(errno));
	for (const char *next = data; size > 0;) {
		ssize_t written = write(fd, next, size);
		must(written > 0, "%s: %s", name, strerror(errno));
		next += written;
		size -= (size_t)written;
	}
	must(close(fd) == 0, "%s: %s", name, strerror(errno));
}

char *scratch_read(const struct scratch *scratch, const char *name, size_t *size)
{
	int fd = openat(scratch->fd, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		must(errno == ENOENT, "%s: %s", name, strerror(errno));
		return NULL;
	}
	struct stat file;
	must(fstat(fd, &file) == 0, "%s: %s", name, strerror(errno));
	*size = (size_t)file.st_size;
	char *data = malloc(*size + 1);
	must(data != NULL, "out of memory");
	for (size_t done = 0; done < *size;) {
		ssize_t count = read(fd, data + done, *size - done);
		must(count > 0, "%s cannot be read to its end", name);
		done += (size_t)count;
	}
	data[*size] = '\0';
	(void)close(fd);
	return data;
}

bool scratch_has(const struct scratch *scratch, const char *name)
{
	struct stat file;
	if (fstatat(scratch->fd, name, &file, AT_SYMLINK_NOFOLLOW) == 0)
		return true;
	must(errno == ENOENT, "%s: %s", name, strerror(errno));
	return false;
}

size_t scratch_count(const struct scratch *scratch, const char *name)
{
	int fd = openat(scratch->fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	must(fd >= 0, "%s: %s", name, strerror(errno));
	DIR *directory = fdopendir(fd);
	must(directory != NULL, "%s: %s", name, strerror(errno));
	size_t count = 0;
	for (const struct dirent *entry; (entry = readdir(directory)) != NULL;) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			count++;
	}
	(void)closedir(directory);
	return count;
}
