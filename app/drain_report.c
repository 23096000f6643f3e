/* drain_report.c: see drain_report.h. */
#include "drain_report.h"
#include "write_all.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int open_directory(const char *path, const char *slash)
{
	char directory[PATH_MAX] = ".";
	if (slash != NULL) {
		size_t length = slash == path ? 1 : (size_t)(slash - path);
		if (length >= sizeof directory)
			return -ENAMETOOLONG;
		memcpy(directory, path, length);
		directory[length] = '\0';
	}
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd >= 0 ? fd : -errno;
}

/* The rename would put a regular file in the place of a device or a link. */
static int check_place(int dir, const char *name)
{
	struct stat there;
	if (fstatat(dir, name, &there, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT ? 0 : -errno;
	if (S_ISDIR(there.st_mode))
		return -EISDIR;
	return S_ISREG(there.st_mode) ? 0 : -EEXIST;
}

int drain_report_open(struct drain_report *report, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash != NULL ? slash + 1 : path;
	if (*name == '\0')
		return -EINVAL;
	size_t length = strlen(name);
	if (length >= sizeof report->name)
		return -ENAMETOOLONG;
	memcpy(report->name, name, length + 1);

	int error = open_directory(path, slash);
	if (error < 0)
		return error;
	report->dir = error;
	error = check_place(report->dir, name);
	if (error != 0)
		goto close_directory;
	error = atomic_file_begin(&report->file, report->dir, 0666);
	if (error != 0)
		goto close_directory;
	return 0;

close_directory:
	(void)close(report->dir);
	return error;
}

int drain_report_publish(struct drain_report *report, const struct weir_report *result)
{
	char *text;
	size_t size;
	int error = weir_report_json(result, &text, &size);
	if (error != 0)
		return error;
	error = atomic_file_write(&report->file, text, size);
	if (error == 0 && (size == 0 || text[size - 1] != '\n'))
		error = atomic_file_write(&report->file, "\n", 1);
	if (error == 0)
		error = atomic_file_sync(&report->file);
	if (error == 0)
		error = atomic_file_publish(&report->file, report->name);
	if (error == 0 && fsync(report->dir) != 0)
		error = -errno;
	free(text);
	return error;
}

void drain_report_close(struct drain_report *report)
{
	atomic_file_end(&report->file);
	(void)close(report->dir);
}

int drain_report_print(int fd, const struct weir_report *result, bool json)
{
	char *text;
	size_t size;
	int error = json ? weir_report_json(result, &text, &size)
			 : weir_report_text(result, &text, &size);
	if (error != 0)
		return error;
	error = write_all(fd, text, size);
	if (error == 0 && (size == 0 || text[size - 1] != '\n'))
		error = write_all(fd, "\n", 1);
	free(text);
	return error;
}
