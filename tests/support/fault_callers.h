/* support/fault_callers.h: who makes a call, by the return addresses on the stack; for the shim.
 *
 * Nothing here allocates once it is prepared, because malloc is among the calls.
 */
#ifndef WEIR_TESTS_FAULT_CALLERS_H
#define WEIR_TESTS_FAULT_CALLERS_H

#include "support/fault_control.h"

#include <stddef.h>

/* Before anything else here. */
void fault_callers_prepare(void);
/* What tells the callers of this call from others: never 0, and the same in each run of the same
 * programs, wherever they are loaded. */
uint64_t fault_callers_site(enum fault_call call);
/* Notes that a call was made from here, if there is room. */
void fault_callers_record(struct fault_control *control, enum fault_call call);
/* Whether one of the `most` innermost callers is in an object whose path has this part. */
bool fault_callers_have(int most, const char *part);
/* The callers, the innermost first, each as its object and the offset in it (addr2line(1)). */
void fault_callers_tell(char *out, size_t size);

#endif
