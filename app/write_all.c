/* write_all.c: see write_all.h. */
#include "write_all.h"

#include <errno.h>
#include <unistd.h>

int write_all(int fd, const void *data, size_t size)
{
	const char *next = data;
	while (size > 0) {
		ssize_t written = write(fd, next, size);
		if (written < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		next += written;
		size -= (size_t)written;
	}
	return 0;
}
