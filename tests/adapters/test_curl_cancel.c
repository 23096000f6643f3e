/* adapters/test_curl_cancel.c: trips, and times that are over. */
#include <criterion/criterion.h>

#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "adapters/curl_support.h"
#include "adapters/names.h"
#include "support/fixture.h"
#include "support/gate.h"
#include "support/handlers.h"
#include "support/must.h"
#include "support/token.h"

TestSuite(curl_cancel, .timeout = 60);

static int count(weir_request *request, weir_response *response, weir_token *token)
{
	(void)response, (void)token;
	(void)atomic_fetch_add((atomic_uint *)weir_request_context(request), 1);
	return 0;
}

Test(curl_cancel, before_the_call_nothing_is_sent)
{
	weir_curl *client = curl_client(NULL);
	weir_token *token = token_make(NULL);
	struct weir_curl_result result;
	struct fixture fixture;
	struct answer answer;
	atomic_uint handled = 0;

	fixture_serve(&fixture, NULL, "GET /", count, &handled);
	cr_assert(weir_token_cancel(token, WEIR_REASON_REQUESTED, NULL));
	cr_assert_eq(curl_get(client, fixture.url, "/", &answer, token, WEIR_NEVER, &result),
		     -ECANCELED);
	cr_assert_eq(curl_get(client, fixture.url, "/", &answer, NULL, weir_now(), &result),
		     -ETIMEDOUT);
	cr_assert_eq(result.status, 0);
	weir_token_unref(token);
	weir_curl_destroy(client);
	fixture_finish(&fixture);
	cr_assert_eq(atomic_load(&handled), 0);
}

/* The rogues' arg is the token that they trip when the call has come to the place in question,
 * or NULL: then it is the time that ends the call. */

static void trip(struct rogue *rogue)
{
	if (rogue->arg)
		(void)weir_token_cancel(rogue->arg, WEIR_REASON_REQUESTED, NULL);
}

static void never_answer(struct rogue *rogue)
{
	rogue_accept(rogue);
	trip(rogue);
	rogue_await_end(rogue);
}

static void half_a_header(struct rogue *rogue)
{
	rogue_accept(rogue);
	rogue_send(rogue, "HTTP/1.1 200 OK\r\nContent-Le");
	trip(rogue);
	rogue_await_end(rogue);
}

static void half_a_body(struct rogue *rogue)
{
	rogue_accept(rogue);
	rogue_send(rogue, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345");
	trip(rogue);
	rogue_await_end(rogue);
}

static void (*const slow_scripts[])(struct rogue *) = {never_answer, half_a_header, half_a_body};

/* libcurl wakes by itself once a second or so: if that were what finds the trips, these would
 * take longer than the test may. */
Test(curl_cancel, a_trip_ends_the_call_and_the_callee_sees_it)
{
	size_t i;

	for (i = 0; i < 150; i++) {
		weir_token *token = token_make(NULL);
		struct weir_curl_result result;
		struct rogue rogue;

		rogue_start(&rogue, slow_scripts[i % 3], token);
		cr_assert_eq(rogue_get(&rogue, token, WEIR_NEVER, &result), -ECANCELED, "%zu", i);
		cr_assert_neq(result.error[0], '\0');
		rogue_join(&rogue); /* it has seen the end of the connection */
		weir_token_unref(token);
	}
}

Test(curl_cancel, so_does_the_time)
{
	size_t i;

	for (i = 0; i < 3; i++) {
		struct rogue rogue;

		rogue_start(&rogue, slow_scripts[i], NULL);
		cr_assert_eq(rogue_get(&rogue, NULL, weir_after(WEIR_SECOND), NULL), -ETIMEDOUT,
			     "%zu", i);
		rogue_join(&rogue);
	}
}

struct visit {
	struct gate *gate;
	weir_token *token;
};

static void *trip_once_handled(void *arg)
{
	struct visit *visit = arg;

	gate_await(visit->gate, 1);
	(void)weir_token_cancel(visit->token, WEIR_REASON_REQUESTED, NULL);
	return NULL;
}

Test(curl_cancel, a_weir_handler_sees_its_client_go)
{
	struct gate gate;
	struct sleeping sleeping = {.gate = &gate};
	struct fixture fixture;
	weir_curl *client = curl_client(NULL);
	struct answer answer;
	weir_token *token = token_make(NULL);
	struct visit visit = {&gate, token};
	pthread_t thread;

	gate_init(&gate);
	fixture_serve(&fixture, NULL, "GET /", handle_sleeping, &sleeping);
	cr_assert_eq(pthread_create(&thread, NULL, trip_once_handled, &visit), 0);
	cr_assert_eq(curl_get(client, fixture.url, "/", &answer, token, WEIR_NEVER, NULL),
		     -ECANCELED);
	cr_assert_eq(pthread_join(thread, NULL), 0);
	gate_await(&gate, 1);
	cr_assert_eq(sleeping.result, -ECANCELED);
	cr_assert_eq(sleeping.reason, WEIR_REASON_CLIENT_GONE);
	weir_token_unref(token);
	weir_curl_destroy(client);
	fixture_finish(&fixture);
	gate_destroy(&gate);
}

/* A listener whose backlog is full answers no SYN: the connection does not come about. */
static void accept_nothing(struct rogue *rogue)
{
	(void)gate_pass(rogue->arg);
}

Test(curl_cancel, making_a_connection_has_its_own_limit)
{
	const struct weir_curl_options options = {.connect_timeout = 50 * WEIR_MILLISECOND};
	weir_curl *client = curl_client(&options);
	struct sockaddr_in address;
	socklen_t size = sizeof(address);
	int others[4];
	struct answer answer;
	struct rogue rogue;
	struct gate gate;
	size_t i;

	gate_init(&gate);
	rogue_start(&rogue, accept_nothing, &gate);
	cr_assert_eq(listen(rogue.listener, 0), 0);
	cr_assert_eq(getsockname(rogue.listener, (struct sockaddr *)&address, &size), 0);
	for (i = 0; i < 4; i++) {
		others[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		cr_assert(connect(others[i], (struct sockaddr *)&address, size) == 0 ||
			  errno == EINPROGRESS);
	}
	cr_assert_eq(curl_get(client, rogue.url, "/", &answer, NULL, WEIR_NEVER, NULL), -ETIMEDOUT);
	for (i = 0; i < 4; i++)
		(void)close(others[i]);
	gate_open(&gate, 1);
	rogue_join(&rogue);
	weir_curl_destroy(client);
	gate_destroy(&gate);
}

static void *trip_when_resolving(void *token)
{
	names_await_slow();
	(void)weir_token_cancel(token, WEIR_REASON_REQUESTED, NULL);
	return NULL;
}

/* The name server never answers; neither the call nor the end of the client wait for it. */
Test(curl_cancel, a_name_that_is_being_resolved_is_given_up)
{
	weir_curl *client = curl_client(NULL);
	weir_token *token = token_make(NULL);
	struct weir_curl_result result;
	struct answer answer;
	pthread_t thread;

	cr_assert_eq(pthread_create(&thread, NULL, trip_when_resolving, token), 0);
	cr_assert_eq(curl_get(client, "http://slow.test", "/", &answer, token, WEIR_NEVER, &result),
		     -ECANCELED);
	cr_assert_eq(pthread_join(thread, NULL), 0);
	cr_assert_eq(curl_get(client, "http://slow.test", "/", &answer, NULL,
			      weir_after(WEIR_MILLISECOND), &result),
		     -ETIMEDOUT);
	cr_assert_eq(names_by_libcurl(), 0);
	weir_curl_destroy(client);
	weir_token_unref(token);
	names_release();
	names_release();
}
