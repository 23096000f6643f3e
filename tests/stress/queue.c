/* stress/queue.c: weir_queue, by threads whose waits a token or a time ends at random.
 *
 * Producers push numbers, consumers pop them, through a queue with little room. A call that
 * was timed out or cancelled is made again. The last producer closes the queue.
 * Invariants: no number is lost, none comes twice, each producer's come in their order; no
 * thread waits for ever.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <weir/queue.h>

#include "stress/bounds.h"

enum { PRODUCERS = 3, CONSUMERS = 3, THREADS = PRODUCERS + CONSUMERS, CAPACITY = 3 };

static struct {
	unsigned long each;
	struct tripper tripper;
	weir_queue *queue;
	atomic_uint producing, working;
	_Atomic unsigned char
		*seen; /* how often number i of producer p came: [i * PRODUCERS + p] */
} world;

static void produce(unsigned number, struct bounds *bounds, struct stress_random *random)
{
	for (unsigned long i = 0; i < world.each;) {
		void *item = (void *)(uintptr_t)(i * PRODUCERS + number + 1);
		int result;

		bounds_draw(bounds, random);
		result = weir_queue_push(world.queue, item, bounds->token, bounds->until);
		i += bounds_judge(bounds, result);
	}
	if (atomic_fetch_sub(&world.producing, 1) == 1)
		weir_queue_close(world.queue);
}

static void consume(struct bounds *bounds, struct stress_random *random)
{
	unsigned long next[PRODUCERS] = {0};

	for (;;) {
		unsigned long number, producer;
		void *item = NULL;
		int result;

		bounds_draw(bounds, random);
		result = weir_queue_pop(world.queue, &item, bounds->token, bounds->until);
		if (result == -EPIPE)
			return;
		if (!bounds_judge(bounds, result))
			continue;
		number = (unsigned long)(uintptr_t)item - 1;
		producer = number % PRODUCERS;
		stress_check(number / PRODUCERS >= next[producer], "out of order: %lu after %lu",
			     number / PRODUCERS, next[producer]);
		next[producer] = number / PRODUCERS + 1;
		atomic_fetch_add(&world.seen[number], 1);
	}
}

static void run(void *arg, unsigned number)
{
	struct stress_random random;

	(void)arg;
	stress_random_init(&random, number);
	if (number == THREADS) {
		tripper_run(&world.tripper, &random);
		return;
	}
	if (number < PRODUCERS)
		produce(number, &world.tripper.of[number], &random);
	else
		consume(&world.tripper.of[number], &random);
	if (atomic_fetch_sub(&world.working, 1) == 1)
		atomic_store(&world.tripper.over, true);
}

int main(int argc, char **argv)
{
	const struct bounds *sum = &world.tripper.of[0];
	int error;

	world.each = (stress_iterations(argc, argv, 90000) + PRODUCERS - 1) / PRODUCERS;
	world.seen = calloc(world.each, PRODUCERS);
	stress_check(world.seen, "no memory");
	error = weir_queue_create(CAPACITY, &world.queue);
	stress_check(error == 0, "weir_queue_create: %d", error);
	tripper_init(&world.tripper, THREADS);
	atomic_store(&world.producing, PRODUCERS);
	atomic_store(&world.working, THREADS);
	stress_threads(THREADS + 1, run, NULL);
	tripper_end(&world.tripper);
	for (unsigned long i = 0; i < world.each * PRODUCERS; i++)
		stress_check(atomic_load(&world.seen[i]) == 1, "number %lu came %u times", i,
			     atomic_load(&world.seen[i]));
	stress_check(weir_queue_length(world.queue) == 0, "%zu are left",
		     weir_queue_length(world.queue));
	weir_queue_destroy(world.queue);
	free(world.seen);
	printf("queue: %lu items, %lu calls timed out, %lu cancelled, each came once and in "
	       "order\n",
	       world.each * PRODUCERS, sum->timed_out, sum->canceled);
	return 0;
}
