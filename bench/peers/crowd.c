/* crowd.c: see crowd.h. */
#include "crowd.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../support/clock.h"
#include "../support/parse.h"

/* The waiters are about to wait when they have said so, and get this long to be asleep. One that
 * is not yet makes the result better, not worse, and is the same for all peers. */
#define SETTLE (20 * BENCH_MS)
#define STACK ((size_t)64 * 1024)

struct crowd {
	void (*wait)(void *arg);
	void *arg;
	atomic_uint here;
	sem_t all_awake, may_end;
	struct member {
		struct crowd *crowd;
		pthread_t thread;
		int64_t awake;
	} members[];
};

static void *run(void *arg)
{
	struct member *member = arg;
	struct crowd *crowd = member->crowd;

	(void)atomic_fetch_add(&crowd->here, 1);
	crowd->wait(crowd->arg);
	member->awake = bench_now();
	/* The end of a thread is dear: not before all are awake. */
	if (atomic_fetch_sub(&crowd->here, 1) == 1)
		(void)sem_post(&crowd->all_awake);
	while (sem_wait(&crowd->may_end) != 0)
		;
	return NULL;
}

static void settle(struct crowd *crowd, unsigned count)
{
	struct timespec pause = {.tv_nsec = SETTLE};

	while (atomic_load(&crowd->here) < count)
		(void)sched_yield();
	while (nanosleep(&pause, &pause) != 0)
		;
}

/* Returns how many were started. */
static unsigned start(struct crowd *crowd, unsigned count)
{
	pthread_attr_t attributes;
	unsigned started = 0;

	if (pthread_attr_init(&attributes) != 0)
		return 0;
	if (pthread_attr_setstacksize(&attributes, STACK) == 0)
		for (; started < count; started++) {
			struct member *member = &crowd->members[started];

			member->crowd = crowd;
			if (pthread_create(&member->thread, &attributes, run, member) != 0)
				break;
		}
	(void)pthread_attr_destroy(&attributes);
	return started;
}

int64_t crowd_wake(unsigned count, void (*wait)(void *arg), void (*cancel)(void *arg), void *arg)
{
	struct crowd *crowd = calloc(1, sizeof(*crowd) + count * sizeof(crowd->members[0]));
	int64_t begun, last = 0;
	unsigned started;

	if (!crowd)
		return -ENOMEM;
	crowd->wait = wait;
	crowd->arg = arg;
	if (sem_init(&crowd->all_awake, 0, 0) != 0 || sem_init(&crowd->may_end, 0, 0) != 0) {
		free(crowd);
		return -EINVAL;
	}
	started = start(crowd, count);
	settle(crowd, started);
	begun = bench_now();
	cancel(arg);
	while (started > 0 && sem_wait(&crowd->all_awake) != 0)
		;
	for (unsigned i = 0; i < started; i++)
		(void)sem_post(&crowd->may_end);
	for (unsigned i = 0; i < started; i++) {
		(void)pthread_join(crowd->members[i].thread, NULL);
		if (crowd->members[i].awake > last)
			last = crowd->members[i].awake;
	}
	free(crowd);
	return started == count ? last - begun : -EAGAIN;
}

void crowd_say(const char *name, int64_t nanoseconds, uint64_t count)
{
	if (nanoseconds >= 0)
		(void)printf("%s %llu\n", name,
			     (unsigned long long)((double)nanoseconds * 1000 / (double)count));
}

int crowd_arguments(int argc, char **argv, const char *about, const char **part, unsigned *n)
{
	uint64_t value = 0;

	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		(void)printf("%s\n", about);
		exit(0);
	}
	if (argc != 3 || bench_parse_after(argv[2], "", UINT_MAX, &value) != 0) {
		(void)fprintf(stderr, "usage: %s PART N\n", argv[0]);
		return 2;
	}
	*part = argv[1];
	*n = (unsigned)value;
	return 0;
}
