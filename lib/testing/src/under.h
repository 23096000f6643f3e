/* under.h: which threads are under test, and when what they do is not the handler's doing.
 *
 * The handler's thread is, and so is every thread that one of them starts (start.c).
 * While `weir__testing_aside` is not 0 the testing library itself is at work on such a thread
 * (it counts, captures, feeds): nothing of that is held against the handler.
 */
#ifndef WEIR_TESTING_UNDER_H
#define WEIR_TESTING_UNDER_H

#include <stdbool.h>

extern _Thread_local bool weir__testing_under;
extern _Thread_local unsigned weir__testing_aside;
/* The thread sees the fake clock. */
extern _Thread_local bool weir__testing_fake;

static inline bool weir__testing_watched(void)
{
	return weir__testing_under && weir__testing_aside == 0;
}

#endif
