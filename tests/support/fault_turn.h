/* support/fault_turn.h: whose turn to fail it is, for the functions of the fault shim.
 *
 * Each function counts, fails if it is its turn, and otherwise goes on to the next
 * definition of its name (RTLD_NEXT: the C library's, or a sanitizer's). Nothing here
 * allocates, so malloc may be among them. The real functions are looked up when they are
 * first needed: others' constructors may call malloc before ours has run. Two threads may
 * look one up at once and store the same answer.
 */
#ifndef SUPPORT_FAULT_TURN_H
#define SUPPORT_FAULT_TURN_H

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "support/fault_control.h"

#define EXPORT __attribute__((visibility("default")))

/* Counts a call. 0, or the errno that it fails with. */
int fault_strikes(enum fault_call call);

/* While yes, this thread's calls are neither counted nor failed. */
void fault_exempt(bool yes);

/* NULL before the shim's constructor has run. */
struct fault_control *fault_page(void);

/* The next definition of a function; ends the process if there is none. */
void *fault_next(const char *name);

/* Declares `real`, a pointer to the next definition of `name`. */
#define REAL(name)                                                                                 \
	static __typeof__(name) *_Atomic found;                                                    \
	__typeof__(name) *real = atomic_load_explicit(&found, memory_order_relaxed);               \
	if (real == NULL) {                                                                        \
		real = (__typeof__(name) *)fault_next(#name);                                      \
		atomic_store_explicit(&found, real, memory_order_relaxed);                         \
	}                                                                                          \
	int error = fault_strikes(FAULT_CALL_##name)

/* Fails with `result` and errno, or goes on to the real one. */
#define FAIL_OR(result, call)                                                                      \
	do {                                                                                       \
		if (error == 0)                                                                    \
			return call;                                                               \
		errno = error;                                                                     \
		return result;                                                                     \
	} while (0)

#endif
