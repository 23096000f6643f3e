/* testing/run.c: a handler without sockets: what it sees of a described request, and what
 * becomes of its answer. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <weir/io.h>
#include <weir/testing.h>

#include "run.h"

static int describe(weir_request *request, weir_response *response, weir_token *token)
{
	const void *body;
	size_t size;
	int error = weir_request_body(request, &body, &size);

	if (error)
		return error;
	cr_assert_eq(token, weir_request_token(request));
	cr_assert_not_null(weir_request_server(request));
	cr_assert_null(weir_request_header(request, "X-None"));
	return weir_response_printf(
		response, "%s %s %s %s id=%s q=%s h=%s from %s context=%s length=%jd body=%.*s",
		weir_request_method(request), weir_request_target(request),
		weir_request_path(request), weir_request_route(request),
		weir_request_param(request, "id"), weir_request_query(request, "q"),
		weir_request_header(request, "x-test"), weir_request_client(request),
		(const char *)weir_request_context(request), (intmax_t)weir_request_length(request),
		(int)size, (const char *)body);
}

Test(run, a_handler_sees_what_was_described)
{
	static const struct weir_testing_header headers[] = {{"X-Test", "yes"}};
	char context[] = "mine";
	const struct weir_testing_request request = {
		.method = "POST",
		.target = "/items/a%20b?q=1+2",
		.pattern = "POST /items/{id}",
		.headers = headers,
		.header_count = 1,
		.body = "hello",
		.body_size = 5,
		.client = "[2001:db8::1]:4711",
		.context = context,
	};
	struct weir_testing_response *response = run(describe, &request);

	cr_assert_eq(response->status, 200);
	cr_assert_str_eq(response->body,
			 "POST /items/a%20b?q=1+2 /items/a b POST /items/{id} id=a b q=1 2 h=yes "
			 "from [2001:db8::1]:4711 context=mine length=5 body=hello");
	cr_assert_eq(response->body_size, strlen(response->body));
	cr_assert_eq(response->announced, (int64_t)response->body_size);
	cr_assert_eq(response->result, 0);
	cr_assert(response->complete && !response->stream && !response->by_library);
	cr_assert_str_eq(weir_testing_response_header(response, "content-type"),
			 "text/plain; charset=utf-8");
	cr_assert_null(weir_testing_response_header(response, "etag"));
	weir_testing_response_free(response);
}

static int headers_in_order(weir_request *request, weir_response *response, weir_token *token)
{
	(void)request, (void)token;
	cr_assert_eq(weir_response_status(response, 201), 0);
	cr_assert_eq(weir_response_header(response, "B", "1"), 0);
	cr_assert_eq(weir_response_header(response, "A", "2"), 0);
	cr_assert_eq(weir_response_header(response, "B", "3"), 0);
	return 0;
}

Test(run, headers_are_captured_in_order)
{
	static const struct weir_testing_request request = {0};
	struct weir_testing_response *response = run(headers_in_order, &request);

	cr_assert_eq(response->status, 201);
	cr_assert_eq(response->header_count, 3);
	cr_assert_str_eq(response->headers[0].name, "B");
	cr_assert_str_eq(response->headers[1].value, "2");
	cr_assert_str_eq(response->headers[2].value, "3");
	cr_assert_eq(response->body_size, 0);
	cr_assert_str_eq(response->body, "");
	weir_testing_response_free(response);
}

static int fail(weir_request *request, weir_response *response, weir_token *token)
{
	(void)token;
	(void)weir_response_printf(response, "not to be seen");
	return *(const int *)weir_request_context(request);
}

Test(run, a_failed_handler_is_answered_for_as_the_library_does)
{
	static const struct {
		int result, status;
	} rows[] = {{-EIO, 500}, {-EFBIG, 413}, {-ECANCELED, 500}, {7, 500}};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct weir_testing_request request = {.context = (void *)&rows[i].result};
		struct weir_testing_response *response = run(fail, &request);

		cr_assert_eq(response->status, rows[i].status);
		cr_assert_eq(response->result, rows[i].result);
		cr_assert(response->by_library && response->complete);
		cr_assert_null(strstr(response->body, "not to be seen"));
		weir_testing_response_free(response);
	}
}

static int must_not_run(weir_request *request, weir_response *response, weir_token *token)
{
	(void)request, (void)response, (void)token;
	cr_assert(false, "the handler was run");
	return 0;
}

Test(run, what_a_server_refuses_does_not_reach_the_handler)
{
	static const struct weir_testing_header smuggled[] = {{"Transfer-Encoding", "gzip"}};
	static const struct weir_route_options small = {.body_limit = 3};
	static const struct {
		struct weir_testing_request request;
		int status;
	} rows[] = {
		{{.target = "/a#b"}, 400},
		{{.target = "/%zz"}, 400},
		{{.target = "/other", .pattern = "GET /here"}, 404},
		{{.method = "PUT", .pattern = "GET /{path...}"}, 405},
		{{.headers = smuggled, .header_count = 1}, 400},
		{{.method = "PUT", .body = "four", .body_size = 4, .options = &small}, 413},
		{{.method = "PUT",
		  .body = "four",
		  .body_size = 4,
		  .chunked = true,
		  .options = &small},
		 413},
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct weir_testing_response *response = run(must_not_run, &rows[i].request);

		cr_assert_eq(response->status, rows[i].status, "row %zu: %d", i, response->status);
		cr_assert(response->by_library);
		weir_testing_response_free(response);
	}
}

Test(run, what_cannot_be_a_run_is_refused)
{
	static const struct weir_route_options wrong = {.deadline = -5};
	static const struct weir_testing_request rows[] = {
		{.pattern = "no path"},
		{.client = "nobody"},
		{.client = "127.0.0.1:99999"},
		{.options = &wrong},
	};
	static const struct weir_testing_options negative = {.limit = -1};
	struct weir_testing_response *response;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		cr_assert_eq(weir_testing_run(must_not_run, &rows[i], NULL, &response), -EINVAL,
			     "row %zu", i);
	cr_assert_eq(weir_testing_run(NULL, &rows[0], NULL, &response), -EINVAL);
	cr_assert_eq(weir_testing_run(must_not_run, &rows[0], &negative, &response), -EINVAL);
}

static int context_of(weir_request *request, weir_response *response, weir_token *token)
{
	(void)token;
	return weir_response_printf(response, "%s %s", weir_request_route(request),
				    (const char *)weir_request_context(request));
}

Test(run, a_route_of_a_server_runs_with_all_that_is_its_own)
{
	static const struct weir_route_options admin = {.scope = WEIR_SCOPE_ADMIN};
	struct weir_testing_request request = {.target = "/x"};
	struct weir_testing_response *response;
	char context[] = "its context";
	weir_server *server;

	cr_assert_eq(weir_server_create(NULL, &server), 0);
	cr_assert_eq(weir_server_route(server, "GET /x", context_of, context, &admin), 0);
	request.server = server;
	response = run(NULL, &request);
	cr_assert_eq(response->status, 404, "the scope is the wrong one");
	weir_testing_response_free(response);
	request.scope = WEIR_SCOPE_ADMIN;
	response = run(NULL, &request);
	cr_assert_eq(response->status, 200);
	cr_assert_str_eq(response->body, "GET /x its context");
	weir_testing_response_free(response);
	weir_server_destroy(server);
}

static int sleep_long(weir_request *request, weir_response *response, weir_token *token)
{
	int error = weir_sleep(token, weir_after(3600 * WEIR_SECOND));

	(void)request;
	return error ? error : weir_response_printf(response, "slept");
}

Test(run, an_hour_takes_no_time)
{
	static const struct weir_testing_request request = {0};
	struct weir_testing_response *response = run(sleep_long, &request);

	cr_assert_str_eq(response->body, "slept");
	cr_assert_eq(response->took, 3600 * WEIR_SECOND);
	weir_testing_response_free(response);
}

Test(run, a_deadline_of_the_route_trips_in_time)
{
	static const struct weir_route_options options = {.deadline = 5 * WEIR_SECOND};
	static const struct weir_testing_request request = {.options = &options};
	struct weir_testing_response *response = run(sleep_long, &request);

	cr_assert_eq(response->result, -ECANCELED);
	cr_assert_eq(response->status, 504);
	cr_assert_eq(response->took, 5 * WEIR_SECOND);
	weir_testing_response_free(response);
}

static int wait_for_socket(weir_request *request, weir_response *response, weir_token *token)
{
	int pair[2], result;
	char byte;

	(void)request;
	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	result = (int)weir_read(token, pair[0], &byte, 1, weir_after(60 * WEIR_SECOND));
	(void)close(pair[0]);
	(void)close(pair[1]);
	return result != -ETIMEDOUT ? -EIO : weir_response_printf(response, "timed out");
}

Test(run, a_wait_for_what_does_not_come_times_out_by_the_fake_clock)
{
	static const struct weir_testing_request request = {0};
	struct weir_testing_response *response = run(wait_for_socket, &request);

	cr_assert_str_eq(response->body, "timed out");
	cr_assert_eq(response->took, 60 * WEIR_SECOND);
	weir_testing_response_free(response);
}
