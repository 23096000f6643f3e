/* pid_file.c: see pid_file.h. */
#include "pid_file.h"
#include "write_all.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIGITS 24

int pid_file_write(const char *path)
{
	char hidden[PATH_MAX], text[DIGITS];
	if ((size_t)snprintf(hidden, sizeof hidden, "%s.%ld", path, (long)getpid()) >=
	    sizeof hidden)
		return -ENAMETOOLONG;
	int length = snprintf(text, sizeof text, "%ld\n", (long)getpid());
	int fd = open(hidden, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return -errno;
	int error = write_all(fd, text, (size_t)length);
	if (close(fd) != 0 && error == 0)
		error = -errno;
	if (error == 0 && rename(hidden, path) != 0)
		error = -errno;
	if (error != 0)
		(void)unlink(hidden);
	return error;
}

void pid_file_remove(const char *path)
{
	char text[DIGITS] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return;
	ssize_t size = read(fd, text, sizeof text - 1);
	(void)close(fd);
	if (size > 0 && strtol(text, NULL, 10) == (long)getpid())
		(void)unlink(path);
}
