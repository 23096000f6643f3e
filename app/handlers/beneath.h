/* beneath.h: opening a file that is under a directory, whatever its path contains.
 *
 * openat2(2) with RESOLVE_BENEATH: "..", absolute paths and symbolic links may lead
 * anywhere below the directory, and nowhere else; the kernel checks each step while it
 * goes, so there is no moment in between to exchange a directory for a link.
 */
#ifndef WEIR_APP_BENEATH_H
#define WEIR_APP_BENEATH_H

/** Opens `path` under the directory open at `dir`, with O_CLOEXEC, O_NOCTTY and O_NONBLOCK
 *  added, so that neither a FIFO nor a terminal holds anybody up. Returns a descriptor or
 *  a negative errno: -EXDEV if the path leads out, -ENOSYS if the kernel is too old. */
int beneath_open(int dir, const char *path, int flags);

#endif
