/* weir/later.h: an answer that comes later, while no thread waits for it.
 *
 * An inline handler that cannot know its answer yet, because somebody else is to find it out,
 * takes a `weir_later` and returns. The request stays in flight, without a worker, until
 * weir_later_answer(), from any thread. It is meant for a few requests at a time, like those of
 * an operator.
 *
 * The request's token goes on to tell that its client has gone, that its deadline has passed or
 * that a stop cancels it; the library then answers by itself, and what weir_later_answer() says
 * is dropped.
 */
#ifndef WEIR_LATER_H
#define WEIR_LATER_H

#include <stddef.h>

#include <weir/response.h>
#include <weir/token.h>
#include <weir/visibility.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weir_later weir_later;

/** The handler that calls this returns 0, and its response is not sent. *out must be given to
 *  weir_later_answer(), once. Inline routes only, on the handler's thread. Returns 0, -ENOTSUP
 *  (the route is not inline), -EALREADY (taken before), -ENOMEM. */
WEIR_API int weir_response_later(weir_response *response, weir_later **out);

/** Answers, and frees `later`, also on failure. `type` is the Content-Type (NULL: none); it and
 *  `data` are copied. Any thread. Returns 0, -EINVAL (a status or type that is none: the request is
 *  answered 500), -ENOMEM (likewise), or -ECANCELED: there is nobody to answer any more. */
WEIR_API int weir_later_answer(weir_later *later, int status, const char *type, const void *data,
			       size_t size);

/** The request's token. Borrowed, until weir_later_answer(). */
WEIR_API weir_token *weir_later_token(weir_later *later);

/** Answers this request with the drain report of the server's stop, as JSON, once the stop is
 *  over; the handler returns 0. It is the last that an admin listener sends: everything else has
 *  been closed, and the process may leave when it is out. Without a stop it waits until there is
 *  one. Inline routes of admin scope only. Returns 0, -ENOTSUP, -EALREADY. */
WEIR_API int weir_response_drain_report(weir_response *response);

#ifdef __cplusplus
}
#endif

#endif
