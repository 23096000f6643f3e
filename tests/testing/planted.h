/* testing/planted.h: what the tests of planted faults share. */
#ifndef WEIR_TESTS_TESTING_PLANTED_H
#define WEIR_TESTS_TESTING_PLANTED_H

#include <weir/testing.h>

/** Cancels `handler` everywhere; prints the report; must succeed. `limit` and `brief` are 10 s
 *  where the options, which may be NULL, leave them out. */
struct weir_testing_report *sweep(weir_handler handler, const struct weir_testing_request *request,
				  const struct weir_testing_options *options);

/** How many faults of this kind there are. */
unsigned count_faults(const struct weir_testing_report *report, enum weir_testing_fault_kind kind);

/** Sweeps a GET of "/" and asserts that there is such a fault, and no other kind. */
void expect_fault(weir_handler handler, const struct weir_testing_options *options,
		  enum weir_testing_fault_kind kind);

/** Sweeps and asserts that there is none. Returns the number of points. */
unsigned expect_well(weir_handler handler, const struct weir_testing_request *request,
		     const struct weir_testing_options *options);

#endif
