/* testing/run.h: one run, which has to come about. */
#ifndef WEIR_TESTS_TESTING_RUN_H
#define WEIR_TESTS_TESTING_RUN_H

#include <criterion/criterion.h>

#include <weir/testing.h>

static inline struct weir_testing_response *run(weir_handler handler,
						const struct weir_testing_request *request)
{
	struct weir_testing_response *response = NULL;
	int error = weir_testing_run(handler, request, NULL, &response);

	cr_assert_eq(error, 0, "the run failed: %d", error);
	return response;
}

#endif
