/* reload_history.h: which configuration serves, and how the reloads have gone: for /status and
 * /metrics. Any thread. */
#ifndef WEIR_APP_RELOAD_HISTORY_H
#define WEIR_APP_RELOAD_HISTORY_H

#include "complain.h"

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include <weir/sync.h>

struct reload_state {
	uint64_t generation; /* the configuration that serves, counted from 1 */
	uint64_t reloads, failures;
	unsigned old; /* earlier configurations that requests still use */
	/* Of the reload that has ended last: */
	struct timespec when; /* CLOCK_REALTIME; {0, 0}: there was none */
	bool ok;
	char error[COMPLAIN_SIZE]; /* one line; "" if it was ok */
};

struct reload_history {
	weir_mutex lock; /* held for a copy only */
	struct reload_state state;
};

/** A first configuration serves. */
void reload_history_init(struct reload_history *history);

void reload_history_look(struct reload_history *history, struct reload_state *out);

/** A reload has ended; `problem` is why it has changed nothing, or NULL. Returns the generation
 *  that serves. */
uint64_t reload_history_add(struct reload_history *history, const char *problem);

/** How many earlier configurations there are. */
void reload_history_old(struct reload_history *history, unsigned count);

#endif
