/* atomic_file.c: see atomic_file.h. */
#include "atomic_file.h"
#include "write_all.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/random.h>
#include <unistd.h>

/* How much may grow before its write-back is started. At most two of these are dirty. */
#define WINDOW ((off_t)8 * 1024 * 1024)

/* A 64-bit random name that is taken is an accident; a few in a row are not. */
#define NAME_ATTEMPTS 8

#define PROC_PATH_SIZE 32

static void proc_path(int fd, char out[PROC_PATH_SIZE])
{
	(void)snprintf(out, PROC_PATH_SIZE, "/proc/self/fd/%d", fd);
}

static int choose_name(struct atomic_file *file)
{
	uint64_t number;
	if (getrandom(&number, sizeof number, 0) != (ssize_t)sizeof number)
		return -EIO;
	(void)snprintf(file->name, sizeof file->name, ATOMIC_FILE_PREFIX "%016jx",
		       (uintmax_t)number);
	return 0;
}

/* A nameless file gets its name through /proc; without that it would be lost at the end. */
static int begin_nameless(struct atomic_file *file, int dir, mode_t mode)
{
	int fd = openat(dir, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, mode);
	if (fd < 0)
		return -errno;
	char path[PROC_PATH_SIZE];
	proc_path(fd, path);
	if (faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) != 0) {
		(void)close(fd);
		return -EOPNOTSUPP;
	}
	*file = (struct atomic_file){.dir = dir, .fd = fd};
	return 0;
}

int atomic_file_begin_named(struct atomic_file *file, int dir, mode_t mode)
{
	*file = (struct atomic_file){.dir = dir, .fd = -1};
	for (int attempt = 0; attempt < NAME_ATTEMPTS; attempt++) {
		int error = choose_name(file);
		if (error != 0)
			return error;
		file->fd = openat(dir, file->name,
				  O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, mode);
		if (file->fd >= 0) {
			file->named = true;
			return 0;
		}
		if (errno != EEXIST)
			return -errno;
	}
	return -EEXIST;
}

int atomic_file_begin(struct atomic_file *file, int dir, mode_t mode)
{
	int error = begin_nameless(file, dir, mode);
	if (error == -EOPNOTSUPP || error == -EISDIR || error == -EINVAL)
		return atomic_file_begin_named(file, dir, mode);
	return error;
}

/* An error of the disk that is reported here is not reported again by fsync(), so it must
 * not be dropped. */
static int push(struct atomic_file *file)
{
	if (sync_file_range(file->fd, file->pushed, file->size - file->pushed,
			    SYNC_FILE_RANGE_WRITE) != 0)
		return -errno;
	if (file->pushed >= WINDOW &&
	    sync_file_range(file->fd, file->pushed - WINDOW, WINDOW,
			    SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE |
				    SYNC_FILE_RANGE_WAIT_AFTER) != 0)
		return -errno;
	file->pushed = file->size;
	return 0;
}

int atomic_file_write(struct atomic_file *file, const void *data, size_t size)
{
	int error = write_all(file->fd, data, size);
	if (error != 0)
		return error;
	file->size += (off_t)size;
	return file->size - file->pushed >= WINDOW ? push(file) : 0;
}

int atomic_file_sync(struct atomic_file *file)
{
	return fsync(file->fd) == 0 ? 0 : -errno;
}

static int give_name(struct atomic_file *file)
{
	char path[PROC_PATH_SIZE];
	proc_path(file->fd, path);
	for (int attempt = 0; attempt < NAME_ATTEMPTS; attempt++) {
		int error = choose_name(file);
		if (error != 0)
			return error;
		if (linkat(AT_FDCWD, path, file->dir, file->name, AT_SYMLINK_FOLLOW) == 0) {
			file->named = true;
			return 0;
		}
		if (errno != EEXIST)
			return -errno;
	}
	return -EEXIST;
}

int atomic_file_publish(struct atomic_file *file, const char *name)
{
	if (!file->named) {
		int error = give_name(file);
		if (error != 0)
			return error;
	}
	if (renameat(file->dir, file->name, file->dir, name) != 0)
		return -errno;
	file->named = false;
	return 0;
}

void atomic_file_end(struct atomic_file *file)
{
	/* Neither can be mended here: the data was synced before, and a name that cannot
	 * be removed stays hidden from every request. */
	if (file->named)
		(void)unlinkat(file->dir, file->name, 0);
	(void)close(file->fd);
}
