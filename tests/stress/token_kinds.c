/* stress/token_kinds.c: linked tokens and shields, made, looked at, tripped and freed at once.
 *
 * In each round two sources are shared by all threads. Each thread has a linked token on
 * both, a shield beneath one, and children of either; some trip a source, move a deadline, ask
 * for the last look, or free what they have while another thread trips. The invariants: when
 * the call that has tripped a source returns, the linked token of the same thread is tripped, with
 * the cause of one of the two; a shield is live until its budget is over, or it is cancelled; and
 * once it is over, it is tripped with its parent's reason.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>

#include <weir/token.h>

#include "stress/stress.h"

enum { THREADS = 4, REASON = 1000 };

#define LONG (3600 * WEIR_SECOND)
#define SHORT (100 * WEIR_MICROSECOND)

struct round {
	unsigned long rounds;
	pthread_barrier_t begin, end;
	weir_token *sources[2];
	_Atomic unsigned long freed, passed, tripped;
};

static void meet(pthread_barrier_t *barrier)
{
	int error = pthread_barrier_wait(barrier);

	stress_check(error == 0 || error == PTHREAD_BARRIER_SERIAL_THREAD, "%d", error);
}

static weir_token *make(weir_token *parent)
{
	weir_token *token = NULL;
	int error = weir_token_create(parent, WEIR_NEVER, &token);

	stress_check(error == 0, "weir_token_create: %d", error);
	return token;
}

static weir_token *make_shield(weir_token *parent, weir_time budget)
{
	weir_token *token = NULL;
	int error = weir_token_create_shield(parent, budget, &token);

	stress_check(error == 0, "weir_token_create_shield: %d", error);
	return token;
}

static weir_token *make_linked(weir_token *const *sources)
{
	weir_token *token = NULL;
	int error = weir_token_create_linked(sources, 2, &token);

	stress_check(error == 0, "weir_token_create_linked: %d", error);
	return token;
}

static void look_at(weir_token *token)
{
	struct weir_last_check last;

	(void)weir_token_check(token);
	(void)weir_token_deadline(token);
	stress_check(weir_token_last_check(token, &last) == 0, "a look was forgotten");
}

static void check_shield(struct round *round, weir_token *shield, weir_time budget, bool tripped)
{
	if (budget == LONG) {
		stress_check(weir_token_check(shield) == 0, "tripped before its budget is over");
	} else if (tripped) {
		stress_check(weir_token_wait(shield, weir_after(STRESS_PATIENCE)) == -ECANCELED,
			     "outlived its budget");
		stress_check(weir_token_reason(shield) >= REASON, "another's reason");
		(void)atomic_fetch_add(&round->passed, 1);
	}
}

static void play(struct round *round, struct stress_random *random)
{
	unsigned source = stress_random_below(random, 2);
	weir_time budget = stress_random_below(random, 2) ? LONG : SHORT;
	weir_token *linked = make_linked(round->sources);
	weir_token *shield = make_shield(round->sources[source], budget);
	weir_token *child = make(stress_random_below(random, 2) ? linked : shield);
	bool trips = stress_random_below(random, 2) == 0;

	meet(&round->begin);
	look_at(child);
	if (stress_random_below(random, 2) == 0)
		stress_check(weir_token_set_deadline(child, weir_after(LONG)) == 0, "deadline");
	if (trips) {
		if (weir_token_cancel(round->sources[source],
				      REASON + (int)stress_random_below(random, 9), NULL)) {
			stress_check(weir_token_check(linked) == -ECANCELED, "not yet tripped");
			(void)atomic_fetch_add(&round->tripped, 1);
		}
		stress_check(weir_token_wait(linked, weir_after(STRESS_PATIENCE)) == -ECANCELED,
			     "never tripped");
		stress_check(weir_token_reason(linked) >= REASON, "another's reason");
	} else if (stress_random_below(random, 2) == 0) {
		weir_token_unref(linked);
		linked = NULL;
		(void)atomic_fetch_add(&round->freed, 1);
	}
	check_shield(round, shield, budget, trips);
	weir_token_unref(shield);
	weir_token_unref(child);
	weir_token_unref(linked);
	meet(&round->end);
}

static void run(void *arg, unsigned number)
{
	struct round *round = arg;
	struct stress_random random;

	stress_random_init(&random, number);
	for (unsigned long i = 0; i < round->rounds; i++) {
		if (number == 0)
			for (int k = 0; k < 2; k++)
				round->sources[k] = make(NULL);
		meet(&round->end);
		play(round, &random);
		if (number == 0)
			for (int k = 0; k < 2; k++)
				weir_token_unref(round->sources[k]);
	}
}

int main(int argc, char **argv)
{
	static struct round round;

	round.rounds = stress_iterations(argc, argv, 20000);
	stress_check(pthread_barrier_init(&round.begin, NULL, THREADS) == 0, "barrier");
	stress_check(pthread_barrier_init(&round.end, NULL, THREADS) == 0, "barrier");
	stress_threads(THREADS, run, &round);
	printf("token_kinds: %lu trips of a source, %lu linked tokens freed meanwhile, "
	       "%lu shields ended by their budgets\n",
	       atomic_load(&round.tripped), atomic_load(&round.freed), atomic_load(&round.passed));
	return 0;
}
