/* stress/gcancellable.c: two threads that do to each other, inside callbacks, what GLib documents
 * as a deadlock of GCancellable (g_cancellable_connect(): "methods that will deadlock (by
 * design) when called from the cancelled callbacks"; g_cancellable_disconnect(): blocks until a
 * running handler has finished).
 *
 * In each round both threads trip a token of their own, at the same time; in every other round
 * neither callback acts before both run. Each callback does one thing to the other thread's token,
 * whose callback may be armed, running or over: removes that callback, adds one, makes the
 * descriptor, begins anew with a token beneath, or gives back a reference. That the round ends is
 * the invariant; and that a removal that says 0 is true, -EDEADLK is told to one of the two at
 * most, and to exactly one if both run and remove.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>

#include <weir/token.h>

#include "stress/stress.h"

enum action { REMOVE, ADD, MAKE_FD, ANEW, UNREF, ACTIONS };
enum { NOT_RUN, RUNNING, OVER };

struct side {
	struct side *other;
	weir_token *token;
	weir_token_callback callback, extra;
	struct stress_random random;
	enum action action;
	bool together; /* acts only when both run */
	int result;
	_Atomic int state;
	_Atomic unsigned extra_runs;
};

struct duel {
	unsigned long rounds, refused;
	pthread_barrier_t meeting;
	struct side sides[2];
};

static void meet(struct duel *duel)
{
	int error = pthread_barrier_wait(&duel->meeting);

	stress_check(error == 0 || error == PTHREAD_BARRIER_SERIAL_THREAD, "%d", error);
}

static weir_token *make(weir_token *parent)
{
	weir_token *token = NULL;
	int error = weir_token_create(parent, WEIR_NEVER, &token);

	stress_check(error == 0, "weir_token_create: %d", error);
	return token;
}

static void count_extra(void *arg)
{
	(void)atomic_fetch_add(&((struct side *)arg)->extra_runs, 1);
}

static void remove_other(struct side *self)
{
	struct side *other = self->other;
	int state;

	self->result = weir_token_callback_remove(&other->callback);
	state = atomic_load(&other->state);
	if (self->result == 0)
		stress_check(state != RUNNING, "0 while it runs");
	else
		stress_check(self->result == -EDEADLK && state != NOT_RUN, "%d", self->result);
}

static void act(void *arg)
{
	struct side *self = arg;
	weir_token *other = self->other->token, *token;

	stress_check(atomic_exchange(&self->state, RUNNING) == NOT_RUN, "run twice");
	/* Nobody removes before this, so the other one is going to run, too. */
	while (self->together && atomic_load(&self->other->state) == NOT_RUN)
		(void)sched_yield();
	switch (self->action) {
	case REMOVE:
		remove_other(self);
		break;
	case ADD:
		weir_token_callback_add(other, &self->extra, count_extra, self);
		break;
	case MAKE_FD:
		stress_check(weir_token_fd(other) >= 0, "no descriptor");
		break;
	case ANEW:
		token = make(other);
		(void)weir_token_cancel(token, WEIR_REASON_USER, NULL);
		stress_check(weir_token_check(token) == -ECANCELED, "live");
		weir_token_unref(token);
		break;
	case UNREF:
		weir_token_unref(weir_token_ref(other));
		break;
	case ACTIONS:
		break;
	}
	stress_check(atomic_exchange(&self->state, OVER) == RUNNING, "over twice");
}

static void play(struct duel *duel, struct side *self, bool together)
{
	self->together = together;
	self->token = make(NULL);
	self->action = stress_random_below(&self->random, 2)
			       ? REMOVE
			       : (enum action)stress_random_below(&self->random, ACTIONS);
	self->result = 0;
	atomic_store(&self->state, NOT_RUN);
	atomic_store(&self->extra_runs, 0);
	weir_token_callback_add(self->token, &self->callback, act, self);
	meet(duel);
	(void)weir_token_cancel(self->token, WEIR_REASON_REQUESTED, NULL);
	meet(duel);
	stress_check(atomic_load(&self->state) != RUNNING, "not over at the end");
	if (self->action == ADD && atomic_load(&self->state) == OVER)
		stress_check(atomic_load(&self->extra_runs) == 1, "the added one has not run");
}

static void run(void *arg, unsigned number)
{
	struct duel *duel = arg;
	struct side *self = &duel->sides[number];

	self->other = &duel->sides[1 - number];
	stress_random_init(&self->random, number);
	for (unsigned long i = 0; i < duel->rounds; i++) {
		play(duel, self, i % 2 == 0);
		meet(duel);
		if (number == 0) {
			bool refused = self->result || self->other->result;
			bool circle = self->together && self->action == REMOVE &&
				      self->other->action == REMOVE;

			stress_check(!self->result || !self->other->result, "both were refused");
			stress_check(refused || !circle, "neither was refused");
			duel->refused += refused;
		}
		weir_token_unref(self->token);
		meet(duel);
	}
}

int main(int argc, char **argv)
{
	static struct duel duel;

	duel.rounds = stress_iterations(argc, argv, 40000);
	stress_check(pthread_barrier_init(&duel.meeting, NULL, 2) == 0, "barrier");
	stress_threads(2, run, &duel);
	printf("gcancellable: %lu rounds ended, %lu removals were refused a wait\n", duel.rounds,
	       duel.refused);
	return 0;
}
