/* straggler.h: a straggler in words, for the drain report and for who looks at any time. */
#ifndef WEIR_DRAIN_STRAGGLER_H
#define WEIR_DRAIN_STRAGGLER_H

#include <weir/report.h>

#include "base/text.h"

/* On one line, without its end and without the stack: `"GET /slow" path=/slow client=...`. */
void weir__straggler_text(struct weir__text *text, const struct weir_straggler *straggler);

/* As a JSON object, with the stack. */
void weir__straggler_json(struct weir__text *text, const struct weir_straggler *straggler);
/* The same of a handler that runs, of which nobody knows yet whether it will be one. */
void weir__running_json(struct weir__text *text, const struct weir_straggler *running);

#endif
