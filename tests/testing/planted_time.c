/* testing/planted_time.c: handlers that do not come back, or not soon. */
#include "planted.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <semaphore.h>
#include <time.h>
#include <unistd.h>

#include <weir/io.h>

static int never_looks(weir_request *request, weir_response *response, weir_token *token)
{
	(void)request, (void)token;
	(void)sleep(60); /* planted */
	return weir_response_printf(response, "worked\n");
}

Test(planted_time, a_handler_that_never_looks_is_found)
{
	expect_fault(never_looks, NULL, WEIR_TESTING_NEVER_LOOKED);
}

static sem_t never;

static int never_returns(weir_request *request, weir_response *response, weir_token *token)
{
	(void)request, (void)response, (void)token;
	while (sem_wait(&never)) /* planted: nothing ends this */
		;
	return 0;
}

Test(planted_time, a_handler_that_never_comes_back_is_found)
{
	static const struct weir_testing_request request = {0};
	const struct weir_testing_options options = {.patience = 50 * WEIR_MILLISECOND,
						     .limit = 50 * WEIR_MILLISECOND};
	struct weir_testing_report *report;

	cr_assert_eq(sem_init(&never, 0, 0), 0);
	report = sweep(never_returns, &request, &options);
	cr_assert(report->abandoned);
	cr_assert_eq(report->fault_count, 1);
	cr_assert_eq(report->faults[0].kind, WEIR_TESTING_NEVER_RETURNED);
	weir_testing_report_free(report);
}

static int stuck_at_second(weir_request *request, weir_response *response, weir_token *token)
{
	(void)request;
	if (weir_token_check(token))
		return -ECANCELED;
	if (weir_token_check(token))
		while (sem_wait(&never)) /* planted: only if it is tripped here */
			;
	return weir_response_printf(response, "done\n");
}

Test(planted_time, the_point_at_which_it_does_not_come_back_is_named)
{
	static const struct weir_testing_request request = {0};
	const struct weir_testing_options options = {.limit = 50 * WEIR_MILLISECOND};
	struct weir_testing_report *report;

	cr_assert_eq(sem_init(&never, 0, 0), 0);
	report = sweep(stuck_at_second, &request, &options);
	cr_assert(report->abandoned);
	cr_assert_eq(report->points, 2);
	cr_assert_eq(report->fault_count, 1);
	cr_assert_eq(report->faults[0].kind, WEIR_TESTING_NEVER_RETURNED);
	cr_assert_eq(report->faults[0].point, 2);
	weir_testing_report_free(report);
}

/* Looks, and then goes on all the same. */
static int ignores(weir_request *request, weir_response *response, weir_token *token)
{
	(void)request;
	(void)weir_token_check(token);
	(void)weir_sleep(NULL, weir_after(30 * WEIR_SECOND)); /* planted */
	return weir_response_printf(response, "done\n");
}

Test(planted_time, a_handler_that_goes_on_too_long_is_found)
{
	expect_fault(ignores, NULL, WEIR_TESTING_TOO_LATE);
}

/* In real time, too: it spins. */
static int spins(weir_request *request, weir_response *response, weir_token *token)
{
	struct timespec now;
	time_t until;

	(void)request;
	if (weir_token_check(token)) {
		(void)clock_gettime(CLOCK_MONOTONIC, &now);
		until = now.tv_sec + 2; /* between one and two seconds */
		while (now.tv_sec < until)
			(void)clock_gettime(CLOCK_MONOTONIC, &now); /* planted */
		return -ECANCELED;
	}
	return weir_response_printf(response, "done\n");
}

Test(planted_time, a_handler_that_works_on_too_long_is_found)
{
	const struct weir_testing_options options = {.limit = 500 * WEIR_MILLISECOND,
						     .real_clock = true};

	/* Twice the limit is "never": the sweep must not wait so long. */
	static const struct weir_testing_request request = {0};
	struct weir_testing_report *report = sweep(spins, &request, &options);

	cr_assert_eq(report->fault_count, 1);
	cr_assert(report->faults[0].kind == WEIR_TESTING_TOO_LATE ||
		  report->faults[0].kind == WEIR_TESTING_NEVER_RETURNED);
	cr_assert_eq(report->faults[0].point, 1);
	weir_testing_report_free(report);
}

static int ignores_drain(weir_request *request, weir_response *response, weir_token *token)
{
	if (weir_token_check(weir_request_drain_token(request)))
		while (!weir_token_check(token)) /* planted: polls until it is too late */
			;
	if (weir_token_check(token))
		return -ECANCELED;
	return weir_response_printf(response, "done\n");
}

Test(planted_time, a_handler_that_does_not_end_when_a_stop_begins_is_found)
{
	static const struct weir_testing_request request = {0};
	const struct weir_testing_options options = {.limit = 50 * WEIR_MILLISECOND};
	struct weir_testing_report *report = sweep(ignores_drain, &request, &options);

	cr_assert_eq(report->drain_points, 1);
	cr_assert_eq(report->fault_count, 1);
	cr_assert_eq(report->faults[0].kind, WEIR_TESTING_TOO_LATE);
	cr_assert(report->faults[0].drain);
	weir_testing_report_free(report);
}

/* Goes another way each time: looks in every second run. */
static int flips(weir_request *request, weir_response *response, weir_token *token)
{
	static int runs;

	(void)request;
	if (runs++ % 2 && weir_token_check(token))
		return -ECANCELED;
	return weir_response_printf(response, "done\n");
}

Test(planted_time, a_point_that_is_not_always_reached_is_tried_again)
{
	static const struct weir_testing_request request = {0};
	struct weir_testing_report *report = sweep(flips, &request, NULL);

	cr_assert_eq(report->points, 1);
	cr_assert(report->changed);
	cr_assert_eq(report->fault_count, 0);
	cr_assert_eq(report->runs, 4, "two without a trip, one for nothing, one that is tripped");
	weir_testing_report_free(report);
}

/* Looks often in its first two runs, and once later on. */
static int grows_calm(weir_request *request, weir_response *response, weir_token *token)
{
	static int runs;
	int looks = runs++ < 2 ? 5 : 1;

	(void)request;
	while (looks-- > 0)
		if (weir_token_check(token))
			return -ECANCELED;
	return weir_response_printf(response, "done\n");
}

Test(planted_time, a_point_that_is_not_reached_any_more_ends_the_sweep)
{
	static const struct weir_testing_request request = {0};
	struct weir_testing_report *report = sweep(grows_calm, &request, NULL);

	cr_assert_eq(report->points, 5);
	cr_assert(report->changed);
	cr_assert_eq(report->fault_count, 0);
	cr_assert_eq(report->runs, 2 + 1 + 3);
	weir_testing_report_free(report);
}
