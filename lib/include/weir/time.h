/* weir/time.h: time as Weir counts it.
 *
 * Every point in time is a `weir_time`: nanoseconds on CLOCK_MONOTONIC, signed,
 * 64 bits. Every duration is a count of nanoseconds of the same type. Blocking
 * calls take an absolute point in time, because an absolute deadline survives
 * being passed down through several calls and a relative one does not.
 */
#ifndef WEIR_TIME_H
#define WEIR_TIME_H

#include <stdint.h>

#include <weir/visibility.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef int64_t weir_time;

/** Later than every other point in time: "no deadline". */
#define WEIR_NEVER INT64_MAX

#define WEIR_MICROSECOND ((weir_time)1000)
#define WEIR_MILLISECOND ((weir_time)1000000)
#define WEIR_SECOND ((weir_time)1000000000)

/** Now. Any thread; never fails. */
WEIR_API weir_time weir_now(void);

/** The point in time `duration` nanoseconds from now; WEIR_NEVER where the sum
 *  would not fit. Any thread; never fails. */
WEIR_API weir_time weir_after(weir_time duration);

#ifdef __cplusplus
}
#endif

#endif
