/* report.h: a report in the making. */
#ifndef WEIR_TESTING_REPORT_H
#define WEIR_TESTING_REPORT_H

#include "run.h"

struct weir__testing_findings {
	struct weir_testing_report report; /* the public part; faults is `list` */
	struct weir_testing_fault *list;
	size_t room;
	unsigned overlook;
	int error; /* -ENOMEM */
};

/* Adds a fault of a run; `format` says what in particular. */
void weir__testing_find(struct weir__testing_findings *findings,
			const struct weir__testing_run *run, enum weir_testing_fault_kind kind,
			const char *format, ...) WEIR_PRINTF(4, 5);

#endif
