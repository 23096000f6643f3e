/* duration.h: durations as people type them: 500ms, 10s, 2m, 1h, and 0.
 *
 * One whole number and one unit. A number without a unit is refused, because nobody
 * can know whether 10 means seconds or milliseconds; only 0 needs none.
 */
#ifndef WEIR_APP_DURATION_H
#define WEIR_APP_DURATION_H

#include <weir/time.h>

/** Returns 0 and the nanoseconds; -EINVAL (not a duration), -ERANGE (longer than a
 *  weir_time holds). */
int duration_parse(const char *text, weir_time *out);

#endif
