/* write_all.h: write(2) until everything is written. */
#ifndef WEIR_APP_WRITE_ALL_H
#define WEIR_APP_WRITE_ALL_H

#include <stddef.h>

/** Returns 0 or the negative errno of write(2). */
int write_all(int fd, const void *data, size_t size);

#endif
