/* stages.c: teardown: stages in the reverse order of their registration, each with its share of the
 * time; after one that never came back, those that could pull something away from under it are
 * skipped. For the runner of the stop; no lock is held while a stage runs.
 */
#include "drain/coordinator_private.h"

#include <errno.h>

int weir__drain_add_stage(struct weir__drain *drain, const struct weir__drain_stage *stage)
{
	if (drain->stage_count == WEIR__DRAIN_MAX_STAGES)
		return -ENOSPC;
	drain->stages[drain->stage_count++] = *stage;
	return 0;
}

void weir__drain_clear_stages(struct weir__drain *drain)
{
	drain->stage_count = 0;
}

/* What a stage may take when its turn comes: what it asked for, or an equal part of what is left
 * of the drain timeout for the `left` stages that have not run; never more than is left, but as
 * much as it needs at least. What one leaves over is there for the next. */
static weir_time share_of(const struct weir__drain *drain, const struct weir__drain_stage *stage,
			  size_t left, weir_time now)
{
	weir_time rest = weir__drain_timeout_at(drain) - now;
	weir_time share = rest / (weir_time)left, least = stage->least;

	if (stage->share > 0) {
		share = stage->share < rest ? stage->share : rest;
		least = stage->share < least ? stage->share : least;
	}
	if (share < 0)
		share = 0;
	return share > least ? share : least;
}

/* One that has overrun has as long again, but not for long. */
static weir_time extra(weir_time share)
{
	return share < WEIR__DRAIN_MAX_EXTRA ? share : WEIR__DRAIN_MAX_EXTRA;
}

static void run_stage(struct weir__drain *drain, size_t left)
{
	const struct weir__drain_stage *stage = &drain->stages[left - 1];
	struct weir__drain_stage_end *end = &drain->stage_ends[left - 1];
	weir_time now = drain->options.now(drain->options.arg), until;

	end->share = share_of(drain, stage, left, now);
	if (drain->abandoned && !stage->always) {
		end->result = WEIR_STAGE_SKIPPED;
		end->because = drain->abandoned;
		return;
	}
	until = weir__drain_plus(now, end->share);
	end->result = stage->run(stage->arg, until, weir__drain_plus(until, extra(end->share)));
	end->time = drain->options.now(drain->options.arg) - now;
	if (end->result == WEIR_STAGE_ABANDONED && !drain->abandoned)
		drain->abandoned = stage->name;
}

/* A stop that is late still runs them all. */
void weir__drain_tear_down(struct weir__drain *drain)
{
	size_t left;

	for (left = drain->stage_count; left > 0; left--)
		run_stage(drain, left);
}
