/* coordinator_private.h: what coordinator.c shares with times.c and stages.c. For the runner. */
#ifndef WEIR_DRAIN_COORDINATOR_PRIVATE_H
#define WEIR_DRAIN_COORDINATOR_PRIVATE_H

#include "drain/coordinator.h"

/* times.c: WEIR_NEVER where the sum does not fit. */
weir_time weir__drain_plus(weir_time start, weir_time duration);
/* times.c: until when a phase lasts; the last two once CLOSING. */
weir_time weir__drain_lame_duck_until(const struct weir__drain *drain);
weir_time weir__drain_grace_until(const struct weir__drain *drain);
weir_time weir__drain_timeout_at(const struct weir__drain *drain);

/* stages.c: runs all stages. */
void weir__drain_tear_down(struct weir__drain *drain);

#endif
