/* weir/io.h: blocking calls that a token can end.
 *
 * A blocking call of Weir takes a token, and returns -ECANCELED as soon as that is
 * tripped; points in time are absolute. It does not look at the token now and then: a trip
 * wakes it. Its relatives are weir_token_wait(), weir_request_read() and
 * weir_response_write(); other descriptors are waited for with weir_token_fd() and poll(2).
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

/** Sleeps until `until` (WEIR_NEVER: until the token is tripped). Returns 0 when the time
 *  has come, -ECANCELED as soon as the token is tripped (also if it was before the call).
 *  Signals that run a handler on this thread do not end it. `token` may be NULL. */
WEIR_API int weir_sleep(weir_token *token, weir_time until);

#ifdef __cplusplus
}
#endif

#endif
