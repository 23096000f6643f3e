/* adapters/test_curl_redirect.c: which redirects are followed, with what, and for how long. */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/curl_support.h"
#include "adapters/names.h"
#include "support/fixture.h"
#include "support/must.h"

TestSuite(curl_redirect, .timeout = 60);

/* The context is where to. */
static int redirect(weir_request *request, weir_response *response, weir_token *token)
{
	const char *status = weir_request_param(request, "status");

	(void)token;
	cr_assert_eq(weir_response_status(response, atoi(status)), 0);
	cr_assert_eq(weir_response_header(response, "Location", weir_request_context(request)), 0);
	return weir_response_printf(response, "go there");
}

static void serve_redirects(struct fixture *fixture, void *to)
{
	fixture_create(fixture, NULL);
	fixture_route(fixture, "* /to/{status}", redirect, to);
	fixture_route(fixture, "* /{any...}", curl_mirror, NULL);
	fixture_start(fixture);
}

static int call_redirect(const char *url, int status, unsigned redirects, const char *method,
			 struct answer *answer)
{
	static const struct weir_curl_header secret = {"Authorization", "secret"};
	weir_curl *client = curl_client(NULL);
	char whole[128];
	const struct weir_curl_request request = {.url = whole,
						  .method = method,
						  .body = "body",
						  .body_size = strcmp(method, "GET") ? 4 : 0,
						  .headers = &secret,
						  .header_count = 1,
						  .redirects = redirects,
						  .head = answer_head,
						  .data = answer_data,
						  .arg = answer};
	int error;

	(void)snprintf(whole, sizeof(whole), "%s/to/%d", url, status);
	*answer = (struct answer){.size = 0};
	error = weir_curl_call(client, &request, NULL, weir_after(MUST_PATIENCE), NULL);
	weir_curl_destroy(client);
	return error;
}

Test(curl_redirect, a_redirect_is_an_answer_unless_asked_for)
{
	static char target[] = "../here";
	struct fixture fixture;
	struct answer answer;

	serve_redirects(&fixture, target);
	cr_assert_eq(call_redirect(fixture.url, 302, 0, "GET", &answer), 0);
	cr_assert_eq(answer.status, 302);
	cr_assert_str_eq(answer.bytes, "go there");
	cr_assert_eq(call_redirect(fixture.url, 302, 1, "GET", &answer), 0);
	cr_assert_eq(answer.status, 200);
	cr_assert_eq(strncmp(answer.bytes, "GET /here\n", 10), 0, "%s", answer.bytes);
	cr_assert(strstr(answer.bytes, "secret"), "it is the same origin");
	fixture_finish(&fixture);
}

Test(curl_redirect, methods_and_bodies_of_redirects_are_those_of_the_rfc)
{
	static char target[] = "/here";
	static const struct {
		int status;
		const char *method, *start;
		bool body;
	} cases[] = {{301, "POST", "GET ", false}, {302, "POST", "GET ", false},
		     {303, "PUT", "GET ", false},  {302, "PUT", "PUT ", true},
		     {307, "POST", "POST ", true}, {308, "POST", "POST ", true}};
	struct fixture fixture;
	struct answer answer;
	size_t i;

	serve_redirects(&fixture, target);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cr_assert_eq(
			call_redirect(fixture.url, cases[i].status, 1, cases[i].method, &answer),
			0);
		cr_assert_eq(strncmp(answer.bytes, cases[i].start, strlen(cases[i].start)), 0,
			     "%zu: %s", i, answer.bytes);
		cr_assert_eq(strstr(answer.bytes, "\nbody") != NULL, cases[i].body, "%zu: %s", i,
			     answer.bytes);
	}
	fixture_finish(&fixture);
}

Test(curl_redirect, a_redirect_elsewhere_does_not_take_secrets_along)
{
	char target[128];
	struct fixture fixture, other;
	struct answer answer;

	fixture_serve(&other, NULL, "* /{any...}", curl_mirror, NULL);
	(void)snprintf(target, sizeof(target), "http://here.test:%s/x",
		       strrchr(other.url, ':') + 1);
	serve_redirects(&fixture, target);
	cr_assert_eq(call_redirect(fixture.url, 307, 1, "POST", &answer), 0);
	cr_assert_eq(strncmp(answer.bytes, "POST /x\n", 8), 0, "%s", answer.bytes);
	cr_assert_null(strstr(answer.bytes, "secret"));
	cr_assert_eq(names_by_libcurl(), 0, "libcurl has asked by itself");
	fixture_finish(&fixture);
	fixture_finish(&other);
}

Test(curl_redirect, redirects_come_to_an_end)
{
	static char round[] = "/to/302", bad[] = "ftp://127.0.0.1/", none[] = "http://";
	char *const targets[] = {round, bad, none};
	struct fixture fixture;
	struct answer answer;
	size_t i;

	for (i = 0; i < 3; i++) {
		serve_redirects(&fixture, targets[i]);
		cr_assert_eq(call_redirect(fixture.url, 302, 20, "GET", &answer), 0);
		cr_assert_eq(answer.status, 302, "the last one, or one that leads nowhere");
		fixture_finish(&fixture);
	}
}
