/* log_file.c: see log_file.h. */
#include "log_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MODE 0640

/* stderr may be closed: then nobody wants to read it. */
static int open_stderr(void)
{
	int fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (fd < 0 && errno == EBADF)
		fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int check(int fd)
{
	struct stat file;
	if (fstat(fd, &file) != 0)
		return -errno;
	if (!S_ISREG(file.st_mode) && !S_ISCHR(file.st_mode))
		return -EINVAL;
	/* It was for opening only, which must not wait for the reader of a pipe. */
	int flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) < 0)
		return -errno;
	return 0;
}

int log_file_open(const char *path)
{
	if (path == NULL)
		return open_stderr();
	int fd =
		open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, MODE);
	if (fd < 0)
		return errno == ENXIO ? -EINVAL : -errno;
	int error = check(fd);
	if (error != 0) {
		(void)close(fd);
		return error;
	}
	return fd;
}

void log_file_replace(int fd, int with)
{
	int result;
	do
		result = dup3(with, fd, O_CLOEXEC);
	while (result < 0 && (errno == EINTR || errno == EBUSY)); /* dup(2) */
	(void)close(with);
}

void log_file_problem(const char *path, int error, char line[COMPLAIN_SIZE])
{
	if (path == NULL)
		(void)snprintf(line, COMPLAIN_SIZE, "weir serve: the log cannot be opened: %s",
			       strerror(-error));
	else
		(void)snprintf(line, COMPLAIN_SIZE,
			       "weir serve: --log-file: %s cannot be appended to: %s: name another "
			       "file",
			       path, error == -EINVAL ? "Not a regular file" : strerror(-error));
}
