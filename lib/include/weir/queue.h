/* weir/queue.h: a bounded queue of pointers between threads, under tokens.
 *
 * For producers and consumers: handlers that hand work to a background task
 * (weir/task.h), pools, fan-out. First in, first out. Any number of threads on both sides.
 * What a pointer points to is the program's business.
 */
#ifndef WEIR_QUEUE_H
#define WEIR_QUEUE_H

#include <stddef.h>

#include <weir/time.h>
#include <weir/token.h>
#include <weir/visibility.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weir_queue weir_queue;

/** A queue with room for `capacity` pointers, 1 to 16,777,216. Returns 0, -EINVAL or
 *  -ENOMEM. */
WEIR_API int weir_queue_create(size_t capacity, weir_queue **out);

/** Frees it. Nobody may be in a call on it; what is still in it is forgotten. NULL is
 *  ignored. */
WEIR_API void weir_queue_destroy(weir_queue *queue);

/** Appends, waiting for room. Returns 0, -ETIMEDOUT, -ECANCELED, or -EPIPE after
 *  weir_queue_close(). For "if there is room": a time that has passed, like 0. */
WEIR_API int weir_queue_push(weir_queue *queue, void *item, weir_token *token, weir_time until);

/** Takes the oldest, waiting for one. Returns 0, -ETIMEDOUT, -ECANCELED, or -EPIPE when it
 *  is closed and empty: what was pushed before the close is still delivered. A tripped
 *  token is told even if something is there: to drain the queue at the end, pass NULL. */
WEIR_API int weir_queue_pop(weir_queue *queue, void **item, weir_token *token, weir_time until);

/** No more will be pushed; wakes everybody. Any number of times. */
WEIR_API void weir_queue_close(weir_queue *queue);

/** How many are in it now. */
WEIR_API size_t weir_queue_length(weir_queue *queue);

#ifdef __cplusplus
}
#endif

#endif
