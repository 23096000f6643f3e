/* testing/planted_answers.c: wrong answers, planted and found. */
#include "planted.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include <weir/io.h>

static int answer_twice(weir_request *request, weir_response *response, weir_token *token)
{
	int error = weir_response_printf(response, "done\n");

	(void)request;
	if (!error && weir_token_check(token)) /* planted: forgets what it has said already */
		error = weir_response_error(response, 503, "cancelled");
	return error;
}

Test(planted_answers, a_double_answer_is_found)
{
	expect_fault(answer_twice, NULL, WEIR_TESTING_ANSWERED_TWICE);
}

static int answer_after_stream(weir_request *request, weir_response *response, weir_token *token)
{
	int error = weir_response_stream(response, -1);

	(void)request, (void)token;
	if (!error)
		error = weir_response_write(response, "half\n", 5);
	if (error) /* planted: the stream has begun, or may have */
		(void)weir_response_error(response, 500, "no more");
	return error;
}

Test(planted_answers, an_answer_after_a_stream_is_found)
{
	expect_fault(answer_after_stream, NULL, WEIR_TESTING_ANSWERED_TWICE);
}

static int announce_too_much(weir_request *request, weir_response *response, weir_token *token)
{
	int error = weir_response_stream(response, 10);

	(void)request, (void)token;
	return error ? error : weir_response_write(response, "half\n", 5);
}

Test(planted_answers, a_body_shorter_than_announced_is_found)
{
	expect_fault(announce_too_much, NULL, WEIR_TESTING_MALFORMED);
}

static int announce_too_little(weir_request *request, weir_response *response, weir_token *token)
{
	int error = weir_response_stream(response, 2);

	(void)request;
	if (!error)
		error = weir_response_write(response, "ha", 2);
	if (!error)
		(void)weir_response_write(response, "lf\n", 3); /* planted */
	return error ? error : weir_token_check(token);
}

Test(planted_answers, a_body_longer_than_announced_is_found)
{
	expect_fault(announce_too_little, NULL, WEIR_TESTING_MALFORMED);
}

static int body_with_204(weir_request *request, weir_response *response, weir_token *token)
{
	int error = weir_response_status(response, 204);

	(void)request, (void)token;
	return error ? error : weir_response_printf(response, "nothing\n");
}

Test(planted_answers, a_body_where_there_is_none_is_found)
{
	expect_fault(body_with_204, NULL, WEIR_TESTING_MALFORMED);
}

static int header_twice(weir_request *request, weir_response *response, weir_token *token)
{
	int error = weir_response_header(response, "Content-Type", "text/html");

	(void)request, (void)token;
	if (!error)
		error = weir_response_header(response, "content-type", "text/plain");
	return error ? error : weir_response_printf(response, "which?\n");
}

Test(planted_answers, a_header_set_twice_is_found)
{
	expect_fault(header_twice, NULL, WEIR_TESTING_MALFORMED);
}

static int write_after_error(weir_request *request, weir_response *response, weir_token *token)
{
	int error = weir_response_stream(response, -1), i;

	(void)request, (void)token;
	for (i = 0; i < 3 && !error; i++) {
		(void)weir_response_write(response, "line\n", 5); /* planted: goes on */
	}
	return error;
}

Test(planted_answers, a_write_after_an_error_is_found)
{
	expect_fault(write_after_error, NULL, WEIR_TESTING_WROTE_AFTER_ERROR);
}

static int wrong_errno(weir_request *request, weir_response *response, weir_token *token)
{
	(void)request;
	if (weir_sleep(token, weir_after(WEIR_SECOND)))
		return -EIO; /* planted: what was it really? */
	return weir_response_printf(response, "done\n");
}

Test(planted_answers, a_cancellation_that_is_called_a_failure_is_found)
{
	expect_fault(wrong_errno, NULL, WEIR_TESTING_WRONG_RESULT);
}

static int positive(weir_request *request, weir_response *response, weir_token *token)
{
	(void)request, (void)response;
	return weir_token_check(token) ? -ECANCELED : EIO; /* planted: the sign */
}

Test(planted_answers, a_positive_result_is_found)
{
	static const struct weir_testing_request request = {0};
	struct weir_testing_report *report = sweep(positive, &request, NULL);

	cr_assert_eq(count_faults(report, WEIR_TESTING_WRONG_RESULT), 1);
	cr_assert_eq(report->faults[0].point, 0);
	weir_testing_report_free(report);
}

static int mistakes_drain(weir_request *request, weir_response *response, weir_token *token)
{
	int error = weir_sleep(weir_request_drain_token(request), weir_after(WEIR_SECOND));

	if (error) /* planted: its own token is live; a client gets 500 */
		return error;
	error = weir_token_check(token);
	return error ? error : weir_response_printf(response, "done\n");
}

Test(planted_answers, a_drain_that_is_taken_for_a_cancellation_is_found)
{
	static const struct weir_testing_request request = {0};
	struct weir_testing_report *report = sweep(mistakes_drain, &request, NULL);

	cr_assert_eq(report->fault_count, count_faults(report, WEIR_TESTING_WRONG_RESULT));
	cr_assert_gt(report->fault_count, 0);
	cr_assert(report->faults[0].drain);
	weir_testing_report_free(report);
}
