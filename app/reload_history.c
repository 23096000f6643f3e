/* reload_history.c: see reload_history.h. */
#include "reload_history.h"

#include <stdio.h>

static void lock(struct reload_history *history)
{
	(void)weir_mutex_lock(&history->lock, NULL,
			      WEIR_NEVER); /* without a token it cannot fail */
}

void reload_history_init(struct reload_history *history)
{
	*history = (struct reload_history){.state = {.generation = 1}};
}

void reload_history_look(struct reload_history *history, struct reload_state *out)
{
	lock(history);
	*out = history->state;
	weir_mutex_unlock(&history->lock);
}

uint64_t reload_history_add(struct reload_history *history, const char *problem)
{
	struct reload_state *state = &history->state;
	struct timespec now;
	(void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail for this clock */
	lock(history);
	state->when = now;
	state->ok = problem == NULL;
	(void)snprintf(state->error, sizeof state->error, "%s", problem != NULL ? problem : "");
	if (state->ok) {
		state->reloads++;
		state->generation++;
	} else {
		state->failures++;
	}
	uint64_t generation = state->generation;
	weir_mutex_unlock(&history->lock);
	return generation;
}

void reload_history_old(struct reload_history *history, unsigned count)
{
	lock(history);
	history->state.old = count;
	weir_mutex_unlock(&history->lock);
}
