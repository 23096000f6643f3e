/* adapters/test_curl_callee.c: callees that are not there, or say what they should not. */
#include <criterion/criterion.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "adapters/curl_support.h"
#include "support/must.h"

TestSuite(curl_callee, .timeout = 60);

Test(curl_callee, failures_have_an_errno_and_words)
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

Test(curl_callee, answers_that_are_not_whole_are_errors)
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
		error = rogue_get(&rogue, NULL, weir_after(MUST_PATIENCE), &result);
		rogue_join(&rogue);
		cr_assert(error == cases[i].code, "%zu: %d %s", i, error, result.error);
		cr_assert_eq(result.status, cases[i].status, "%zu", i);
		cr_assert_eq(result.error[0] == '\0', error == 0, "%zu", i);
		if (error == 0)
			continue;
		rogue_start(&rogue, say_and_reset, text);
		error = rogue_get(&rogue, NULL, weir_after(MUST_PATIENCE), &result);
		rogue_join(&rogue);
		cr_assert(error == -ECONNRESET || error == cases[i].code, "%zu: %d %s", i, error,
			  result.error);
	}
}

Test(curl_callee, folded_fields_are_read_as_one)
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

Test(curl_callee, headers_have_limits)
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

Test(curl_callee, bodies_have_limits)
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

Test(curl_callee, the_body_of_a_redirect_is_not_listened_to_for_ever)
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

Test(curl_callee, a_post_is_not_repeated_on_a_dead_connection)
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
