/* unit/cancel/interrupt_support.h: what the tests of scopes share: the signal of this thread, and a
 * call that blocks. */
#ifndef WEIR_TESTS_UNIT_INTERRUPT_SUPPORT_H
#define WEIR_TESTS_UNIT_INTERRUPT_SUPPORT_H

#include <stdbool.h>

#include <weir/interrupt.h>

/* Longer than the longest pause between two signals. */
#define INTERRUPT_LONG_ENOUGH (30 * WEIR_MILLISECOND)

bool interrupt_is_pending(void);
bool interrupt_is_blocked(void);
void interrupt_set_blocked(bool blocked);
/* Waits for nothing, long enough: -ETIMEDOUT; -EINTR if a signal comes. */
int interrupt_wait(void);

/* A pipe out of which nothing comes, and the reading of it: 0 or a negative errno. */
void interrupt_pipe(int *fds);
int interrupt_read(void *fds);

#endif
