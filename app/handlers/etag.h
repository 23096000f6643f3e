/* etag.h: the entity tag of a file: its inode, size and time of change.
 *
 * Strong: an upload makes a new file, and so does everything else that replaces a file as
 * one should. Who writes into a file in place, twice within one tick of the kernel's clock
 * and without changing its size, is not seen.
 */
#ifndef WEIR_APP_ETAG_H
#define WEIR_APP_ETAG_H

#include <sys/stat.h>

#define ETAG_SIZE 72

/** Writes the tag, its quotes included. */
void etag_of(const struct stat *file, char out[ETAG_SIZE]);

#endif
