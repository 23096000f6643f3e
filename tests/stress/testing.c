/* stress/testing.c: lib/testing under ThreadSanitizer: sweeps of handlers that start threads,
 * wait in every way and stream, while the program's other threads go about their business.
 *
 * Invariants: no handler has a fault, and each run comes to an end.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <weir/io.h>
#include <weir/sync.h>
#include <weir/testing.h>

#include "stress/stress.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static weir_mutex own_mutex;

static void *wait_a_while(void *token)
{
	(void)weir_token_wait(token, weir_after(WEIR_SECOND));
	return NULL;
}

static int holds(weir_request *request, weir_response *response, weir_token *token)
{
	char *copy = strdup(weir_request_path(request));
	pthread_t thread;
	int error;

	if (!copy)
		return -ENOMEM;
	error = -pthread_create(&thread, NULL, wait_a_while, token);
	if (error)
		goto free_copy;
	(void)pthread_mutex_lock(&mutex);
	error = weir_sleep(token, weir_after(WEIR_SECOND));
	(void)pthread_mutex_unlock(&mutex);
	if (!error)
		error = weir_mutex_lock(&own_mutex, token, weir_after(WEIR_SECOND));
	if (!error) {
		error = weir_token_check(token);
		weir_mutex_unlock(&own_mutex);
	}
	if (!error)
		error = weir_response_printf(response, "%s\n", copy);
	(void)pthread_join(thread, NULL);

free_copy:
	free(copy);
	return error;
}

/* On the request's token and the drain token at once, by way of a linked one. */
static int streams(weir_request *request, weir_response *response, weir_token *token)
{
	weir_token *const both[] = {token, weir_request_drain_token(request)};
	weir_token *either;
	int error = weir_token_create_linked(both, 2, &either), i;

	if (error)
		return error;
	error = weir_response_stream(response, -1);
	for (i = 0; i < 3 && !error; i++) {
		error = weir_sleep(either, weir_after(WEIR_SECOND));
		if (!error)
			error = weir_response_write(response, "tick\n", 5);
	}
	if (error == -ECANCELED && !weir_token_check(token))
		error = weir_response_write(response, "bye\n", 4);
	weir_token_unref(either);
	return error;
}

static _Atomic bool over;

/* Takes memory, locks and time, none of which is a handler's. */
static void *disturb(void *arg)
{
	(void)arg;
	while (!atomic_load(&over)) {
		char *text = strdup("not counted");

		free(text);
		(void)pthread_mutex_lock(&mutex);
		(void)pthread_mutex_unlock(&mutex);
		(void)weir_token_wait(NULL, weir_after(100 * WEIR_MICROSECOND));
	}
	return NULL;
}

static unsigned sweep(weir_handler handler)
{
	static const struct weir_testing_request request = {0};
	const struct weir_testing_options options = {
		.limit = STRESS_PATIENCE, .patience = STRESS_PATIENCE, .brief = STRESS_PATIENCE};
	struct weir_testing_report *report;
	int error = weir_testing_cancel_everywhere(handler, &request, &options, &report);
	unsigned runs;

	stress_check(error == 0, "the sweep failed: %d", error);
	if (report->fault_count > 0)
		weir_testing_report_print(report, stderr);
	stress_check(report->fault_count == 0, "%zu faults", report->fault_count);
	stress_check(!report->abandoned && !report->endless, "it did not end");
	runs = report->runs;
	weir_testing_report_free(report);
	return runs;
}

int main(int argc, char **argv)
{
	unsigned long sweeps = stress_iterations(argc, argv, 20), i, runs = 0;
	pthread_t other;

	stress_check(pthread_create(&other, NULL, disturb, NULL) == 0, "no thread");
	for (i = 0; i < sweeps; i++)
		runs += sweep(holds) + sweep(streams);
	atomic_store(&over, true);
	(void)pthread_join(other, NULL);
	printf("%lu sweeps of two handlers, %lu runs, no fault\n", sweeps, runs);
	return 0;
}
