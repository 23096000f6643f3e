/* run.h: one case, over one connection. */
#ifndef WEIR_TESTS_CONFORMANCE_RUN_H
#define WEIR_TESTS_CONFORMANCE_RUN_H

#include "case.h"

/* Aborts with a sentence if what comes is not what `expect`, which is the case's own, says. */
void conformance_run(const struct conformance_case *one, const char *expect, const char *url);

#endif
