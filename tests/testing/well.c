/* testing/well.c: handlers that are well, and are found to be: each holds things over its
 * looks and gives them back. */
#include "planted.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <weir/io.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

/* Memory, a lock, a descriptor, a temporary file, a thread. */
static void *wait_for_token(void *token)
{
	(void)weir_token_wait(token, weir_after(WEIR_SECOND));
	return NULL;
}

static int holds_everything(weir_request *request, weir_response *response, weir_token *token)
{
	char path[512];
	pthread_t thread;
	char *copy = strdup(weir_request_path(request));
	int error = -ENOMEM, fd;

	if (!copy)
		return error;
	(void)snprintf(path, sizeof(path), "%s/spool-XXXXXX", getenv("TMPDIR"));
	fd = mkstemp(path);
	if (fd < 0) {
		error = -errno;
		goto free_copy;
	}
	error = -pthread_create(&thread, NULL, wait_for_token, token);
	if (error)
		goto unlink_spool;
	if (pthread_mutex_lock(&mutex)) {
		error = -EIO;
		goto join_thread;
	}
	error = weir_sleep(token, weir_after(WEIR_SECOND));
	(void)pthread_mutex_unlock(&mutex);
	if (!error)
		error = weir_token_check(token);
	if (!error)
		error = weir_response_printf(response, "%s\n", copy);

join_thread:
	(void)pthread_join(thread, NULL);
unlink_spool:
	(void)close(fd);
	(void)unlink(path);
free_copy:
	free(copy);
	return error;
}

Test(well, a_handler_that_gives_everything_back_passes)
{
	static const struct weir_testing_request request = {0};

	cr_assert_geq(expect_well(holds_everything, &request, NULL), 2);
}

static int streams(weir_request *request, weir_response *response, weir_token *token)
{
	weir_token *drain = weir_request_drain_token(request);
	weir_time next = weir_now();
	int error = weir_response_stream(response, -1), i;

	(void)token;
	for (i = 0; i < 5 && !error; i++) {
		next += WEIR_SECOND;
		if (weir_sleep(drain, next))
			return weir_response_write(response, "bye\n", 4);
		error = weir_response_write(response, "tick\n", 5);
	}
	return error;
}

Test(well, a_stream_that_ends_with_the_drain_token_passes)
{
	static const struct weir_testing_request request = {0};
	struct weir_testing_report *report = sweep(streams, &request, NULL);

	cr_assert_eq(report->fault_count, 0);
	cr_assert_geq(report->points, 5);
	cr_assert_geq(report->drain_points, 5);
	cr_assert_eq(report->runs, 2 + report->points + report->drain_points);
	cr_assert(!report->endless);
	weir_testing_report_free(report);
}

static int streams_for_ever(weir_request *request, weir_response *response, weir_token *token)
{
	weir_token *drain = weir_request_drain_token(request);
	int error = weir_response_stream(response, -1);

	(void)token;
	while (!error) {
		if (weir_sleep(drain, weir_after(WEIR_SECOND)))
			return weir_response_write(response, "bye\n", 4);
		error = weir_response_write(response, "tick\n", 5);
	}
	return error;
}

Test(well, a_stream_without_an_end_passes)
{
	static const struct weir_testing_request request = {0};
	const struct weir_testing_options options = {.points_max = 20};
	struct weir_testing_report *report = sweep(streams_for_ever, &request, &options);

	cr_assert_eq(report->fault_count, 0);
	cr_assert(report->endless);
	cr_assert_geq(report->points + report->drain_points, 20);
	weir_testing_report_free(report);
}

/* Waits for its token alone: nothing else would ever wake it. */
static int waits_for_token(weir_request *request, weir_response *response, weir_token *token)
{
	struct pollfd fd = {.fd = weir_token_fd(token), .events = POLLIN};

	(void)request, (void)response;
	if (fd.fd < 0)
		return fd.fd;
	if (poll(&fd, 1, -1) != 1)
		return -EIO;
	return weir_token_check(token);
}

Test(well, a_handler_that_waits_for_its_token_passes)
{
	static const struct weir_testing_request request = {0};
	const struct weir_testing_options options = {.patience = 50 * WEIR_MILLISECOND};
	struct weir_testing_report *report = sweep(waits_for_token, &request, &options);

	cr_assert_eq(report->fault_count, 0);
	cr_assert(report->endless);
	weir_testing_report_free(report);
}

static int reads_body(weir_request *request, weir_response *response, weir_token *token)
{
	char buffer[64];
	size_t total = 0;
	ssize_t got;

	(void)token;
	while ((got = weir_request_read(request, buffer, sizeof(buffer))) > 0)
		total += (size_t)got;
	return got < 0 ? (int)got : weir_response_printf(response, "%zu\n", total);
}

Test(well, a_handler_that_reads_a_body_passes)
{
	static const struct weir_testing_piece pieces[] = {{"one", 3}, {"two", 3}, {"three", 5}};
	static const struct weir_route_options options = {.body = WEIR_BODY_STREAMED};
	static const struct weir_testing_request request = {
		.method = "PUT", .pieces = pieces, .piece_count = 3, .options = &options};

	cr_assert_geq(expect_well(reads_body, &request, NULL), 4);
}

/* Brief handlers need not look. */
static int is_brief(weir_request *request, weir_response *response, weir_token *token)
{
	(void)request, (void)token;
	return weir_response_printf(response, "hello\n");
}

Test(well, a_brief_handler_that_does_not_look_passes)
{
	static const struct weir_testing_request request = {0};

	cr_assert_eq(expect_well(is_brief, &request, NULL), 0);
}

/* Each reason is a trip like any other. */
static int sleeps(weir_request *request, weir_response *response, weir_token *token)
{
	int error = weir_sleep(token, weir_after(3600 * WEIR_SECOND));

	(void)request;
	return error ? error : weir_response_printf(response, "slept\n");
}

Test(well, a_sleeping_handler_passes_for_every_reason)
{
	static const struct weir_testing_request request = {0};
	int reason;

	for (reason = WEIR_REASON_CLIENT_GONE; reason < WEIR_REASON_COUNT; reason++) {
		const struct weir_testing_options options = {.reason = reason};

		cr_assert_geq(expect_well(sleeps, &request, &options), 1);
	}
}
