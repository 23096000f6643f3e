/* support/descriptors.h: what this process has open. */
#ifndef WEIR_TESTS_DESCRIPTORS_H
#define WEIR_TESTS_DESCRIPTORS_H

/** How many descriptors it has open, and a few more, always as many. */
unsigned descriptors_count(void);

#endif
