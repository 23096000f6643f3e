/* stress/stress.h: what the stress programs share. No test framework. */
#ifndef WEIR_TESTS_STRESS_H
#define WEIR_TESTS_STRESS_H

#include <stdint.h>

#include <weir/time.h>

/* How long anything may take to happen before it counts as lost. */
#define STRESS_PATIENCE (60 * WEIR_SECOND)

/* The first argument, or the default. Exits with 2 if it is not a number above 0. */
unsigned long stress_iterations(int argc, char **argv, unsigned long otherwise);

/* When a run has been long enough, with however few iterations: in a minute, on a machine that is
 * busy with something else. Never if a number was asked for. */
weir_time stress_until(int argc);

/* Ends the process with 1 and the reason, unless `condition` holds. Any thread. */
#define stress_check(condition, ...)                                                               \
	do {                                                                                       \
		if (!(condition))                                                                  \
			stress_fail(__FILE__, __LINE__, #condition, __VA_ARGS__);                  \
	} while (0)
_Noreturn void stress_fail(const char *file, int line, const char *condition, const char *format,
			   ...) __attribute__((format(printf, 4, 5)));

/* Pseudo-random numbers: each thread has its own, and each run its own seed, which the
 * reason of a failure names. */
struct stress_random {
	uint64_t state;
};
void stress_random_init(struct stress_random *random, unsigned thread);
/* From 0 to below - 1. */
unsigned stress_random_below(struct stress_random *random, unsigned below);

/* Runs fn(arg, number) on `count` threads, numbers from 0, and returns when all are over. */
void stress_threads(unsigned count, void (*fn)(void *arg, unsigned number), void *arg);

#endif
