/* stress/stress.c: see stress.h. */
#include "stress/stress.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { MAX_THREADS = 64 };

static _Atomic uint64_t seed;

weir_time stress_until(int argc)
{
	return argc > 1 ? WEIR_NEVER : weir_after(60 * WEIR_SECOND);
}

unsigned long stress_iterations(int argc, char **argv, unsigned long otherwise)
{
	unsigned long iterations = otherwise;
	char *end = NULL;

	if (argc > 1) {
		errno = 0;
		iterations = strtoul(argv[1], &end, 10);
	}
	if (argc > 2 || iterations == 0 || (end && (*end || errno))) {
		fprintf(stderr, "usage: %s [ITERATIONS]\n", argv[0]);
		exit(2);
	}
	return iterations;
}

void stress_fail(const char *file, int line, const char *condition, const char *format, ...)
{
	va_list arguments;

	fprintf(stderr, "%s:%d: not true: %s: ", file, line, condition);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fprintf(stderr, " (seed %llx)\n", (unsigned long long)atomic_load(&seed));
	/* the other threads still run: no exit handlers under their feet */
	_exit(1);
}

void stress_random_init(struct stress_random *random, unsigned thread)
{
	uint64_t none = 0;

	(void)atomic_compare_exchange_strong(&seed, &none, (uint64_t)weir_now() | 1);
	random->state = atomic_load(&seed) + (uint64_t)thread * UINT64_C(0x9e3779b97f4a7c15);
}

/* splitmix64 */
unsigned stress_random_below(struct stress_random *random, unsigned below)
{
	uint64_t z = random->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (unsigned)((z ^ (z >> 31)) % below);
}

struct start {
	pthread_t thread;
	void (*fn)(void *arg, unsigned number);
	void *arg;
	unsigned number;
};

static void *run(void *arg)
{
	struct start *start = arg;

	start->fn(start->arg, start->number);
	return NULL;
}

void stress_threads(unsigned count, void (*fn)(void *arg, unsigned number), void *arg)
{
	struct start starts[MAX_THREADS];
	unsigned i;

	stress_check(count <= MAX_THREADS, "%u threads", count);
	for (i = 0; i < count; i++) {
		int error;

		starts[i] = (struct start){.fn = fn, .arg = arg, .number = i};
		error = pthread_create(&starts[i].thread, NULL, run, &starts[i]);
		stress_check(error == 0, "pthread_create: %d", error);
	}
	for (i = 0; i < count; i++) {
		int error = pthread_join(starts[i].thread, NULL);

		stress_check(error == 0, "pthread_join: %d", error);
	}
}
