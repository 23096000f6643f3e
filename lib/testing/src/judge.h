/* judge.h: is a run as it should be? */
#ifndef WEIR_TESTING_JUDGE_H
#define WEIR_TESTING_JUDGE_H

#include "report.h"
#include "residue.h"
#include "run.h"

/* What a handler has left behind in one run, and may have left just this once: something that
 * is opened when it is needed first, a cache. Bits by enum weir_testing_fault_kind. */
unsigned weir__testing_growth(const struct weir__testing_residue *before,
			      const struct weir__testing_residue *after);
/* Reports those of `growth`. */
void weir__testing_judge_growth(struct weir__testing_findings *findings,
				const struct weir__testing_run *run,
				const struct weir__testing_residue *before,
				const struct weir__testing_residue *after, unsigned growth);

/* The answer and the result, and how long it took. `normal` is the result of a run without a
 * trip. */
void weir__testing_judge_answer(struct weir__testing_findings *findings,
				const struct weir__testing_run *run, int normal);

/* Locks, files, gauges. `normal` are the files after a run without a trip; NULL: this is one. */
void weir__testing_judge_residue(struct weir__testing_findings *findings,
				 const struct weir__testing_run *run,
				 const struct weir__testing_residue *before,
				 const struct weir__testing_residue *after,
				 const struct weir__testing_names *normal, const char *scratch);

#endif
