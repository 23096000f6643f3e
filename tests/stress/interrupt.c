/* stress/interrupt.c: a trip ends a blocked system call, wherever it falls.
 *
 * In pairs of threads, one enters a scope and then a call that would block for ever; the
 * other trips the token after a random delay from a common start line, so that over many
 * rounds the trip falls on every step: before the scope, while it is entered, between it and
 * the call, on the way into the kernel, deep in sleep. The longest delay is steered so that
 * half of the trips come before the scope is entered and half after it, on any machine and
 * under any sanitizer. Some rounds are tripped by a
 * deadline, some by the thread itself inside the scope; some scopes are nested; half of the
 * threads have the signal blocked, as workers do.
 *
 * Invariants: the call returns, always (a round that takes longer than STRESS_PATIENCE is a
 * trip that was missed, and ends the program); it returns with EINTR and nothing else; after the
 * scope no signal is pending, and the mask is what it was.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <weir/interrupt.h>

#include "stress/stress.h"

enum { PAIRS = 2, SPINS = 2000, HEAD_START = 4096, LEAST_DELAY = 64, MOST_DELAY = 1 << 20 };

/* Where the sleeper was when its token was tripped. */
enum place { BEFORE, ENTERING, AT_THE_CALL, PLACES };

/* Who trips, in which round; fixed by the tripper before `begin`. */
enum tripper { OTHER_THREAD, DEADLINE, SLEEPER };

/* After this the signal is sent again: what took longer was probably ended by a repeat. */
#define FIRST_PAUSE (100 * WEIR_MICROSECOND)

static struct {
	char directory[32], fifo[64], locked[64];
	int lock_holder, empty_pipe[2];
	sem_t semaphore;
} place;

static int block_in_flock(void)
{
	int fd = open(place.locked, O_RDONLY | O_CLOEXEC), result;

	if (fd < 0)
		return -errno;
	result = flock(fd, LOCK_EX) ? -errno : 0;
	(void)close(fd);
	return result;
}

static int block_in_open(void)
{
	int fd = open(place.fifo, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : 0;
}

static int block_in_sem_wait(void)
{
	return sem_wait(&place.semaphore) ? -errno : 0;
}

static int block_in_read(void)
{
	char byte;

	return read(place.empty_pipe[0], &byte, 1) < 0 ? -errno : 0;
}

static const struct {
	const char *name;
	int (*block)(void);
} calls[] = {
	{"flock", block_in_flock},
	{"open of a FIFO", block_in_open},
	{"sem_wait", block_in_sem_wait},
	{"read of a pipe", block_in_read},
	{"nothing", NULL}, /* the scope is left soon, at any moment of a trip */
};
enum { CALLS = sizeof(calls) / sizeof(calls[0]) };

struct pair {
	_Atomic unsigned long begin, ready, end; /* the round that has come so far */
	atomic_int at;                           /* enum place, of the sleeper */

	/* fixed by the tripper before `begin` */
	weir_token *token;
	enum tripper tripper;
	unsigned call;
	bool nested;

	/* of the tripper; read when all is over */
	unsigned delay; /* the longest, in steps */
	unsigned long places[PLACES], repeated;
};

struct world {
	unsigned long rounds; /* of each pair */
	struct pair pairs[PAIRS];
};

static void pause_for(unsigned steps)
{
	while (steps-- > 0)
		atomic_signal_fence(memory_order_seq_cst);
}

/* Spins, so that both sides of a pair leave close together. */
static void await(_Atomic unsigned long *word, unsigned long value, const char *what)
{
	weir_time until = weir_after(STRESS_PATIENCE);

	for (unsigned i = 0; atomic_load_explicit(word, memory_order_acquire) != value; i++) {
		if (i < SPINS)
			continue;
		stress_check(weir_now() < until, "a trip was missed: %s, round %lu", what, value);
		(void)sched_yield();
	}
}

static bool is_member(int (*get)(sigset_t *set))
{
	sigset_t set;

	stress_check(get(&set) == 0, "signal set: %d", errno);
	return sigismember(&set, weir_interrupt_signal()) == 1;
}

static int get_mask(sigset_t *set)
{
	return pthread_sigmask(SIG_BLOCK, NULL, set);
}

static void block(const struct pair *pair)
{
	int error;

	do
		error = calls[pair->call].block();
	while (error == -EINTR && weir_token_check(pair->token) == 0);
	stress_check(error == -EINTR, "%s: %d", calls[pair->call].name, error);
}

static void sleep_in_scope(struct pair *pair)
{
	weir_interrupt outer, scope;
	int error = 0;

	if (pair->nested)
		error = weir_interrupt_begin(&outer, pair->token);
	if (!error) {
		error = weir_interrupt_begin(&scope, pair->token);
		if (error && pair->nested)
			weir_interrupt_end(&outer);
	}
	if (error) {
		stress_check(error == -ECANCELED, "weir_interrupt_begin: %d", error);
		return;
	}
	atomic_store_explicit(&pair->at, AT_THE_CALL, memory_order_relaxed);
	if (pair->tripper == SLEEPER)
		(void)weir_token_cancel(pair->token, WEIR_REASON_REQUESTED, NULL);
	if (calls[pair->call].block)
		block(pair);
	weir_interrupt_end(&scope);
	if (pair->nested)
		weir_interrupt_end(&outer);
}

static void run_sleeper(struct world *world, struct pair *pair, bool blocked)
{
	struct stress_random random;
	sigset_t ours;

	stress_random_init(&random, 100 + (unsigned)(pair - world->pairs));
	(void)sigemptyset(&ours);
	(void)sigaddset(&ours, weir_interrupt_signal());
	stress_check(pthread_sigmask(blocked ? SIG_BLOCK : SIG_UNBLOCK, &ours, NULL) == 0, "mask");
	for (unsigned long i = 1; i <= world->rounds; i++) {
		unsigned steps = stress_random_below(&random, HEAD_START);

		await(&pair->begin, i, "the tripper");
		atomic_store_explicit(&pair->ready, i, memory_order_release);
		pause_for(steps);
		atomic_store_explicit(&pair->at, ENTERING, memory_order_relaxed);
		sleep_in_scope(pair);
		stress_check(is_member(get_mask) == blocked, "the mask has changed");
		stress_check(!is_member(sigpending), "a signal is left");
		atomic_store_explicit(&pair->end, i, memory_order_release);
	}
}

/* Half of the trips are to find the sleeper at the call. */
static void steer(struct pair *pair, enum place at)
{
	if (at == AT_THE_CALL && pair->delay > LEAST_DELAY)
		pair->delay -= pair->delay / LEAST_DELAY;
	else if (at != AT_THE_CALL && pair->delay < MOST_DELAY)
		pair->delay += pair->delay / LEAST_DELAY;
}

/* Draws a round and starts it. */
static void start(struct pair *pair, unsigned long round, struct stress_random *random)
{
	unsigned who = stress_random_below(random, 16);
	weir_time deadline = WEIR_NEVER;
	int error;

	pair->tripper = who == 0 ? DEADLINE : who == 1 ? SLEEPER : OTHER_THREAD;
	pair->call = stress_random_below(random, CALLS);
	pair->nested = stress_random_below(random, 4) == 0;
	if (pair->tripper == DEADLINE)
		deadline = weir_after(stress_random_below(random, 60) * WEIR_MICROSECOND);
	error = weir_token_create(NULL, deadline, &pair->token);
	stress_check(error == 0, "weir_token_create: %d", error);
	atomic_store_explicit(&pair->at, BEFORE, memory_order_relaxed);
	atomic_store_explicit(&pair->begin, round, memory_order_release);
}

static void trip(struct pair *pair, unsigned long round, struct stress_random *random)
{
	enum place at;
	weir_time when;

	await(&pair->ready, round, "the sleeper");
	pause_for(stress_random_below(random, pair->delay));
	at = (enum place)atomic_load_explicit(&pair->at, memory_order_relaxed);
	when = weir_now();
	(void)weir_token_cancel(pair->token, WEIR_REASON_REQUESTED, NULL);
	await(&pair->end, round, calls[pair->call].name);
	pair->places[at]++;
	if (at == AT_THE_CALL && weir_now() - when >= FIRST_PAUSE)
		pair->repeated++;
	steer(pair, at);
}

static void run_tripper(struct world *world, struct pair *pair)
{
	struct stress_random random;

	stress_random_init(&random, (unsigned)(pair - world->pairs));
	pair->delay = LEAST_DELAY;
	for (unsigned long i = 1; i <= world->rounds; i++) {
		start(pair, i, &random);
		if (pair->tripper == OTHER_THREAD)
			trip(pair, i, &random);
		await(&pair->end, i, calls[pair->call].name);
		stress_check(weir_token_check(pair->token) == -ECANCELED ||
				     pair->tripper == DEADLINE,
			     "not tripped");
		weir_token_unref(pair->token);
	}
}

static void run(void *arg, unsigned number)
{
	struct world *world = arg;
	struct pair *pair = &world->pairs[number / 2];

	if (number % 2)
		run_sleeper(world, pair, number / 2 % 2);
	else
		run_tripper(world, pair);
}

static void set_up(void)
{
	(void)strcpy(place.directory, "/tmp/weir-interrupt-XXXXXX");
	stress_check(mkdtemp(place.directory) != NULL, "mkdtemp: %d", errno);
	(void)snprintf(place.fifo, sizeof(place.fifo), "%s/fifo", place.directory);
	(void)snprintf(place.locked, sizeof(place.locked), "%s/locked", place.directory);
	stress_check(mkfifo(place.fifo, 0600) == 0, "mkfifo: %d", errno);
	place.lock_holder = open(place.locked, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	stress_check(place.lock_holder >= 0, "open: %d", errno);
	stress_check(flock(place.lock_holder, LOCK_EX) == 0, "flock: %d", errno);
	stress_check(pipe2(place.empty_pipe, O_CLOEXEC) == 0, "pipe2: %d", errno);
	stress_check(sem_init(&place.semaphore, 0, 0) == 0, "sem_init: %d", errno);
}

static void tear_down(void)
{
	(void)sem_destroy(&place.semaphore);
	(void)close(place.empty_pipe[0]);
	(void)close(place.empty_pipe[1]);
	(void)close(place.lock_holder);
	stress_check(unlink(place.locked) == 0, "unlink: %d", errno);
	stress_check(unlink(place.fifo) == 0, "unlink: %d", errno);
	stress_check(rmdir(place.directory) == 0, "rmdir: %d", errno);
}

int main(int argc, char **argv)
{
	static struct world world;
	unsigned long places[PLACES] = {0}, repeated = 0;

	world.rounds = (stress_iterations(argc, argv, 60000) + PAIRS - 1) / PAIRS;
	set_up();
	stress_threads(2 * PAIRS, run, &world);
	tear_down();
	for (unsigned i = 0; i < PAIRS; i++) {
		for (unsigned j = 0; j < PLACES; j++)
			places[j] += world.pairs[i].places[j];
		repeated += world.pairs[i].repeated;
	}
	printf("interrupt: %lu trips, 0 missed (%lu before the scope, %lu while it was entered, "
	       "%lu at or in the call, %lu of these ended after 0.1 ms or more)\n",
	       world.rounds * PAIRS, places[BEFORE], places[ENTERING], places[AT_THE_CALL],
	       repeated);
	return 0;
}
