/* adapters/stress_curl.c: many threads on one client, trips at random; and how soon a trip ends
 * a call.
 *
 * Threads share a client and call a server of this process, which answers at once, or not before
 * its client has gone. Each call has a token that is tripped at some moment, by another thread
 * or by its deadline, or a time. Invariants: a call ends as its token or its time says, or with
 * the whole answer; in the end the server is in order.
 *
 * Then it prints, for people and without judging, how long it takes from a trip to the return of a
 * call that waits for an answer; and from a trip to the return of one that waits for a name
 * server, beside what libcurl by itself takes to give up the latter.
 */
#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <weir/curl.h>
#include <weir/io.h>
#include <weir/weir.h>

#include "adapters/names.h"
#include "stress/stress.h"

enum { THREADS = 16, WAITS = 200 };

static weir_server *server;
static weir_curl *client;
static unsigned long rounds;
static atomic_ulong answered, cancelled, too_late;
static sem_t waiting; /* a handler waits for its client to go */

static int answer(weir_request *request, weir_response *response, weir_token *token)
{
	(void)request, (void)token;
	return weir_response_body_static(response, "hello", 5);
}

static int wait_for_the_end(weir_request *request, weir_response *response, weir_token *token)
{
	(void)request, (void)response;
	if (weir_request_context(request))
		stress_check(sem_post(&waiting) == 0, "post");
	return weir_sleep(token, weir_after(STRESS_PATIENCE));
}

static int call(const char *path, weir_token *token, weir_time until,
		struct weir_curl_result *result)
{
	char url[128];
	const struct weir_curl_request request = {.url = url};

	(void)snprintf(url, sizeof(url), "%s%s", weir_server_url(server, 0), path);
	return weir_curl_call(client, &request, token, until, result);
}

static void *trip(void *token)
{
	(void)weir_token_cancel(token, WEIR_REASON_REQUESTED, NULL);
	weir_token_unref(token);
	return NULL;
}

static void note(int error, const struct weir_curl_result *result, weir_token *token,
		 weir_time until)
{
	switch (error) {
	case 0:
		stress_check((result->status == 200 && result->received == 5) ||
				     result->status == 504,
			     "%d", result->status);
		(void)atomic_fetch_add(&answered, 1);
		break;
	case -ECANCELED:
		stress_check(weir_token_check(token) != 0, "its token is live");
		(void)atomic_fetch_add(&cancelled, 1);
		break;
	case -ETIMEDOUT:
		stress_check(weir_now() >= until, "its time has not come");
		(void)atomic_fetch_add(&too_late, 1);
		break;
	default:
		stress_check(false, "%d: %s", error, result->error);
	}
}

static void be_a_caller(void *arg, unsigned number)
{
	struct stress_random random;
	unsigned long i;

	(void)arg;
	stress_random_init(&random, number);
	for (i = 0; i < rounds; i++) {
		const weir_time span = (weir_time)stress_random_below(&random, 5000) * 1000;
		const unsigned kind = stress_random_below(&random, 3);
		const bool fast = stress_random_below(&random, 2) == 0;
		const weir_time until = kind == 2 ? weir_after(span) : WEIR_NEVER;
		struct weir_curl_result result;
		weir_token *token = NULL;
		pthread_t tripper;

		stress_check(weir_token_create(NULL, kind == 0 ? weir_after(span) : WEIR_NEVER,
					       &token) == 0,
			     "token");
		if (kind == 1)
			stress_check(pthread_create(&tripper, NULL, trip, weir_token_ref(token)) ==
					     0,
				     "thread");
		note(call(fast ? "/answer" : "/wait", token, until, &result), &result, token,
		     until);
		if (kind == 1)
			stress_check(pthread_join(tripper, NULL) == 0, "join");
		weir_token_unref(token);
	}
}

/* Measuring. */

struct measured {
	weir_token *token;
	weir_time when;
	void (*await)(void);
};

static void await_handler(void)
{
	while (sem_wait(&waiting) != 0)
		stress_check(errno == EINTR, "%d", errno);
}

static void *trip_and_note(void *arg)
{
	struct measured *measured = arg;

	measured->await();
	measured->when = weir_now();
	(void)weir_token_cancel(measured->token, WEIR_REASON_REQUESTED, NULL);
	return NULL;
}

/* From the trip to the return of the call, in microseconds. */
static double measure(const char *url, void (*await)(void))
{
	const struct weir_curl_request request = {.url = url};
	struct measured measured = {.await = await};
	pthread_t thread;
	weir_time end;

	stress_check(weir_token_create(NULL, WEIR_NEVER, &measured.token) == 0, "token");
	stress_check(pthread_create(&thread, NULL, trip_and_note, &measured) == 0, "thread");
	stress_check(weir_curl_call(client, &request, measured.token, WEIR_NEVER, NULL) ==
			     -ECANCELED,
		     "not cancelled");
	end = weir_now();
	stress_check(pthread_join(thread, NULL) == 0, "join");
	weir_token_unref(measured.token);
	return (double)(end - measured.when) / 1e3;
}

static int compare(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void measure_answers(void)
{
	static double took[WAITS];
	char url[128];
	unsigned i;

	(void)snprintf(url, sizeof(url), "%s/measured", weir_server_url(server, 0));
	for (i = 0; i < WAITS; i++)
		took[i] = measure(url, await_handler);
	qsort(took, WAITS, sizeof(took[0]), compare);
	printf("trip to return, waiting for an answer: median %.0f us, p99 %.0f us, worst %.0f "
	       "us\n",
	       took[WAITS / 2], took[WAITS * 99 / 100], took[WAITS - 1]);
}

static void *release_later(void *arg)
{
	(void)arg;
	stress_check(weir_sleep(NULL, weir_after(200 * WEIR_MILLISECOND)) == 0, "sleep");
	names_release();
	return NULL;
}

/* How long libcurl itself takes to give up a name, when the name server takes 200 ms. */
static double measure_libcurl(void)
{
	CURLM *multi = curl_multi_init();
	CURL *easy = curl_easy_init();
	pthread_t thread;
	weir_time begin;
	double took;
	int running;

	stress_check(multi && easy, "libcurl");
	stress_check(curl_easy_setopt(easy, CURLOPT_URL, "http://slow.test/") == CURLE_OK, "URL");
	stress_check(curl_multi_add_handle(multi, easy) == CURLM_OK, "add");
	stress_check(curl_multi_perform(multi, &running) == CURLM_OK, "perform");
	names_await_slow();
	stress_check(pthread_create(&thread, NULL, release_later, NULL) == 0, "thread");
	begin = weir_now();
	stress_check(curl_multi_remove_handle(multi, easy) == CURLM_OK, "remove");
	curl_easy_cleanup(easy);
	took = (double)(weir_now() - begin) / 1e3;
	stress_check(curl_multi_cleanup(multi) == CURLM_OK, "cleanup");
	stress_check(pthread_join(thread, NULL) == 0, "join");
	return took;
}

static void measure_names(void)
{
	const double theirs = measure_libcurl(); /* first: its thread is gone afterwards */
	const double ours = measure("http://slow.test/", names_await_slow);

	names_release();
	printf("trip to return, waiting for a name server that needs 200 ms: %.0f us; "
	       "libcurl by itself: %.0f us\n",
	       ours, theirs);
}

int main(int argc, char **argv)
{
	const struct weir_server_options options = {
		.listen = "127.0.0.1:0", .workers = 256, .queue_target = WEIR_NONE};

	rounds = stress_iterations(argc, argv, 100);
	stress_check(sem_init(&waiting, 0, 0) == 0, "semaphore");
	stress_check(weir_server_create(&options, &server) == 0, "server");
	stress_check(weir_server_route(server, "GET /answer", answer, NULL, NULL) == 0, "route");
	stress_check(weir_server_route(server, "GET /wait", wait_for_the_end, NULL, NULL) == 0,
		     "route");
	stress_check(weir_server_route(server, "GET /measured", wait_for_the_end, &waiting, NULL) ==
			     0,
		     "route");
	stress_check(weir_server_start(server) == 0, "start");
	stress_check(weir_curl_create(NULL, &client) == 0, "client");

	stress_threads(THREADS, be_a_caller, NULL);
	printf("%lu calls: %lu answered, %lu cancelled, %lu too late\n", rounds * THREADS,
	       atomic_load(&answered), atomic_load(&cancelled), atomic_load(&too_late));
	measure_answers();
	measure_names();

	weir_curl_destroy(client);
	/* All callers have gone, and it has been noticed: the stop does not wait for its grace. */
	weir_server_stop(server, "the test");
	stress_check(weir_server_wait(server, NULL) == WEIR_CLEAN, "the server is not in order");
	weir_server_destroy(server);
	return 0;
}
