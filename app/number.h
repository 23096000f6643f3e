/* number.h: whole numbers as people type them: digits and nothing else.
 *
 * No sign, no blanks, no 0x: what strtoul() would take and nobody meant is refused.
 */
#ifndef WEIR_APP_NUMBER_H
#define WEIR_APP_NUMBER_H

#include <stdint.h>

/** Reads the digits at the start of `text`; *end is where they stop. Returns 0, -EINVAL
 *  (no digit there) or -ERANGE (more than 64 bits hold). */
int number_prefix(const char *text, const char **end, uint64_t *out);

/** Reads `text` as one number from `min` to `max`. Returns 0, or -EINVAL if it is none. */
int number_parse(const char *text, uint64_t min, uint64_t max, uint64_t *out);

/** Reads "N" or "MIN..MAX", both from 1 to `max`, MIN not above MAX. Returns 0, or -EINVAL. */
int number_range_parse(const char *text, unsigned max, unsigned *least, unsigned *most);

#endif
