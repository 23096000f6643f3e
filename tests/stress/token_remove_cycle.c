/* stress/token_remove_cycle.c: threads whose callbacks remove each other's.
 *
 * In each round every thread has a token with a callback and trips it; the callback removes * that
 * of another thread. There are three kinds of rounds: on trees of their own, in whatever state the
 * callback is; on one tree, likewise; and "together", where all callbacks run before any removes,
 * so that rings of waiting are sure to come about. That the round ends is the first invariant. The
 * others: a callback runs at most once; when remove says 0 the callback is over or will never run;
 * -EDEADLK is told only while it runs, and in a "together" round to exactly one thread of each
 * ring.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>

#include <weir/token.h>

#include "stress/stress.h"

enum { THREADS = 4 };
enum { NOT_RUN, RUNNING, OVER };

enum kind { APART, FAMILY, TOGETHER, KINDS };

struct member {
	struct ring *ring;
	unsigned number;
	weir_token *token;
	weir_token_callback callback;
	struct stress_random random;
	_Atomic int state;
	bool trip_parent;
	unsigned refused; /* how often -EDEADLK in this round */
};

struct ring {
	unsigned long rounds;
	pthread_barrier_t begin, running, tripped, end;
	/* of this round: */
	enum kind kind;
	weir_token *parent;    /* of all tokens, in a FAMILY; else NULL */
	unsigned step;         /* member i removes the callback of i + step */
	unsigned long refused; /* in all rounds */
	struct member members[THREADS];
};

static void meet(pthread_barrier_t *barrier)
{
	int error = pthread_barrier_wait(barrier);

	stress_check(error == 0 || error == PTHREAD_BARRIER_SERIAL_THREAD, "%d", error);
}

/* Each callback has one remover in a round: once a remover was refused, or has detached, a
 * second one would find nothing left to wait for. */
static void remove_other(struct member *self, struct member *other)
{
	int error = weir_token_callback_remove(&other->callback);
	int state = atomic_load(&other->state);

	if (error) {
		stress_check(error == -EDEADLK, "%d", error);
		stress_check(state != NOT_RUN, "refused although it has not run");
		self->refused++;
		return;
	}
	stress_check(state != RUNNING, "0 while it runs");
	if (state == NOT_RUN) { /* prevented, for good */
		stress_check(!weir_token_callback_try_remove(&other->callback), "prevented twice");
		stress_check(atomic_load(&other->state) == NOT_RUN, "run after all");
	}
}

static void remove_another(void *arg)
{
	struct member *self = arg;
	struct ring *ring = self->ring;

	stress_check(atomic_exchange(&self->state, RUNNING) == NOT_RUN, "run twice");
	if (ring->kind == TOGETHER)
		meet(&ring->running);
	remove_other(self, &ring->members[(self->number + ring->step) % THREADS]);
	stress_check(atomic_exchange(&self->state, OVER) == RUNNING, "over twice");
	if (stress_random_below(&self->random, 4) == 0)
		stress_check(weir_token_callback_remove(&self->callback) == 0, "itself");
}

static weir_token *make(weir_token *parent)
{
	weir_token *token = NULL;
	int error = weir_token_create(parent, WEIR_NEVER, &token);

	stress_check(error == 0, "weir_token_create: %d", error);
	return token;
}

/* One round for one thread. In a family all callbacks are run by whoever trips first. */
static void play(struct ring *ring, struct member *self)
{
	self->token = make(ring->parent);
	self->trip_parent = ring->parent && stress_random_below(&self->random, 4) == 0;
	atomic_store(&self->state, NOT_RUN);
	self->refused = 0;
	weir_token_callback_add(self->token, &self->callback, remove_another, self);
	meet(&ring->begin);
	if (self->trip_parent)
		(void)weir_token_cancel(ring->parent, WEIR_REASON_SHUTDOWN, NULL);
	(void)weir_token_cancel(self->token, WEIR_REASON_REQUESTED, NULL);
	meet(&ring->tripped);
	stress_check(weir_token_callback_remove(&self->callback) == 0, "not over at the end");
	stress_check(atomic_load(&self->state) != RUNNING, "not over at the end");
	meet(&ring->end);
	weir_token_unref(self->token);
}

static void begin_round(struct ring *ring, unsigned long i)
{
	ring->kind = (enum kind)(i % KINDS);
	ring->parent = ring->kind == FAMILY ? make(NULL) : NULL;
	ring->step = 1 + (unsigned)(i / KINDS) % (THREADS - 1);
}

static void end_round(struct ring *ring)
{
	unsigned refused = 0, rings = THREADS % ring->step ? 1 : ring->step;

	for (unsigned i = 0; i < THREADS; i++)
		refused += ring->members[i].refused;
	stress_check(ring->kind != TOGETHER || refused == rings, "%u refused in %u rings", refused,
		     rings);
	ring->refused += refused;
	weir_token_unref(ring->parent);
}

static void run(void *arg, unsigned number)
{
	struct ring *ring = arg;
	struct member *self = &ring->members[number];

	self->ring = ring;
	self->number = number;
	stress_random_init(&self->random, number);
	for (unsigned long i = 0; i < ring->rounds; i++) {
		if (number == 0)
			begin_round(ring, i);
		meet(&ring->end);
		play(ring, self);
		if (number == 0)
			end_round(ring);
	}
}

int main(int argc, char **argv)
{
	static struct ring ring;
	ring.rounds = stress_iterations(argc, argv, 30000);
	stress_check(pthread_barrier_init(&ring.begin, NULL, THREADS) == 0, "barrier");
	stress_check(pthread_barrier_init(&ring.running, NULL, THREADS) == 0, "barrier");
	stress_check(pthread_barrier_init(&ring.tripped, NULL, THREADS) == 0, "barrier");
	stress_check(pthread_barrier_init(&ring.end, NULL, THREADS) == 0, "barrier");
	stress_threads(THREADS, run, &ring);
	printf("token_remove_cycle: %lu rounds of %d threads ended, %lu were refused a wait\n",
	       ring.rounds, THREADS, ring.refused);
	return 0;
}
