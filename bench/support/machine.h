/* machine.h: where the numbers were taken, and who else was there. */
#ifndef BENCH_MACHINE_H
#define BENCH_MACHINE_H

#include <stdint.h>

#include "json.h"

struct bench_machine {
	char cpu[128];
	char kernel[96];
	long cpus;
	long memory_mib;
	double load; /* over the last minute, when the bench began; NaN if unknown */

	int64_t began;                  /* bench_machine_read() to bench_machine_end() */
	double busy_before, own_before; /* processor seconds */
	double others; /* processors that other programs used meanwhile, 0 to cpus; NaN: unknown */
};

/* Before anything is measured. */
void bench_machine_read(struct bench_machine *machine);

/* When everything has been measured and every child reaped: what the machine did in the
 * meantime and the bench and its children did not, others did. */
void bench_machine_end(struct bench_machine *machine);

void bench_machine_json(const struct bench_machine *machine, struct bench_json *json);

/* One line on stdout, and a warning if other programs are running. */
void bench_machine_print(const struct bench_machine *machine);

/* Raises the soft limit of open descriptors to the hard one; children inherit it. Returns
 * the limit, or a negative errno. */
long bench_machine_raise_descriptors(void);

#endif
