/* stress/token_trip.c: everything that can be done to shared trees of tokens, at random,
 * by several threads.
 *
 * Threads share slots, each with a reference to a token, and put new roots and children
 * into them. Each thread registers callbacks of its own on what it finds there, cancels,
 * waits, sets deadlines, asks for descriptors, and removes its callbacks in each of the
 * three ways. Invariants: a callback runs at most once, and exactly once if it was not
 * prevented and its token was tripped; one that was prevented never runs; when cancel
 * returns, the token and its descendants read as tripped and, if it was the first, this
 * thread's callbacks on it have run.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include <weir/token.h>

#include "stress/stress.h"

enum { THREADS = 4, SLOTS = 16, CELLS = 32 };

struct slot {
	pthread_mutex_t lock;
	weir_token *token;
};

struct tally;

struct world {
	unsigned long iterations;
	struct slot slots[SLOTS];
	_Atomic unsigned long ran, prevented, detached;
	pthread_mutex_t lock;
	struct tally *tallies; /* of detached callbacks, under the lock */
};

/* What a callback counts in. Outlives it when it is detached: fn may be running then. */
struct tally {
	_Atomic unsigned runs;
	bool begun; /* try_remove said that it runs or has run */
	struct tally *next;
};

/* One registration. */
struct cell {
	weir_token_callback *callback; /* NULL: none */
	weir_token *token;
	struct tally *tally;
};

struct thread {
	struct world *world;
	struct stress_random random;
	struct cell cells[CELLS];
};

static weir_token *look(struct thread *self)
{
	struct slot *slot = &self->world->slots[stress_random_below(&self->random, SLOTS)];
	weir_token *token;

	(void)pthread_mutex_lock(&slot->lock);
	token = weir_token_ref(slot->token);
	(void)pthread_mutex_unlock(&slot->lock);
	return token;
}

/* Takes the reference. */
static void put(struct thread *self, weir_token *token)
{
	struct slot *slot = &self->world->slots[stress_random_below(&self->random, SLOTS)];
	weir_token *before;

	(void)pthread_mutex_lock(&slot->lock);
	before = slot->token;
	slot->token = token;
	(void)pthread_mutex_unlock(&slot->lock);
	weir_token_unref(before);
}

static weir_token *make(weir_token *parent, weir_time deadline)
{
	weir_token *token = NULL;
	int error = weir_token_create(parent, deadline, &token);

	stress_check(error == 0, "weir_token_create: %d", error);
	return token;
}

static void note_run(void *arg)
{
	struct tally *tally = arg;

	stress_check(atomic_fetch_add(&tally->runs, 1) == 0, "a callback ran twice");
}

static void cell_add(struct thread *self, struct cell *cell)
{
	cell->token = look(self);
	cell->callback = malloc(sizeof(*cell->callback));
	cell->tally = calloc(1, sizeof(*cell->tally));
	stress_check(cell->callback && cell->tally, "no memory");
	weir_token_callback_add(cell->token, cell->callback, note_run, cell->tally);
}

static void cell_is_over(struct thread *self, struct cell *cell, bool prevented)
{
	unsigned runs = atomic_load(&cell->tally->runs);

	stress_check(runs + prevented == 1, "ran %u times, prevented %d times", runs, prevented);
	stress_check(prevented || weir_token_check(cell->token), "ran without a trip");
	stress_check(!prevented || !cell->tally->begun, "prevented after it had begun");
	atomic_fetch_add(prevented ? &self->world->prevented : &self->world->ran, 1);
	free(cell->callback);
	free(cell->tally);
	weir_token_unref(cell->token);
	*cell = (struct cell){0};
}

static void cell_remove(struct thread *self, struct cell *cell)
{
	stress_check(weir_token_callback_remove(cell->callback) == 0, "not inside a callback");
	cell_is_over(self, cell, atomic_load(&cell->tally->runs) == 0);
}

static void cell_try_remove(struct thread *self, struct cell *cell)
{
	if (weir_token_callback_try_remove(cell->callback)) {
		cell_is_over(self, cell, true);
		return;
	}
	stress_check(weir_token_check(cell->token), "not prevented without a trip");
	cell->tally->begun = true;
}

static void cell_detach(struct thread *self, struct cell *cell)
{
	struct world *world = self->world;

	weir_token_callback_detach(cell->callback);
	free(cell->callback);
	weir_token_unref(cell->token);
	(void)pthread_mutex_lock(&world->lock);
	cell->tally->next = world->tallies;
	world->tallies = cell->tally;
	(void)pthread_mutex_unlock(&world->lock);
	*cell = (struct cell){0};
	atomic_fetch_add(&world->detached, 1);
}

static void touch_callback(struct thread *self)
{
	struct cell *cell = &self->cells[stress_random_below(&self->random, CELLS)];

	if (!cell->callback) {
		cell_add(self, cell);
		return;
	}
	switch (stress_random_below(&self->random, 8)) {
	case 0:
	case 1:
		cell_remove(self, cell);
		break;
	case 2:
		cell_detach(self, cell);
		break;
	default:
		cell_try_remove(self, cell);
		break;
	}
}

static void cancel(struct thread *self)
{
	weir_token *token = look(self);
	weir_token *child = make(token, WEIR_NEVER), *leaf = make(child, WEIR_NEVER);
	bool first = weir_token_cancel(token, WEIR_REASON_REQUESTED, "stress");

	stress_check(weir_token_check(token), "live after cancel");
	stress_check(weir_token_check(leaf), "a descendant is live after cancel");
	for (unsigned i = 0; first && i < CELLS; i++) {
		const struct cell *cell = &self->cells[i];

		if (cell->callback && cell->token == token)
			stress_check(atomic_load(&cell->tally->runs) == 1,
				     "cancel left a callback out");
	}
	weir_token_unref(token);
	weir_token_unref(child);
	weir_token_unref(leaf);
}

static weir_time soon(struct thread *self)
{
	return weir_after(stress_random_below(&self->random, 300) * WEIR_MICROSECOND);
}

static void touch_token(struct thread *self)
{
	weir_token *token = look(self);
	struct pollfd entry = {.events = POLLIN};
	struct weir_cause cause;
	int result;

	switch (stress_random_below(&self->random, 4)) {
	case 0:
		result = weir_token_wait(token, soon(self));
		stress_check(result == -ETIMEDOUT || weir_token_check(token), "%d", result);
		break;
	case 1:
		result = weir_token_set_deadline(
			token, stress_random_below(&self->random, 3) ? soon(self) : WEIR_NEVER);
		stress_check(result == 0, "weir_token_set_deadline: %d", result);
		break;
	case 2:
		entry.fd = weir_token_fd(token);
		stress_check(entry.fd >= 0, "weir_token_fd: %d", entry.fd);
		if (stress_random_below(&self->random, 2))
			(void)weir_token_cancel(token, WEIR_REASON_REQUESTED, NULL);
		result = weir_token_check(token) ? poll(&entry, 1, 60000) : 1;
		stress_check(result == 1, "tripped and not readable: %d", result);
		break;
	default:
		(void)weir_token_deadline(token);
		if (weir_token_cause(token, &cause) == 0)
			stress_check(cause.reason == WEIR_REASON_REQUESTED ||
					     cause.reason == WEIR_REASON_DEADLINE,
				     "reason %d", cause.reason);
		break;
	}
	weir_token_unref(token);
}

static void plant(struct thread *self)
{
	weir_token *parent = stress_random_below(&self->random, 3) ? look(self) : NULL;

	put(self, make(parent, stress_random_below(&self->random, 8) ? WEIR_NEVER : soon(self)));
	weir_token_unref(parent);
}

static void run(void *arg, unsigned number)
{
	struct thread *self = calloc(1, sizeof(*self));

	stress_check(self, "no memory");
	self->world = arg;
	stress_random_init(&self->random, number);
	for (unsigned long i = 0; i < self->world->iterations; i++) {
		unsigned dice = stress_random_below(&self->random, 16);

		if (dice < 8)
			touch_callback(self);
		else if (dice < 11)
			plant(self);
		else if (dice < 13)
			cancel(self);
		else
			touch_token(self);
	}
	for (unsigned i = 0; i < CELLS; i++)
		if (self->cells[i].callback)
			cell_remove(self, &self->cells[i]);
	free(self);
}

/* The timer thread may still be running callbacks. It fires in order, so it has come back
 * from them when a later deadline of its has passed. */
static void flush_timers(void)
{
	weir_token *last = make(NULL, weir_after(WEIR_MILLISECOND));
	int result = weir_token_wait(last, weir_after(STRESS_PATIENCE));

	stress_check(result == -ECANCELED, "a deadline was lost");
	weir_token_unref(last);
}

static void check_detached(struct world *world)
{
	while (world->tallies) {
		struct tally *tally = world->tallies;

		world->tallies = tally->next;
		stress_check(!tally->begun || atomic_load(&tally->runs) == 1, "begun, never ran");
		free(tally);
	}
}

int main(int argc, char **argv)
{
	static struct world world = {.lock = PTHREAD_MUTEX_INITIALIZER};

	world.iterations = stress_iterations(argc, argv, 200000);
	for (unsigned i = 0; i < SLOTS; i++) {
		stress_check(pthread_mutex_init(&world.slots[i].lock, NULL) == 0, "mutex");
		world.slots[i].token = make(NULL, WEIR_NEVER);
	}
	stress_threads(THREADS, run, &world);
	for (unsigned i = 0; i < SLOTS; i++)
		weir_token_unref(world.slots[i].token);
	flush_timers();
	check_detached(&world);
	printf("token_trip: %lu callbacks ran, %lu were prevented, %lu were detached\n",
	       atomic_load(&world.ran), atomic_load(&world.prevented),
	       atomic_load(&world.detached));
	return 0;
}
