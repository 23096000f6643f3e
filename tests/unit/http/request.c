/* http/request.c: what a handler can ask of a request, on one that no socket ever saw. */
#include <criterion/criterion.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "http/acceptor.h"
#include "support/must.h"
#include "unit/faults.h"

static struct weir__acceptor acceptor;
static struct weir__route route;

static weir_request *make(void)
{
	weir_request *request = weir__request_create(&acceptor, NULL);

	must(request != NULL, "out of memory");
	request->route = &route;
	return request;
}

static void init(void)
{
	memset(&acceptor, 0, sizeof(acceptor));
	memset(&route, 0, sizeof(route));
	route.pattern = (char *)"GET /{one}/{two...}";
	route.options.body_limit = 1 << 20;
}

TestSuite(request, .init = init);
TestSuite(body, .init = init);

Test(request, starts_with_nothing)
{
	weir_request *request = make();

	cr_assert_eq(request->stage, WEIR__HEADER);
	cr_assert_not(request->counted || request->with_worker || request->complete);
	cr_assert_eq(request->response.status, 200);
	cr_assert_null(request->pipe);
	cr_assert_null(request->body);
	cr_assert_eq(weir_token_check(weir_request_token(request)), 0);
	cr_assert_eq(weir_request_length(request), 0);
	weir__request_release(request);
}

Test(request, needs_memory)
{
	fault_set(FAULT_MALLOC, 0);
	cr_assert_null(weir__request_create(&acceptor, NULL));
}

Test(request, lives_as_long_as_somebody_holds_its_token)
{
	weir_request *request = make();
	weir_token *token = weir_token_ref(weir_request_token(request)), *child;

	cr_assert_eq(weir_token_create(token, WEIR_NEVER, &child), 0);
	weir__request_release(request);
	cr_assert_eq(weir_token_check(token), 0);
	cr_assert(weir_token_cancel(token, WEIR_REASON_USER, NULL));
	cr_assert_eq(weir_token_check(child), -ECANCELED);
	weir_token_unref(token);
	cr_assert_eq(weir_token_reason(child), WEIR_REASON_USER);
	weir_token_unref(child);
}

Test(request, says_what_the_header_said)
{
	static const struct weir__field fields[] = {
		{"Host", "h"}, {"X-One", "first"}, {"x-one", "second"}, {"Empty", ""}};
	weir_request *request = make();
	int context;

	request->method = "GET";
	request->target = "/a%20b/c?d";
	request->path = "/a b/c";
	request->fields = fields;
	request->field_count = 4;
	route.context = &context;
	cr_assert_str_eq(weir_request_method(request), "GET");
	cr_assert_str_eq(weir_request_target(request), "/a%20b/c?d");
	cr_assert_str_eq(weir_request_path(request), "/a b/c");
	cr_assert_str_eq(weir_request_route(request), "GET /{one}/{two...}");
	cr_assert_eq(weir_request_context(request), &context);
	cr_assert_str_eq(weir_request_header(request, "x-ONE"), "first");
	cr_assert_str_eq(weir_request_header(request, "Empty"), "");
	cr_assert_null(weir_request_header(request, "X-Two"));
	cr_assert_null(weir_request_header(request, "X"));
	weir__request_release(request);
}

static int stop_at_second(void *arg, const char *name, const char *value)
{
	char *seen = arg;

	(void)sprintf(seen + strlen(seen), "%s=%s;", name, value);
	return strcmp(value, "second") == 0 ? 17 : 0;
}

Test(request, visits_its_fields_in_order)
{
	static const struct weir__field fields[] = {
		{"A", "first"}, {"B", "second"}, {"A", "third"}};
	weir_request *request = make();
	char seen[64] = "";

	request->fields = fields;
	request->field_count = 3;
	cr_assert_eq(weir_request_each_header(request, stop_at_second, seen), 17);
	cr_assert_str_eq(seen, "A=first;B=second;");
	request->field_count = 1;
	cr_assert_eq(weir_request_each_header(request, stop_at_second, seen), 0);
	weir__request_release(request);
}

Test(request, knows_its_parameters_by_name)
{
	weir_request *request = make();

	route.params[0] = (char *)"one";
	route.params[1] = (char *)"two";
	route.param_count = 2;
	request->params[0] = "1";
	request->params[1] = "";
	cr_assert_str_eq(weir_request_param(request, "one"), "1");
	cr_assert_str_eq(weir_request_param(request, "two"), "");
	cr_assert_null(weir_request_param(request, "three"));
	cr_assert_null(weir_request_param(request, ""));
	weir__request_release(request);
}

static void query(weir_request *request, const char *raw)
{
	cr_assert_eq(weir__query_decode(&request->query, raw, &request->arena), 0);
}

Test(request, decodes_its_query)
{
	weir_request *request = make();

	query(request, "a=1&b=x+y%2Bz&c&a=2&%64=e&=nameless&caf%C3%A9=%C3%A9&&f=%0A");
	cr_assert_str_eq(weir_request_query(request, "a"), "1");
	cr_assert_str_eq(weir_request_query(request, "b"), "x y+z");
	cr_assert_str_eq(weir_request_query(request, "c"), "");
	cr_assert_str_eq(weir_request_query(request, "d"), "e");
	cr_assert_str_eq(weir_request_query(request, ""), "nameless");
	cr_assert_str_eq(weir_request_query(request, "caf\xc3\xa9"), "\xc3\xa9");
	cr_assert_null(weir_request_query(request, "e"));
	cr_assert_null(weir_request_query(request, "A"));
	cr_assert_str_eq(weir_request_query(request, "f"), "\n");
	query(request, "");
	cr_assert_null(weir_request_query(request, ""));
	query(request, NULL);
	cr_assert_null(weir_request_query(request, "a"));
	weir__request_release(request);
}

Test(request, a_query_that_cannot_be_decoded_is_an_error_not_empty)
{
	weir_request *request = make();
	char raw[4096];

	memset(raw, 'a', sizeof(raw) - 1);
	raw[sizeof(raw) - 1] = '\0';
	cr_assert_eq(weir__query_decode(&request->query, "a=%zz", &request->arena), -EINVAL);
	fault_set(FAULT_MALLOC, 0);
	cr_assert_eq(weir__query_decode(&request->query, raw, &request->arena), -ENOMEM);
	weir__request_release(request);
}

Test(request, names_its_client)
{
	weir_request *request = make();

	cr_assert_str_eq(weir_request_client(request), "unix");
	request->peer.in.sin_family = AF_INET;
	request->peer.in.sin_port = htons(80);
	cr_assert_eq(inet_pton(AF_INET, "192.0.2.1", &request->peer.in.sin_addr), 1);
	cr_assert_str_eq(weir_request_client(request), "192.0.2.1:80");
	memset(&request->peer, 0, sizeof(request->peer));
	request->peer.in6.sin6_family = AF_INET6;
	request->peer.in6.sin6_port = htons(65535);
	cr_assert_eq(inet_pton(AF_INET6, "2001:db8::1", &request->peer.in6.sin6_addr), 1);
	cr_assert_str_eq(weir_request_client(request), "[2001:db8::1]:65535");
	weir__request_release(request);
}

Test(request, says_how_long_its_body_is)
{
	weir_request *request = make();

	request->framing.length = 5;
	cr_assert_eq(weir_request_length(request), 5);
	request->framing = (struct weir__framing){.chunked = true};
	cr_assert_eq(weir_request_length(request), -1);
	weir__request_release(request);
}

Test(body, is_collected_with_a_nul_behind_it)
{
	weir_request *request = make();
	static char piece[1000];
	const void *data;
	size_t size;

	cr_assert_eq(weir_request_body(request, &data, &size), 0);
	cr_assert(size == 0 && *(const char *)data == '\0');
	for (int i = 0; i < 100; i++) {
		memset(piece, 'a' + i % 26, sizeof(piece));
		cr_assert_eq(weir__request_buffer(request, piece, (size_t)(i * 10)), 0);
	}
	cr_assert_eq(weir_request_body(request, &data, &size), 0);
	cr_assert_eq(size, 49500);
	cr_assert_eq(((const char *)data)[size], '\0');
	for (size_t i = 0, at = 0; i < 100; at += i * 10, i++)
		cr_assert(i == 0 || ((const char *)data)[at] == (char)('a' + i % 26));
	weir__request_release(request);
}

Test(body, grows_to_its_limit_and_not_beyond)
{
	weir_request *request = make();

	route.options.body_limit = 10;
	cr_assert_eq(weir__request_buffer(request, "12345678901", 11), -EFBIG);
	cr_assert_eq(weir__request_buffer(request, "12345", 5), 0);
	cr_assert_eq(weir__request_buffer(request, "123456", 6), -EFBIG);
	cr_assert_eq(weir__request_buffer(request, "12345", 5), 0);
	cr_assert_eq(weir__request_buffer(request, "1", 1), -EFBIG);
	cr_assert_eq(weir__request_buffer(request, "", 0), 0);
	cr_assert_eq(request->body_size, 10);
	weir__request_release(request);
}

Test(body, that_memory_is_too_short_for_keeps_what_there_is)
{
	weir_request *request = make();
	static char piece[5000];
	const void *data;
	size_t size;

	cr_assert_eq(weir__request_buffer(request, "abc", 3), 0);
	fault_set(FAULT_REALLOC, 0);
	cr_assert_eq(weir__request_buffer(request, piece, sizeof(piece)), -ENOMEM);
	cr_assert_eq(weir_request_body(request, &data, &size), 0);
	cr_assert(size == 3 && strcmp(data, "abc") == 0);
	weir__request_release(request);
}

Test(body, of_the_other_mode_is_not_given)
{
	weir_request *request = make();
	const void *data;
	size_t size;
	char byte;

	cr_assert_eq(weir_request_read(request, &byte, 1), -EINVAL);
	route.options.body = WEIR_BODY_STREAMED;
	cr_assert_eq(weir_request_body(request, &data, &size), -EINVAL);
	weir__request_release(request);
}

Test(body, that_is_not_there_ends_at_once)
{
	weir_request *request = make();
	char byte;

	route.options.body = WEIR_BODY_STREAMED;
	cr_assert_eq(weir_request_read(request, &byte, 1), 0);
	(void)weir_token_cancel(weir_request_token(request), WEIR_REASON_USER, NULL);
	cr_assert_eq(weir_request_read(request, &byte, 1), -ECANCELED);
	weir__request_release(request);
}

Test(body, that_is_streamed_may_be_limited)
{
	weir_request *request = make();
	char buffer[4];

	route.options.body = WEIR_BODY_STREAMED;
	route.options.body_limit = 6;
	cr_assert_eq(weir__pipe_create(&request->pipe), 0);
	cr_assert_eq(weir__pipe_put(request->pipe, "1234567", 7), 7);
	cr_assert_eq(weir_request_read(request, buffer, 0), 0);
	cr_assert_eq(weir_request_read(request, buffer, 4), 4);
	cr_assert_eq(weir_request_read(request, buffer, 4), -EFBIG);
	weir__request_release(request);
}
