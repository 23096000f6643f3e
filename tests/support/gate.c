/* support/gate.c: a gate is two semaphores: one counts arrivals, one permissions. */
#include "support/gate.h"

#include <errno.h>
#include <time.h>

#include "support/must.h"

static int wait_for(sem_t *semaphore)
{
	weir_time until = weir_after(MUST_PATIENCE);
	struct timespec at = {.tv_sec = until / WEIR_SECOND, .tv_nsec = until % WEIR_SECOND};

	while (sem_clockwait(semaphore, CLOCK_MONOTONIC, &at) != 0) {
		if (errno != EINTR)
			return -errno;
	}
	return 0;
}

static void post(sem_t *semaphore)
{
	int rc = sem_post(semaphore);

	must(rc == 0, "sem_post: errno %d", errno);
}

void gate_init(struct gate *gate)
{
	int rc = sem_init(&gate->arrived, 0, 0);

	must(rc == 0, "sem_init: errno %d", errno);
	rc = sem_init(&gate->open, 0, 0);
	must(rc == 0, "sem_init: errno %d", errno);
	atomic_init(&gate->arrivals, 0);
}

void gate_destroy(struct gate *gate)
{
	sem_destroy(&gate->arrived);
	sem_destroy(&gate->open);
}

void gate_announce(struct gate *gate)
{
	atomic_fetch_add(&gate->arrivals, 1);
	post(&gate->arrived);
}

int gate_pass(struct gate *gate)
{
	gate_announce(gate);
	return wait_for(&gate->open);
}

void gate_await(struct gate *gate, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		int rc = wait_for(&gate->arrived);

		must(rc == 0, "arrival %u of %u at the gate: %d", i + 1, count, rc);
	}
}

void gate_open(struct gate *gate, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		post(&gate->open);
}

unsigned gate_arrivals(struct gate *gate)
{
	return atomic_load(&gate->arrivals);
}
