/* begin.h: what every bench does first, once its command line is read. */
#ifndef BENCH_BEGIN_H
#define BENCH_BEGIN_H

#include <stddef.h>

/* Makes the directory of the results (bench_place_results(): `wanted` may be NULL) and begins the
 * guard, which lets the bench run for `limit` seconds. 0, or a negative errno after a complaint.
 * After a 0, bench_guard_end() is what the bench does last. */
int bench_begin(char *dir, size_t size, const char *wanted, unsigned limit);

#endif
