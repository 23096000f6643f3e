/* weir/io.h: blocking calls that a token can end.
 *
 * Each takes a token and an absolute deadline and has three outcomes: done (0 or a
 * count), -ETIMEDOUT, -ECANCELED. None of them polls; none loses a wakeup.
 * Thread safety: any thread, and inside handlers above all.
 */
#ifndef WEIR_IO_H
#define WEIR_IO_H

#include <weir/time.h>
#include <weir/token.h>
#include <weir/visibility.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Sleeps until `until`. Returns 0 when the time has come, -ECANCELED as soon as
 *  the token is tripped (also if it was before the call). */
WEIR_API int weir_sleep(weir_token *token, weir_time until);

#ifdef __cplusplus
}
#endif

#endif
