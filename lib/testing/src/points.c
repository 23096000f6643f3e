/* points.c: the points of a run: its looks at its tokens.
 *
 * libweir tells a probe of each look before it is decided (cancel/token.h), so a trip at a
 * look is seen by that look. The trip itself is made by the director, as it would come from
 * another thread in a server; the look waits until the token reads as tripped, not for the
 * trip's callbacks, which may want something that the handler holds.
 */
#include <sched.h>

#include "clock.h"
#include "run.h"
#include "under.h"

/* A linked token is tripped a moment after its source. How long a look at one waits for that; it
 * might be linked to something else. */
#define LINK_PATIENCE (100 * WEIR_MILLISECOND)

static bool is_linked(const weir_token *token)
{
	return token->root->kind == WEIR__LINKED;
}

/* `token` is to be tripped, `looked_at` is it, or beneath it, or linked to it. */
static void await_trip(struct weir__testing_run *run, const weir_token *token,
		       const weir_token *looked_at)
{
	weir_time until;

	atomic_store(&run->wants_trip, true);
	(void)sem_post(&run->news);
	while (weir_token_reason(token) == WEIR_REASON_NONE)
		(void)sched_yield();
	until = weir__testing_real_now() + LINK_PATIENCE;
	while (is_linked(looked_at) && weir_token_reason(looked_at) == WEIR_REASON_NONE &&
	       weir__testing_real_now() < until)
		(void)sched_yield();
	run->tripped_at = weir_now();
}

static bool is_target(const struct weir__testing_run *run, bool drain, unsigned look)
{
	return run->target.look > 0 && run->target.drain == drain && run->target.look == look;
}

static void count_look(struct weir__testing_run *run, bool drain, const weir_token *looked_at,
		       const char *where)
{
	weir_token *token = drain ? run->drain_token : &run->request->token;
	unsigned count;

	/* Looks after the trip are no points. */
	if (weir_token_reason(&run->request->token) != WEIR_REASON_NONE ||
	    weir_token_reason(token) != WEIR_REASON_NONE)
		return;
	count = 1 + atomic_fetch_add(drain ? &run->drain_looks : &run->looks, 1);
	atomic_store(&run->where, where);
	if (is_target(run, drain, count)) {
		await_trip(run, token, looked_at);
	} else if (run->looks_max > 0 && run->target.look == 0 && count >= run->looks_max) {
		atomic_store(&run->endless, true);
		await_trip(run, &run->request->token, looked_at);
	}
}

/* Linked tokens tell the probe of one source only: a look at one counts for both. */
static void on_look(struct weir__testing_run *run, bool drain, const weir_token *looked_at,
		    const char *where)
{
	if (!weir__testing_watched())
		return;
	weir__testing_aside++;
	if (pthread_equal(pthread_self(), run->thread))
		weir__testing_feed(run);
	if (!drain || is_linked(looked_at))
		count_look(run, false, looked_at, where);
	if (drain || is_linked(looked_at))
		count_look(run, true, looked_at, where);
	weir__testing_aside--;
}

static void on_request_look(weir_token *token, const char *where, bool waits, void *arg)
{
	(void)waits;
	on_look(arg, false, token, where);
}

static void on_drain_look(weir_token *token, const char *where, bool waits, void *arg)
{
	(void)waits;
	on_look(arg, true, token, where);
}

void weir__testing_points_init(struct weir__testing_run *run)
{
	run->request_probe = (struct weir__probe){on_request_look, run};
	run->drain_probe = (struct weir__probe){on_drain_look, run};
}

void weir__testing_points_trip(struct weir__testing_run *run)
{
	atomic_store(&run->real_tripped_at, weir__testing_real_now());
	if (run->target.drain && !atomic_load(&run->endless))
		(void)weir_token_cancel(run->drain_token, WEIR_REASON_DRAINING, "testing");
	else
		(void)weir_token_cancel(&run->request->token, run->options->reason, "testing");
}
