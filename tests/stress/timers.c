/* stress/timers.c: deadlines armed, moved, taken away and freed by several threads.
 *
 * Each thread makes tokens with deadlines a few milliseconds ahead and does something to
 * each. Invariants: none trips before its time or with another reason; what was taken
 * away in time never trips; what was left alone trips.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>

#include <weir/token.h>

#include "stress/stress.h"

enum { THREADS = 4, HELD = 64 };

#define FAR (3600 * WEIR_SECOND)

struct held {
	weir_token *token;
	weir_time deadline; /* the last that was set; WEIR_NEVER: taken away in time */
};

struct workload {
	unsigned long each;
	_Atomic unsigned long tripped, freed;
};

static weir_time soon(struct stress_random *random)
{
	return weir_after(stress_random_below(random, 20000) * WEIR_MICROSECOND / 10);
}

static void arm(struct held *held, struct stress_random *random)
{
	int error;

	held->deadline = stress_random_below(random, 4) ? soon(random) : weir_after(FAR);
	error = weir_token_create(NULL, held->deadline, &held->token);
	stress_check(error == 0, "weir_token_create: %d", error);
}

/* A deadline that may be passing right now may trip the token whatever is set instead; so
 * only those far ahead are moved. */
static void move(struct held *held, struct stress_random *random)
{
	int error;

	if (held->deadline - weir_now() < FAR / 2)
		return;
	held->deadline = stress_random_below(random, 3) ? soon(random) : WEIR_NEVER;
	error = weir_token_set_deadline(held->token, held->deadline);
	stress_check(error == 0, "weir_token_set_deadline: %d", error);
}

static void check(const struct held *held)
{
	struct weir_cause cause;

	if (weir_token_cause(held->token, &cause) != 0)
		return;
	stress_check(cause.reason == WEIR_REASON_DEADLINE, "tripped by %s",
		     weir_reason_key(cause.reason));
	stress_check(held->deadline != WEIR_NEVER, "tripped without a deadline");
	stress_check(cause.when >= held->deadline, "tripped %lld ns too early",
		     (long long)(held->deadline - cause.when));
}

static void await(const struct held *held)
{
	int result;

	if (held->deadline - weir_now() > FAR / 2)
		return;
	result = weir_token_wait(held->token, weir_after(STRESS_PATIENCE));
	stress_check(result == -ECANCELED, "a deadline was lost: %d", result);
}

static void let_go(struct workload *workload, struct held *held)
{
	check(held);
	if (weir_token_check(held->token))
		atomic_fetch_add(&workload->tripped, 1);
	else
		atomic_fetch_add(&workload->freed, 1);
	weir_token_unref(held->token);
	held->token = NULL;
}

static void run(void *arg, unsigned number)
{
	struct workload *workload = arg;
	struct held all[HELD] = {{0}};
	struct stress_random random;
	unsigned long made = 0;

	stress_random_init(&random, number);
	while (made < workload->each) {
		struct held *held = &all[stress_random_below(&random, HELD)];

		if (!held->token) {
			arm(held, &random);
			made++;
			continue;
		}
		check(held);
		switch (stress_random_below(&random, 16)) {
		case 0:
			await(held);
			break;
		case 1:
		case 2:
		case 3:
			move(held, &random);
			break;
		default:
			let_go(workload, held);
			break;
		}
	}
	for (unsigned i = 0; i < HELD; i++)
		if (all[i].token) {
			await(&all[i]);
			let_go(workload, &all[i]);
		}
}

int main(int argc, char **argv)
{
	static struct workload workload;

	workload.each = stress_iterations(argc, argv, 100000) / THREADS + 1;
	stress_threads(THREADS, run, &workload);
	printf("timers: %lu deadlines: %lu passed, %lu were freed or taken away before\n",
	       workload.each * THREADS, atomic_load(&workload.tripped),
	       atomic_load(&workload.freed));
	return 0;
}
