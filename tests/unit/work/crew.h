/* unit/work/crew.h: a pool for one test, whose workers can be told apart and watched.
 *
 * Every job of a crew comes to the crew's gate. crew_park() brings all workers to rest, in a
 * known order, so that what a test sees afterwards is the doing of its own calls.
 */
#ifndef WEIR_TESTS_UNIT_WORK_CREW_H
#define WEIR_TESTS_UNIT_WORK_CREW_H

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

#include "support/gate.h"
#include "work/pool.h"

enum { CREW_MAX = 16 };

struct crew {
	struct weir__queue queue;
	struct weir__pool pool;
	unsigned size;
	_Atomic pid_t ids[CREW_MAX + 1]; /* kernel's thread ids, by worker's number */
	_Atomic unsigned quiets;         /* how often quiet() was called */
	_Atomic unsigned runs[CREW_MAX + 1];
};

/* A job that waits at its gate, if it has one. */
struct duty {
	struct weir__job job;
	struct crew *crew;
	struct gate *gate;
	_Atomic unsigned runs;
};

void crew_start(struct crew *crew, unsigned size, unsigned limit);
/* Of so many at least, and up to so many; one too many ends after `idle`. */
void crew_start_elastic(struct crew *crew, unsigned minimum, unsigned maximum, weir_time idle,
			unsigned limit);
/* Waits until all workers sleep, having run a job each; the last to lie down, which is the
 * first to be woken, has the highest number. */
void crew_park(struct crew *crew);
/* Waits until every worker sleeps. */
void crew_await_asleep(struct crew *crew);
/* Stops and joins; all must come back. */
void crew_end(struct crew *crew);

/* The last that ran it. */
static inline unsigned duty_worker(const struct duty *duty)
{
	return atomic_load(&duty->job.worker) - 1;
}

void duty_init(struct duty *duty, struct crew *crew, bool brief, struct gate *gate);
/* Pushes it; wakes nobody. */
void duty_push(struct duty *duty);

#endif
