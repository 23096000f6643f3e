/* adapters/test_curl_call.c: what weir_curl sends, what it takes, and what it refuses. */
#include <criterion/criterion.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/curl_support.h"
#include "adapters/names.h"
#include "support/fixture.h"

TestSuite(curl_call, .timeout = 60);

static int call_mirror(const struct fixture *fixture, const struct weir_curl_options *options,
		       struct weir_curl_request *request, struct answer *answer,
		       struct weir_curl_result *result)
{
	weir_curl *client = curl_client(options);
	char url[256];
	int error;

	(void)snprintf(url, sizeof(url), "%s/a/../b%%2F?c=d#e", fixture->url);
	*answer = (struct answer){.size = 0};
	request->url = url;
	request->head = answer_head;
	request->data = answer_data;
	request->arg = answer;
	error = weir_curl_call(client, request, NULL, WEIR_NEVER, result);
	weir_curl_destroy(client);
	return error;
}

Test(curl_call, sends_what_it_is_told_and_nothing_else)
{
	static const struct weir_curl_header headers[] = {{"X-One", "1"}, {"X-Empty", ""}};
	const struct weir_curl_options options = {.user_agent = "tester/1"};
	struct weir_curl_request request = {.headers = headers, .header_count = 2};
	struct weir_curl_result result;
	struct fixture fixture;
	struct answer answer;
	char expected[512];

	fixture_serve(&fixture, NULL, "* /{any...}", curl_mirror, NULL);
	cr_assert_eq(call_mirror(&fixture, &options, &request, &answer, &result), 0, "%s",
		     result.error);
	(void)snprintf(expected, sizeof(expected),
		       "GET /a/../b%%2F?c=d\nHost: %s\nUser-Agent: tester/1\nX-One: 1\n"
		       "X-Empty: \n\n",
		       fixture.url + strlen("http://"));
	cr_assert_str_eq(answer.bytes, expected);
	cr_assert_eq(answer.status, 200);
	cr_assert_str_eq(answer.header, "yes, it is");
	cr_assert_eq(result.status, 200);
	cr_assert_eq(result.received, strlen(expected));
	cr_assert_eq(result.sent, 0);
	cr_assert_str_eq(result.error, "");
	fixture_finish(&fixture);
}

Test(curl_call, a_body_in_memory)
{
	static const struct {
		const char *method, *body, *length;
	} cases[] = {
		{"POST", "hello", "Content-Length: 5\n\nhello"},
		{"PUT", "", "Content-Length: 0\n\n"},
		{"PATCH", "x", "Content-Length: 1\n\nx"},
		{"GET", "odd", "Content-Length: 3\n\nodd"},
		{"DELETE", "", "\n\n"},
		{"PURGE", "", "\n\n"},
	};
	struct weir_curl_result result;
	struct fixture fixture;
	struct answer answer;
	size_t i;

	fixture_serve(&fixture, NULL, "* /{any...}", curl_mirror, NULL);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct weir_curl_request request = {.method = cases[i].method,
						    .body = cases[i].body,
						    .body_size = strlen(cases[i].body)};

		cr_assert_eq(call_mirror(&fixture, NULL, &request, &answer, &result), 0, "%s",
			     result.error);
		cr_assert_eq(strncmp(answer.bytes, cases[i].method, strlen(cases[i].method)), 0);
		cr_assert(strstr(answer.bytes, cases[i].length), "%s", answer.bytes);
		cr_assert_null(strstr(answer.bytes, "Content-Type"));
		cr_assert_null(strstr(answer.bytes, "Transfer-Encoding"));
		cr_assert_eq(result.sent, request.body_size);
	}
	fixture_finish(&fixture);
}

Test(curl_call, head_has_no_body)
{
	struct weir_curl_request request = {.method = "HEAD", .body_limit = 1};
	struct weir_curl_result result;
	struct fixture fixture;
	struct answer answer;

	fixture_serve(&fixture, NULL, "GET /{any...}", curl_mirror, NULL);
	cr_assert_eq(call_mirror(&fixture, NULL, &request, &answer, &result), 0, "%s",
		     result.error);
	cr_assert_eq(answer.status, 200);
	cr_assert_eq(answer.size, 0);
	fixture_finish(&fixture);
}

Test(curl_call, the_time_that_is_left_goes_along)
{
	static const struct {
		weir_time token, until; /* from now; 0: never */
		const char *name;
		long most; /* ms; 0: no field */
	} cases[] = {
		{0, 0, NULL, 0},
		{0, 20 * WEIR_SECOND, NULL, 20000},
		{10 * WEIR_SECOND, 0, NULL, 10000},
		{10 * WEIR_SECOND, 20 * WEIR_SECOND, "X-Left", 10000},
		{20 * WEIR_SECOND, 10 * WEIR_SECOND, NULL, 10000},
		{10 * WEIR_SECOND, 0, "", 0},
	};
	static const struct weir_curl_header stale = {"x-request-timeout", "99999999"};
	struct fixture fixture;
	size_t i;

	fixture_serve(&fixture, NULL, "GET /{any...}", curl_mirror, NULL);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct weir_curl_options options = {.timeout_header = cases[i].name};
		const char *name = cases[i].name ? cases[i].name : "X-Request-Timeout";
		weir_curl *client = curl_client(&options);
		struct answer answer = {.size = 0};
		const struct weir_curl_request request = {.url = fixture.url,
							  .headers = &stale,
							  .header_count =
								  cases[i].most && !cases[i].name,
							  .data = answer_data,
							  .arg = &answer};
		weir_token *token = NULL;
		const char *field;

		cr_assert_eq(weir_token_create(
				     NULL, cases[i].token ? weir_after(cases[i].token) : WEIR_NEVER,
				     &token),
			     0);
		cr_assert_eq(
			weir_curl_call(client, &request, token,
				       cases[i].until ? weir_after(cases[i].until) : WEIR_NEVER,
				       NULL),
			0);
		field = name[0] ? strstr(answer.bytes, name) : strstr(answer.bytes, "Timeout");
		if (cases[i].most) {
			char *unit;
			long left;

			cr_assert_not_null(field, "%zu: %s", i, answer.bytes);
			left = strtol(field + strlen(name) + 2, &unit, 10);
			cr_assert(left > cases[i].most - 9000 && left <= cases[i].most, "%ld",
				  left);
			cr_assert_eq(strncmp(unit, "ms\n", 3), 0);
			cr_assert_null(strstr(answer.bytes, "99999999"), "sent twice");
		} else {
			cr_assert_null(field, "%zu: %s", i, answer.bytes);
		}
		weir_token_unref(token);
		weir_curl_destroy(client);
	}
	fixture_finish(&fixture);
}

static int tell_deadline(weir_request *request, weir_response *response, weir_token *token)
{
	(void)request;
	return weir_response_printf(response, "%" PRId64, weir_token_deadline(token));
}

Test(curl_call, a_weir_server_takes_it_for_a_deadline)
{
	const struct weir_server_options server = {.deadline_header = "X-Request-Timeout"};
	weir_curl *client = curl_client(NULL);
	const weir_time until = weir_after(20 * WEIR_SECOND);
	struct fixture fixture;
	struct answer answer;
	long long deadline;

	fixture_serve(&fixture, &server, "GET /", tell_deadline, NULL);
	cr_assert_eq(curl_get(client, fixture.url, "/", &answer, NULL, until, NULL), 0);
	deadline = strtoll(answer.bytes, NULL, 10);
	cr_assert(deadline > until - 9 * WEIR_SECOND && deadline < until + WEIR_SECOND, "%lld",
		  deadline - (long long)until);
	weir_curl_destroy(client);
	fixture_finish(&fixture);
}

static int tell_client(weir_request *request, weir_response *response, weir_token *token)
{
	(void)token;
	return weir_response_printf(response, "%s", weir_request_client(request));
}

Test(curl_call, a_connection_is_used_again)
{
	weir_curl *client = curl_client(NULL);
	struct weir_curl_result result;
	struct answer first, second;
	struct fixture here, there;

	fixture_serve(&here, NULL, "GET /", tell_client, NULL);
	fixture_serve(&there, NULL, "GET /", tell_client, NULL);
	cr_assert_eq(curl_get(client, here.url, "/", &first, NULL, WEIR_NEVER, &result), 0);
	cr_assert_not(result.reused);
	cr_assert_eq(curl_get(client, there.url, "/", &second, NULL, WEIR_NEVER, &result), 0);
	cr_assert_not(result.reused);
	cr_assert_eq(curl_get(client, here.url, "/", &second, NULL, WEIR_NEVER, &result), 0);
	cr_assert(result.reused);
	cr_assert_str_eq(first.bytes, second.bytes);
	weir_curl_destroy(client);
	fixture_finish(&here);
	fixture_finish(&there);
}

Test(curl_call, names_are_resolved_by_weir_and_remembered)
{
	static const struct {
		weir_time ttl;
		unsigned asked;
	} cases[] = {{0, 1}, {-1, 3}};
	char url[128];
	struct weir_curl_result result;
	struct fixture fixture;
	struct answer answer;
	unsigned before = 0;
	size_t i, n;

	fixture_serve(&fixture, NULL, "GET /", tell_client, NULL);
	(void)snprintf(url, sizeof(url), "http://HERE.test.:%s", strrchr(fixture.url, ':') + 1);
	for (i = 0; i < 2; i++) {
		const struct weir_curl_options options = {.resolve_ttl = cases[i].ttl};
		weir_curl *client = curl_client(&options);

		for (n = 0; n < 3; n++)
			cr_assert_eq(curl_get(client, n ? url : "http://here.test:1", "/", &answer,
					      NULL, WEIR_NEVER, &result),
				     n ? 0 : -ECONNREFUSED, "%s", result.error);
		cr_assert_eq(names_here() - before, cases[i].asked);
		before = names_here();
		weir_curl_destroy(client);
	}
	cr_assert_eq(names_by_libcurl(), 0, "libcurl has asked by itself");
	fixture_finish(&fixture);
}

static int must_not_be_called(void *arg, weir_curl_exchange *exchange)
{
	(void)arg;
	(void)exchange;
	cr_assert_fail("an answer");
	return 0;
}

Test(curl_call, what_is_not_valid_is_refused)
{
	static const struct weir_curl_header split = {"X", "1\r\nY: 2"}, named = {"X Y", "1"},
					     none = {"", "1"}, length = {"content-length", "1"},
					     coding = {"Transfer-Encoding", "chunked"},
					     connection = {"Connection", "close"},
					     null = {"X", NULL};
	static const struct weir_curl_request cases[] = {
		{.url = NULL},
		{.url = ""},
		{.url = "/path"},
		{.url = "ftp://127.0.0.1/"},
		{.url = "file:///etc/passwd"},
		{.url = "http://"},
		{.url = "http://b\xc3\xbc"
			"cher.test/"},
		{.url = "http://127.0.0.1/ \r\nX: y"},
		{.url = "http://127.0.0.1:99999/"},
		{.url = "http://127.0.0.1/", .method = "GET /"},
		{.url = "http://127.0.0.1/", .method = ""},
		{.url = "http://127.0.0.1/", .method = "CONNECT"},
		{.url = "http://127.0.0.1/", .redirects = 21},
		{.url = "http://127.0.0.1/", .body_size = 1},
		{.url = "http://127.0.0.1/", .header_limit = 1 << 20},
		{.url = "http://127.0.0.1/", .headers = &split, .header_count = 1},
		{.url = "http://127.0.0.1/", .headers = &named, .header_count = 1},
		{.url = "http://127.0.0.1/", .headers = &none, .header_count = 1},
		{.url = "http://127.0.0.1/", .headers = &length, .header_count = 1},
		{.url = "http://127.0.0.1/", .headers = &coding, .header_count = 1},
		{.url = "http://127.0.0.1/", .headers = &connection, .header_count = 1},
		{.url = "http://127.0.0.1/", .headers = &null, .header_count = 1},
	};
	weir_curl *client = curl_client(NULL);
	struct weir_curl_result result;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct weir_curl_request request = cases[i];

		request.head = must_not_be_called;
		cr_assert_eq(weir_curl_call(client, &request, NULL, WEIR_NEVER, &result), -EINVAL,
			     "%zu: %s", i, result.error);
		cr_assert_neq(result.error[0], '\0', "%zu", i);
	}
	weir_curl_destroy(client);
}

Test(curl_call, options_are_checked)
{
	static const struct weir_curl_options cases[] = {{.idle_handles = 1025},
							 {.connect_timeout = -1},
							 {.resolve_ttl = -2},
							 {.timeout_header = "X Y"}};
	weir_curl *client;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		cr_assert_eq(weir_curl_create(&cases[i], &client), -EINVAL, "%zu", i);
	weir_curl_destroy(NULL);
}
