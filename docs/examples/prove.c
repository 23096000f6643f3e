/* prove.c: a handler, and the test that proves that it can be cancelled anywhere.
 *
 *	prove          exits with 0 if nothing is wrong
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <weir/testing.h>
#include <weir/weir.h>

/* Spools a body to a temporary file, with a pause after each piece, and answers with its size.
 * Wherever it is cancelled it leaves by way of close_spool. */
static int spool(weir_request *request, weir_response *response, weir_token *token)
{
	char buffer[4096];
	size_t total = 0;
	ssize_t size;
	int error = 0;
	FILE *file = tmpfile();

	if (!file)
		return -errno;
	while ((size = weir_request_read(request, buffer, sizeof(buffer))) > 0) {
		if (fwrite(buffer, 1, (size_t)size, file) != (size_t)size) {
			error = -EIO;
			goto close_spool;
		}
		total += (size_t)size;
		error = weir_sleep(token, weir_after(WEIR_SECOND));
		if (error)
			goto close_spool;
	}
	error = size < 0 ? (int)size : weir_response_printf(response, "%zu bytes\n", total);

close_spool:
	(void)fclose(file); /* nothing in it is wanted any more */
	return error;
}

static const struct weir_testing_piece pieces[] = {{"one ", 4}, {"two ", 4}, {"three", 5}};
static const struct weir_route_options streamed = {.body = WEIR_BODY_STREAMED};
static const struct weir_testing_request request = {
	.method = "POST",
	.target = "/spool",
	.pattern = "POST /spool",
	.pieces = pieces,
	.piece_count = 3,
	.options = &streamed,
};

static int test_answer(void)
{
	struct weir_testing_response *response;
	int error = weir_testing_run(spool, &request, NULL, &response), wrong;

	if (error)
		return error;
	wrong = response->status != 200 || strcmp(response->body, "13 bytes\n") != 0 ||
		response->took != 3 * WEIR_SECOND; /* in no time: the clock is a fake one */
	printf("%d %s", response->status, response->body);
	weir_testing_response_free(response);
	return wrong;
}

static int test_cancellation(void)
{
	struct weir_testing_report *report;
	int error = weir_testing_cancel_everywhere(spool, &request, NULL, &report), wrong;

	if (error)
		return error;
	weir_testing_report_print(report, stdout);
	wrong = report->fault_count > 0 || report->points == 0;
	weir_testing_report_free(report);
	return wrong;
}

/* In place of some database of yours. */
static long open_transactions;

static long read_transactions(void *arg)
{
	(void)arg;
	return open_transactions;
}

static int transfer(weir_request *given, weir_response *response, weir_token *token)
{
	int error;

	(void)given;
	open_transactions++;
	error = weir_sleep(token, weir_after(WEIR_SECOND));
	if (!error)
		error = weir_response_printf(response, "moved\n");
	open_transactions--;
	return error;
}

static int test_transaction(void)
{
	static const struct weir_testing_request post = {.method = "POST"};
	const struct weir_testing_gauge gauge = {"open transactions", read_transactions, NULL};
	const struct weir_testing_options options = {
		.gauges = &gauge,
		.gauge_count = 1,
		.reason = WEIR_REASON_CLIENT_GONE,
	};
	struct weir_testing_report *report;
	int error = weir_testing_cancel_everywhere(transfer, &post, &options, &report), wrong;

	if (error)
		return error;
	weir_testing_report_print(report, stdout);
	wrong = report->fault_count > 0;
	weir_testing_report_free(report);
	return wrong;
}

int main(void)
{
	return test_answer() || test_cancellation() || test_transaction();
}
