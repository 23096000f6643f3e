/* memory.h: what the threads under test have allocated and nobody has freed; see memory.c.
 *
 * Counted over all runs of a sweep, so that a run that replaces what an earlier one has left (an
 * error message in a connection that is kept) comes out even. */
#ifndef WEIR_TESTING_MEMORY_H
#define WEIR_TESTING_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

struct weir__testing_memory {
	size_t blocks, bytes;
	const void *origin; /* where one of the newest was allocated; NULL: unknown */
};

/* Begins to count, from nothing. */
void weir__testing_memory_begin(void);
/* What comes from here on is newer than what there is. */
void weir__testing_memory_mark(void);
/* What there is now. */
struct weir__testing_memory weir__testing_memory_look(void);
void weir__testing_memory_end(void);

#endif
