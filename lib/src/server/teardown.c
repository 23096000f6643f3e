/* teardown.c: see teardown.h.
 *
 * Hand-over: the coordinator sets `turn` (release) and signals; the thread runs that stage,
 * stores its result, sets `done` (release) and signals. There is one stage at a time, and after
 * one that did not come back there is no other, so the thread never finds a second turn.
 */
#include "server/teardown.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/thread.h"

/* The stages this thread runs. */
static _Thread_local const struct weir__teardown *own_teardown;

void weir__teardown_init(struct weir__teardown *teardown)
{
	memset(teardown, 0, sizeof(*teardown));
	atomic_init(&teardown->turn, NULL);
	atomic_init(&teardown->over, false);
	weir__event_init(&teardown->changed);
}

void weir__teardown_fini(struct weir__teardown *teardown)
{
	while (teardown->count > 0)
		weir_token_unref(teardown->stages[--teardown->count].token);
	weir__traced_unref(teardown->traced);
	teardown->traced = NULL;
}

int weir__teardown_add(struct weir__teardown *teardown, const char *name, weir_teardown_fn fn,
		       void *arg, weir_time share)
{
	struct weir__teardown_stage *stage = &teardown->stages[teardown->count];
	int error;

	if (teardown->count == WEIR__MAX_TEARDOWNS)
		return -ENOSPC;
	error = weir_token_create(NULL, WEIR_NEVER, &stage->token);
	if (error)
		return error;
	(void)snprintf(stage->name, sizeof(stage->name), "%s", name);
	stage->teardown = teardown;
	stage->fn = fn;
	stage->arg = arg;
	stage->share = share;
	teardown->count++;
	return 0;
}

/* NULL when there will be none. */
static struct weir__teardown_stage *await_turn(struct weir__teardown *teardown)
{
	for (;;) {
		uint32_t ticket = weir__event_ticket(&teardown->changed);
		struct weir__teardown_stage *stage =
			atomic_exchange_explicit(&teardown->turn, NULL, memory_order_acq_rel);

		if (stage || atomic_load_explicit(&teardown->over, memory_order_acquire))
			return stage;
		(void)weir__event_wait(&teardown->changed, ticket, NULL, WEIR_NEVER);
	}
}

static void *teardown_thread(void *arg)
{
	struct weir__teardown *teardown = arg;
	struct weir__teardown_stage *stage;

	own_teardown = teardown;
	weir__traced_enter(teardown->traced);
	while ((stage = await_turn(teardown))) {
		weir__traced_work_on(teardown->traced, stage);
		stage->error = stage->fn(stage->arg, stage->token);
		weir__traced_work_on(teardown->traced, NULL);
		atomic_store_explicit(&stage->done, true, memory_order_release);
		weir__event_signal(&teardown->changed);
	}
	weir__traced_leave(teardown->traced);
	return NULL;
}

int weir__teardown_start(struct weir__teardown *teardown)
{
	int error;

	if (teardown->count == 0)
		return 0;
	if (!teardown->traced)
		teardown->traced = weir__traced_create();
	if (!teardown->traced)
		return -ENOMEM;
	atomic_store_explicit(&teardown->over, false, memory_order_relaxed);
	error = weir__thread_start(&teardown->thread, "weir-teardown", 0, teardown_thread,
				   teardown);
	teardown->has_thread = !error;
	return error;
}

void weir__teardown_end(struct weir__teardown *teardown)
{
	if (!teardown->has_thread)
		return;
	atomic_store_explicit(&teardown->over, true, memory_order_release);
	weir__event_signal(&teardown->changed);
	if (teardown->stuck)
		(void)pthread_detach(teardown->thread);
	else
		(void)pthread_join(teardown->thread, NULL);
	teardown->has_thread = false;
}

static bool await_done(struct weir__teardown_stage *stage, weir_time until)
{
	struct weir__event *changed = &stage->teardown->changed;
	int late = 0;

	for (;;) {
		uint32_t ticket = weir__event_ticket(changed);

		if (atomic_load_explicit(&stage->done, memory_order_acquire))
			return true;
		if (late)
			return false;
		late = weir__event_wait(changed, ticket, NULL, until);
	}
}

/* Without memory for a timer this thread does it in time. */
static void set_limit(struct weir__teardown_stage *stage, weir_time until)
{
	(void)weir_token_set_deadline(stage->token, until);
}

enum weir_stage_result weir__teardown_run(void *arg, weir_time until, weir_time give_up)
{
	struct weir__teardown_stage *stage = arg;
	struct weir__teardown *teardown = stage->teardown;

	set_limit(stage, until);
	atomic_store_explicit(&teardown->turn, stage, memory_order_release);
	weir__event_signal(&teardown->changed);
	if (!await_done(stage, until)) {
		(void)weir_token_cancel(stage->token, WEIR_REASON_DEADLINE, "teardown");
		teardown->stuck = !await_done(stage, give_up);
		return teardown->stuck ? WEIR_STAGE_ABANDONED : WEIR_STAGE_OVERRUN;
	}
	/* Its token may have told it before this thread woke up. */
	if (weir_token_reason(stage->token) == WEIR_REASON_DEADLINE)
		return WEIR_STAGE_OVERRUN;
	return stage->error < 0 ? WEIR_STAGE_FAILED : WEIR_STAGE_OK;
}

bool weir__teardown_has_self(const struct weir__teardown *teardown)
{
	return own_teardown == teardown;
}
