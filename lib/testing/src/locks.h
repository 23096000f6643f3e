/* locks.h: which locks the threads under test hold; see locks.c. */
#ifndef WEIR_TESTING_LOCKS_H
#define WEIR_TESTING_LOCKS_H

#include <stddef.h>

/* Forgets all. */
void weir__testing_locks_clear(void);

/* How many are held; *taken_at is where one of them was taken: an address in the code. */
size_t weir__testing_locks_held(const void **lock, const void **taken_at);

/* Gives back what is held, so that the next run finds it free. */
void weir__testing_locks_release(void);

#endif
