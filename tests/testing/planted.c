/* testing/planted.c: see planted.h. */
#include "planted.h"

#include <criterion/criterion.h>

struct weir_testing_report *sweep(weir_handler handler, const struct weir_testing_request *request,
				  const struct weir_testing_options *options)
{
	struct weir_testing_options patient = options ? *options : (struct weir_testing_options){0};
	struct weir_testing_report *report = NULL;
	int error;

	/* A busy machine is no fault. */
	if (patient.limit == 0)
		patient.limit = 10 * WEIR_SECOND;
	if (patient.brief == 0)
		patient.brief = 10 * WEIR_SECOND;
	error = weir_testing_cancel_everywhere(handler, request, &patient, &report);

	cr_assert_eq(error, 0, "the sweep failed: %d", error);
	weir_testing_report_print(report, stderr);
	return report;
}

unsigned count_faults(const struct weir_testing_report *report, enum weir_testing_fault_kind kind)
{
	unsigned count = 0;
	size_t i;

	for (i = 0; i < report->fault_count; i++)
		count += report->faults[i].kind == kind;
	return count;
}

void expect_fault(weir_handler handler, const struct weir_testing_options *options,
		  enum weir_testing_fault_kind kind)
{
	static const struct weir_testing_request request = {0};
	struct weir_testing_report *report = sweep(handler, &request, options);

	cr_assert_gt(count_faults(report, kind), 0, "%s was not found",
		     weir_testing_fault_key(kind));
	cr_assert_eq(count_faults(report, kind), report->fault_count, "there is more");
	weir_testing_report_free(report);
}

unsigned expect_well(weir_handler handler, const struct weir_testing_request *request,
		     const struct weir_testing_options *options)
{
	struct weir_testing_report *report = sweep(handler, request, options);
	unsigned points = report->points;

	cr_assert_eq(report->fault_count, 0, "a handler that is well has faults");
	cr_assert(!report->abandoned);
	weir_testing_report_free(report);
	return points;
}
