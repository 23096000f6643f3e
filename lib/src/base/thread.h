/* thread.h: how the library starts a thread.
 *
 * Every thread of the library blocks all signals but those that report a fault of its
 * own, so that signals go to the program's threads. The mask is set before the thread
 * exists, so there is no moment in which it could receive one. (Those that can be asked for their
 * stacks unblock the signal for that by themselves: base/backtrace.h.)
 */
#ifndef WEIR_BASE_THREAD_H
#define WEIR_BASE_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

/* `stack` in bytes, 0 for the system's default. `name` is cut to 15 characters; NULL for a thread
 * that may have been joined by the time this returns: it names itself. 0 or -errno. */
int weir__thread_start(pthread_t *thread, const char *name, size_t stack, void *(*fn)(void *arg),
		       void *arg);

/* Whether the library may send this signal to threads of its own: it is one that can be caught,
 * reports no fault, and is not glibc's. */
bool weir__thread_may_use_signal(int number);

#endif
