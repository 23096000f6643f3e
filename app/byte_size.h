/* byte_size.h: sizes as people type them: 512, 64KiB, 1MiB, 2GiB.
 *
 * A whole number and a unit of IEC 80000-13, or none for bytes. KB is refused, because nobody
 * can know whether it means 1000 or 1024.
 */
#ifndef WEIR_APP_BYTE_SIZE_H
#define WEIR_APP_BYTE_SIZE_H

#include <stdint.h>

/** Returns 0 and the bytes; -EINVAL (not a size), -ERANGE (more than 64 bits hold). */
int byte_size_parse(const char *text, uint64_t *out);

#endif
