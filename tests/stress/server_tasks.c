/* stress/server_tasks.c: tasks that come and go while a server starts and stops.
 *
 * In each round some threads start tasks on a server (brief ones, ones that wait for their token,
 * tickers, ones that start another) from before its start until they are told that a stop has
 * begun; another thread stops it at a random moment, sometimes in a hurry. Every task that was
 * accepted runs to its end, exactly once, before the first stage of teardown; the stages run in
 * reverse order; the stop is clean.
 */
#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>

#include <weir/weir.h>

#include "stress/stress.h"

enum { STARTERS = 2, STAGES = 3 };

struct round {
	weir_server *server;
	unsigned number;
	_Atomic unsigned accepted, begun, over; /* tasks that run once */
	_Atomic int ticking;                    /* ticks that run now */
	_Atomic unsigned stages;                /* that have run */
	_Atomic unsigned refused;
};

static struct stage_of {
	struct round *round;
	unsigned number;
} stages[STAGES];

static int brief(void *arg, weir_token *token)
{
	struct round *round = arg;

	(void)token;
	atomic_fetch_add(&round->begun, 1);
	atomic_fetch_add(&round->over, 1);
	return 0;
}

static int waiting(void *arg, weir_token *token)
{
	struct round *round = arg;
	int error;

	atomic_fetch_add(&round->begun, 1);
	error = weir_token_wait(token, weir_after(STRESS_PATIENCE));
	stress_check(error == -ECANCELED, "round %u: a token that does not trip", round->number);
	stress_check(weir_token_reason(token) == WEIR_REASON_SHUTDOWN, "another reason");
	stress_check(atomic_load(&round->stages) == 0, "a stage has run beneath a task");
	atomic_fetch_add(&round->over, 1);
	return error;
}

static int tick(void *arg, weir_token *token)
{
	struct round *round = arg;

	(void)token;
	stress_check(atomic_load(&round->stages) == 0, "a stage has run beneath a ticker");
	atomic_fetch_add(&round->ticking, 1);
	(void)sched_yield();
	atomic_fetch_sub(&round->ticking, 1);
	return 0;
}

/* False once the server says that it stops. */
static bool start_one(struct round *round, weir_task_fn fn)
{
	int error;

	/* Counted before, because the task may be over before the call is. */
	atomic_fetch_add(&round->accepted, 1);
	error = weir_task_start(round->server, "task", fn, round);
	if (error)
		atomic_fetch_sub(&round->accepted, 1);
	stress_check(error == 0 || error == -ECANCELED || error == -ENOSPC, "error %d", error);
	return error != -ECANCELED;
}

static int start_another(void *arg, weir_token *token)
{
	struct round *round = arg;

	(void)token;
	atomic_fetch_add(&round->begun, 1);
	(void)start_one(round, brief);
	atomic_fetch_add(&round->over, 1);
	return 0;
}

static int stage(void *arg, weir_token *token)
{
	struct stage_of *of = arg;
	struct round *round = of->round;

	stress_check(weir_token_check(token) == 0, "born tripped");
	stress_check(atomic_load(&round->over) == atomic_load(&round->accepted),
		     "round %u: %u tasks accepted, %u over", round->number,
		     atomic_load(&round->accepted), atomic_load(&round->over));
	stress_check(atomic_load(&round->ticking) == 0, "a tick is running");
	stress_check(atomic_fetch_add(&round->stages, 1) == STAGES - 1 - of->number,
		     "stage %u out of turn", of->number);
	return 0;
}

static void start_tasks(struct round *round, struct stress_random *random)
{
	static const weir_task_fn kinds[] = {brief, waiting, start_another};
	unsigned budget = stress_random_below(random, 60);

	while (budget-- > 0) {
		unsigned kind = stress_random_below(random, 4);

		if (kind < 3) {
			if (!start_one(round, kinds[kind]))
				return;
		} else {
			int error = weir_task_every(round->server, "ticker",
						    1 + stress_random_below(random, 200000), tick,
						    round);

			stress_check(error == 0 || error == -ECANCELED || error == -ENOSPC,
				     "error %d", error);
		}
	}
}

static void take_part(void *arg, unsigned number)
{
	struct round *round = arg;
	struct stress_random random;
	unsigned spin;

	stress_random_init(&random, round->number * (STARTERS + 1) + number);
	if (number < STARTERS) {
		start_tasks(round, &random);
		return;
	}
	stress_check(weir_server_start(round->server) == 0, "it does not start");
	for (spin = stress_random_below(&random, 200); spin > 0; spin--)
		(void)sched_yield();
	if (stress_random_below(&random, 3) == 0)
		weir_server_cancel(round->server, "stress");
	else
		weir_server_stop(round->server, "stress");
}

static unsigned run_round(unsigned number)
{
	const struct weir_server_options options = {.workers = 2, .drain_timeout = STRESS_PATIENCE};
	struct round round = {.number = number};
	unsigned i;
	int outcome;

	stress_check(weir_server_create(&options, &round.server) == 0, "no server");
	for (i = 0; i < STAGES; i++) {
		stages[i] = (struct stage_of){&round, i};
		stress_check(weir_server_on_teardown(round.server, "stage", stage, &stages[i], 0) ==
				     0,
			     "stage %u", i);
	}
	stress_threads(STARTERS + 1, take_part, &round);
	outcome = weir_server_wait(round.server, NULL);
	stress_check(outcome == WEIR_CLEAN, "round %u: outcome %d", number, outcome);
	stress_check(atomic_load(&round.stages) == STAGES, "stages");
	stress_check(atomic_load(&round.begun) == atomic_load(&round.accepted), "not all have run");
	weir_server_destroy(round.server);
	return atomic_load(&round.accepted);
}

int main(int argc, char **argv)
{
	unsigned long rounds = stress_iterations(argc, argv, 200), tasks = 0, i;

	for (i = 0; i < rounds; i++)
		tasks += run_round((unsigned)i);
	printf("%lu servers ran %lu tasks to their end\n", rounds, tasks);
	return 0;
}
