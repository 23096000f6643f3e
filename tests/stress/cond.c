/* stress/cond.c: weir_cond, by threads whose waits a token or a time ends at random.
 *
 * Producers put one letter at a time on a table, and signal one of the consumers that wait,
 * or all. A consumer whose wait ends by its token or its time walks away empty-handed, even
 * if there is a letter: if it took a signal with it, nobody would come for the letter, and
 * everybody would wait for ever. The same on the other side, for the free table.
 * Now and then a consumer waits for what never comes, until its token is tripped.
 * Invariants: no letter is lost or read twice; no thread waits for ever.
 */
#include <sched.h>
#include <stdio.h>

#include <weir/sync.h>

#include "stress/bounds.h"

enum { PRODUCERS = 3, CONSUMERS = 3, THREADS = PRODUCERS + CONSUMERS };

static struct {
	unsigned long letters; /* in all */
	struct tripper tripper;
	weir_mutex mutex;
	weir_cond filled, emptied;

	/* under the mutex */
	bool full;
	unsigned long written, read;
} table;

static void tell(weir_cond *cond, struct stress_random *random)
{
	if (stress_random_below(random, 8))
		weir_cond_signal(cond);
	else
		weir_cond_broadcast(cond);
}

/* Nobody signals this one: only a trip ends the wait. */
static void wait_in_vain(struct bounds *bounds, struct stress_random *random)
{
	static weir_mutex mutex = WEIR_MUTEX_INITIALIZER;
	static weir_cond never = WEIR_COND_INITIALIZER;
	int result;

	bounds_draw_trip(bounds, random);
	stress_check(weir_mutex_lock(&mutex, NULL, WEIR_NEVER) == 0, "refused");
	result = weir_cond_wait(&never, &mutex, bounds->token, bounds->until);
	weir_mutex_unlock(&mutex);
	stress_check(!bounds_judge(bounds, result), "nobody has signalled");
}

static void lock(void)
{
	int error = weir_mutex_lock(&table.mutex, NULL, weir_after(STRESS_PATIENCE));

	stress_check(error == 0, "weir_mutex_lock: %d", error);
}

/* One attempt. False if it ended with nothing. */
static bool await(bool full, weir_cond *cond, const unsigned long *progress, struct bounds *bounds)
{
	int result = 0;

	while (result == 0 && table.full != full && *progress < table.letters)
		result = weir_cond_wait(cond, &table.mutex, bounds->token, bounds->until);
	return bounds_judge(bounds, result) && *progress < table.letters;
}

static void produce(struct bounds *bounds, struct stress_random *random)
{
	bool more = true;

	while (more) {
		bool put;

		bounds_draw(bounds, random);
		lock();
		put = await(false, &table.emptied, &table.written, bounds);
		if (put) {
			table.full = true;
			table.written++;
		}
		more = table.written < table.letters;
		weir_mutex_unlock(&table.mutex);
		if (put)
			tell(&table.filled, random);
	}
	weir_cond_broadcast(&table.emptied);
}

static void consume(struct bounds *bounds, struct stress_random *random)
{
	bool more = true;

	while (more) {
		bool got;

		if (stress_random_below(random, 8) == 0)
			wait_in_vain(bounds, random);
		bounds_draw(bounds, random);
		lock();
		got = await(true, &table.filled, &table.read, bounds);
		if (got) {
			table.full = false;
			table.read++;
			stress_check(table.read == table.written, "%lu read, %lu written",
				     table.read, table.written);
			tell(&table.emptied, random); /* with the mutex, for once */
		}
		more = table.read < table.letters;
		weir_mutex_unlock(&table.mutex);
	}
	weir_cond_broadcast(&table.filled);
}

static void run(void *arg, unsigned number)
{
	static atomic_uint working = THREADS;
	struct stress_random random;

	(void)arg;
	stress_random_init(&random, number);
	if (number == THREADS) {
		tripper_run(&table.tripper, &random);
		return;
	}
	if (number < PRODUCERS)
		produce(&table.tripper.of[number], &random);
	else
		consume(&table.tripper.of[number], &random);
	if (atomic_fetch_sub(&working, 1) == 1)
		atomic_store(&table.tripper.over, true);
}

int main(int argc, char **argv)
{
	const struct bounds *sum = &table.tripper.of[0];

	table.letters = stress_iterations(argc, argv, 30000);
	tripper_init(&table.tripper, THREADS);
	stress_threads(THREADS + 1, run, NULL);
	tripper_end(&table.tripper);
	stress_check(table.read == table.letters && table.written == table.letters && !table.full,
		     "%lu written, %lu read", table.written, table.read);
	printf("cond: %lu letters, %lu waits timed out, %lu cancelled, no signal lost\n",
	       table.letters, sum->timed_out, sum->canceled);
	return 0;
}
