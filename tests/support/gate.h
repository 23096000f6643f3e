/* support/gate.h: where a handler and its test meet.
 *
 * A handler that comes to a gate says so and waits until the test lets it go. This is
 * how tests bring about an order of events without looking at the clock. The waits end
 * after MUST_PATIENCE: on the test's side by failing, on the handler's by -ETIMEDOUT,
 * so that a process with a forgotten handler comes to an end.
 * Any number of threads on both sides.
 */
#ifndef WEIR_TESTS_GATE_H
#define WEIR_TESTS_GATE_H

#include <semaphore.h>
#include <stdatomic.h>

struct gate {
	sem_t arrived;
	sem_t open;
	atomic_uint arrivals; /**< all there ever were */
};

void gate_init(struct gate *gate);
void gate_destroy(struct gate *gate);

/** Handler: says that it is here, and waits to be let through. 0 or -ETIMEDOUT. */
int gate_pass(struct gate *gate);
/** Handler: says that it is here, and goes on. */
void gate_announce(struct gate *gate);

/** Test: waits for `count` arrivals that have not been waited for yet. */
void gate_await(struct gate *gate, unsigned count);
/** Test: lets `count` of them through, also of those still to come. */
void gate_open(struct gate *gate, unsigned count);
/** Test: how many have arrived at all. */
unsigned gate_arrivals(struct gate *gate);

#endif
