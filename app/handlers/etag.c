/* etag.c: see etag.h. */
#include "etag.h"

#include <stdint.h>
#include <stdio.h>

void etag_of(const struct stat *file, char out[ETAG_SIZE])
{
	(void)snprintf(out, ETAG_SIZE, "\"%jx-%jx-%jx.%lx\"", (uintmax_t)file->st_ino,
		       (uintmax_t)file->st_size, (uintmax_t)file->st_mtim.tv_sec,
		       (unsigned long)file->st_mtim.tv_nsec);
}
