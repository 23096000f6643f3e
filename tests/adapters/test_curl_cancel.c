/* adapters/test_curl_cancel.c: trips, times, and callees that misbehave. */
#include <criterion/criterion.h>

#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

static int get_rogue(struct rogue *rogue, weir_token *token, weir_time until,
		     struct weir_curl_result *result)
{
	weir_curl *client = curl_client(NULL);
	struct answer answer;
	int error = curl_get(client, rogue->url, "/", &answer, token, until, result);

	weir_curl_destroy(client);
	return error;
}

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
		cr_assert_eq(get_rogue(&rogue, token, WEIR_NEVER, &result), -ECANCELED, "%zu", i);
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
		cr_assert_eq(get_rogue(&rogue, NULL, weir_after(WEIR_SECOND), NULL), -ETIMEDOUT,
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

Test(curl_cancel, failures_have_an_errno_and_words)
{
	static const struct {
		const char *url;
		int code;
	} cases[] = {
		{"http://nowhere.test", -ENOENT},
		{"http://127.0.0.1:1", -ECONNREFUSED},
		{"http://[::1]:1", -ECONNREFUSED},
	};
	weir_curl *client = curl_client(NULL);
	struct weir_curl_result result;
	struct answer answer;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cr_assert_eq(
			curl_get(client, cases[i].url, "/", &answer, NULL, WEIR_NEVER, &result),
			cases[i].code, "%s: %s", cases[i].url, result.error);
		cr_assert_neq(result.error[0], '\0');
	}
	weir_curl_destroy(client);
}

/* Answers with what its arg says, and closes. */
static void say(struct rogue *rogue)
{
	rogue_accept(rogue);
	rogue_send(rogue, rogue->arg);
	rogue_close(rogue);
}

static void say_and_reset(struct rogue *rogue)
{
	rogue_accept(rogue);
	rogue_send(rogue, rogue->arg);
	rogue_reset(rogue);
}

Test(curl_cancel, answers_that_are_not_whole_are_errors)
{
	static const struct {
		const char *answer;
		int code, status;
	} cases[] = {
		{"", -ECONNRESET, 0},
		{"HTTP/1.1 200 OK\r\nX: ", -ECONNRESET, 0},
		{"HTTP/1.1 100 Continue\r\n\r\n", -ECONNRESET, 0},
		{"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345", -ECONNRESET, 200},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n123", -ECONNRESET, 200},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", -ECONNRESET, 200},
		{"220 mail.test ESMTP\r\n", -EPROTO, 0},
		{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n12345", 0, 200},
		{"HTTP/1.1 103 Early Hints\r\nX-Test: early\r\n\r\n"
		 "HTTP/1.1 404 Not Found\r\nX-Test: late\r\n\r\nto the end",
		 0, 404},
	};
	struct weir_curl_result result;
	struct rogue rogue;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[256];
		int error;

		(void)snprintf(text, sizeof(text), "%s", cases[i].answer);
		rogue_start(&rogue, say, text);
		error = get_rogue(&rogue, NULL, weir_after(MUST_PATIENCE), &result);
		rogue_join(&rogue);
		cr_assert(error == cases[i].code, "%zu: %d %s", i, error, result.error);
		cr_assert_eq(result.status, cases[i].status, "%zu", i);
		cr_assert_eq(result.error[0] == '\0', error == 0, "%zu", i);
		if (error == 0)
			continue;
		rogue_start(&rogue, say_and_reset, text);
		error = get_rogue(&rogue, NULL, weir_after(MUST_PATIENCE), &result);
		rogue_join(&rogue);
		cr_assert(error == -ECONNRESET || error == cases[i].code, "%zu: %d %s", i, error,
			  result.error);
	}
}

Test(curl_cancel, folded_fields_are_read_as_one)
{
	static char text[] =
		"HTTP/1.1 200 OK\r\nX-Test: one\r\n \t two\r\nContent-Length: 0\r\n\r\n";
	weir_curl *client = curl_client(NULL);
	struct answer answer;
	struct rogue rogue;

	rogue_start(&rogue, say, text);
	cr_assert_eq(curl_get(client, rogue.url, "/", &answer, NULL, WEIR_NEVER, NULL), 0);
	rogue_join(&rogue);
	cr_assert_str_eq(answer.header, "one two");
	weir_curl_destroy(client);
}

/* Says a header of `fields` fields of 1000 bytes. */
static void say_much(struct rogue *rogue)
{
	char field[1001];
	unsigned i, fields = *(unsigned *)rogue->arg;

	memset(field, 'x', sizeof(field));
	memcpy(field, "X: ", 3);
	memcpy(field + sizeof(field) - 3, "\r\n", 3);
	rogue_accept(rogue);
	rogue_send(rogue, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n");
	for (i = 0; i < fields; i++)
		if (send(rogue->fd, field, sizeof(field) - 1, MSG_NOSIGNAL) < 0)
			break;
	(void)send(rogue->fd, "\r\n", 2, MSG_NOSIGNAL);
	rogue_await_end(rogue);
}

Test(curl_cancel, headers_have_limits)
{
	static const struct {
		unsigned fields, most;
		size_t limit;
		int code;
	} cases[] = {{50, 0, 0, 0},
		     {70, 0, 0, -EMSGSIZE},
		     {70, 0, 80000, 0},
		     {50, 0, 49000, -EMSGSIZE},
		     {50, 50, 0, -EMSGSIZE},
		     {49, 50, 0, 0},
		     {240, 300, 256 * 1024, 0},
		     {200, 0, 256 * 1024, -EMSGSIZE}};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		weir_curl *client = curl_client(NULL);
		struct weir_curl_request request = {.header_fields = cases[i].most,
						    .header_limit = cases[i].limit};
		struct weir_curl_result result;
		struct rogue rogue;
		unsigned fields = cases[i].fields;

		rogue_start(&rogue, say_much, &fields);
		request.url = rogue.url;
		cr_assert_eq(weir_curl_call(client, &request, NULL, WEIR_NEVER, &result),
			     cases[i].code, "%zu: %s", i, result.error);
		weir_curl_destroy(client);
		rogue_join(&rogue);
	}
}

Test(curl_cancel, bodies_have_limits)
{
	static char with[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n12345";
	static char without[] = "HTTP/1.1 200 OK\r\n\r\n12345";
	char *const answers[] = {with, without};
	size_t i;
	uint64_t limit;

	for (i = 0; i < 2; i++)
		for (limit = 4; limit <= 5; limit++) {
			weir_curl *client = curl_client(NULL);
			struct answer answer = {.size = 0};
			struct weir_curl_request request = {
				.body_limit = limit, .data = answer_data, .arg = &answer};
			struct rogue rogue;

			rogue_start(&rogue, say, answers[i]);
			request.url = rogue.url;
			cr_assert_eq(weir_curl_call(client, &request, NULL, WEIR_NEVER, NULL),
				     limit == 4 ? -EFBIG : 0);
			cr_assert_leq(answer.size, limit);
			rogue_join(&rogue);
			weir_curl_destroy(client);
		}
}

static void redirect_without_end(struct rogue *rogue)
{
	char much[4096];

	memset(much, 'x', sizeof(much) - 1);
	much[sizeof(much) - 1] = '\0';
	rogue_accept(rogue);
	rogue_send(rogue, "HTTP/1.1 302 Found\r\nLocation: /next\r\n\r\n");
	while (send(rogue->fd, much, sizeof(much), MSG_NOSIGNAL) > 0)
		;
	rogue_close(rogue);
	rogue_accept(rogue);
	rogue_send(rogue, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
	rogue_await_end(rogue);
}

Test(curl_cancel, the_body_of_a_redirect_is_not_listened_to_for_ever)
{
	weir_curl *client = curl_client(NULL);
	struct answer answer = {.size = 0};
	struct weir_curl_request request = {
		.redirects = 1, .head = answer_head, .data = answer_data, .arg = &answer};
	struct weir_curl_result result;
	struct rogue rogue;

	rogue_start(&rogue, redirect_without_end, NULL);
	request.url = rogue.url;
	cr_assert_eq(weir_curl_call(client, &request, NULL, weir_after(MUST_PATIENCE), &result), 0,
		     "%s", result.error);
	cr_assert_eq(answer.status, 200);
	cr_assert_str_eq(answer.bytes, "ok");
	weir_curl_destroy(client);
	rogue_join(&rogue);
}

/* Serves one request, then closes the kept connection as soon as the next has come, and serves
 * on a new one: what libcurl may repeat, and what it may not. */
static void close_the_kept(struct rogue *rogue)
{
	bool *again = rogue->arg;

	rogue_accept(rogue);
	rogue_send(rogue, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	rogue_next(rogue);
	rogue_close(rogue);
	if (*again) {
		rogue_accept(rogue);
		rogue_send(rogue, "HTTP/1.1 204 No Content\r\n\r\n");
		rogue_await_end(rogue);
	}
}

Test(curl_cancel, a_post_is_not_repeated_on_a_dead_connection)
{
	static const char *const methods[] = {"PUT", "POST", "PATCH"};
	size_t i;

	for (i = 0; i < 3; i++) {
		bool again = i == 0;
		weir_curl *client = curl_client(NULL);
		struct weir_curl_request request = {
			.method = methods[i], .body = "body", .body_size = 4};
		struct weir_curl_result result;
		struct answer answer;
		struct rogue rogue;
		int error;

		rogue_start(&rogue, close_the_kept, &again);
		request.url = rogue.url;
		cr_assert_eq(curl_get(client, rogue.url, "/", &answer, NULL, WEIR_NEVER, NULL), 0);
		error = weir_curl_call(client, &request, NULL, WEIR_NEVER, &result);
		cr_assert_eq(error, again ? 0 : -ECONNRESET, "%s: %d %s", methods[i], error,
			     result.error);
		cr_assert_eq(result.status, again ? 204 : 0);
		weir_curl_destroy(client);
		rogue_join(&rogue);
	}
}
