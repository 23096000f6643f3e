/* guard.h: around a system call that blocks although poll(2) said that it would not.
 *
 * Between poll and the call somebody else may have taken what was there, or there is less
 * room than the call wants. On a blocking descriptor it then sleeps where no poll reaches
 * it. Within a guard a trip of the token, and the time `until`, make it return with EINTR
 * (weir/interrupt.h), or with what it has done by then. The caller then looks at both with
 * weir__io_check(), and tries again if it was neither: another signal.
 */
#ifndef WEIR_CANCEL_IO_GUARD_H
#define WEIR_CANCEL_IO_GUARD_H

#include <weir/interrupt.h>

#include "cancel/io/io.h"

struct weir__guard {
	const struct weir__io_call *call;
	bool open;         /* false: there is neither token nor time, and nothing to do */
	weir_token *timed; /* a child of the caller's token for `until`, or NULL */
	weir_interrupt scope;
};

/* `call` is borrowed until the end. 0; -ECANCELED, -ETIMEDOUT; or as weir_interrupt_begin() and
 * weir_token_create(). After an error there is no guard to end. */
int weir__guard_begin(struct weir__guard *guard, const struct weir__io_call *call);

/* Keeps errno. */
void weir__guard_end(struct weir__guard *guard);

#endif
