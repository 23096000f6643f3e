/* testing/run.c: a handler without sockets: what it sees of a described request, and what
 * becomes of its answer. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <weir/io.h>
#include <weir/testing.h>

#include "support/scratch.h"

static struct weir_testing_response *run(weir_handler handler,
					 const struct weir_testing_request *request)
{
	struct weir_testing_response *response = NULL;
	int error = weir_testing_run(handler, request, NULL, &response);

	cr_assert_eq(error, 0, "the run failed: %d", error);
	return response;
}

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

/* Echoes a streamed body, piece by piece as it comes. */
static int list_pieces(weir_request *request, weir_response *response, weir_token *token)
{
	char text[256] = "", buffer[8];
	size_t size = 0;
	ssize_t got;

	(void)token;
	while ((got = weir_request_read(request, buffer, sizeof(buffer))) > 0) {
		if (size + (size_t)got + 1 < sizeof(text))
			size += (size_t)snprintf(text + size, sizeof(text) - size, "%.*s|",
						 (int)got, buffer);
	}
	return got < 0 ? (int)got : weir_response_printf(response, "%s", text);
}

Test(run, a_streamed_body_comes_in_its_pieces)
{
	static const struct weir_testing_piece pieces[] = {
		{"one", 3}, {"", 0}, {"twelve bytes", 12}, {"end", 3}};
	static const struct weir_route_options options = {.body = WEIR_BODY_STREAMED};
	struct weir_testing_request request = {
		.method = "PUT", .pieces = pieces, .piece_count = 4, .options = &options};
	int chunked;

	for (chunked = 0; chunked < 2; chunked++) {
		struct weir_testing_response *response;

		request.chunked = chunked;
		response = run(list_pieces, &request);
		cr_assert_eq(response->status, 200);
		cr_assert_str_eq(response->body, "one|twelve b|ytes|end|");
		weir_testing_response_free(response);
	}
}

#define LARGE ((size_t)1 << 20)

static int count_body(weir_request *request, weir_response *response, weir_token *token)
{
	char buffer[10000];
	size_t total = 0;
	ssize_t got;

	(void)token;
	while ((got = weir_request_read(request, buffer, sizeof(buffer))) > 0)
		total += (size_t)got;
	return got < 0 ? (int)got : weir_response_printf(response, "%zu", total);
}

Test(run, a_body_larger_than_the_pipe_comes_whole)
{
	static const struct weir_route_options options = {.body = WEIR_BODY_STREAMED};
	char *body = calloc(1, LARGE);
	const struct weir_testing_request request = {
		.method = "PUT", .body = body, .body_size = LARGE, .options = &options};
	struct weir_testing_response *response = run(count_body, &request);

	cr_assert_str_eq(response->body, "1048576");
	weir_testing_response_free(response);
	free(body);
}

static int stream_large(weir_request *request, weir_response *response, weir_token *token)
{
	char *data = calloc(1, LARGE);
	int error = weir_response_stream(response, (int64_t)LARGE + 3);

	(void)request, (void)token;
	cr_assert_not_null(data);
	if (!error)
		error = weir_response_write(response, data, LARGE);
	if (!error)
		error = weir_response_flush(response);
	if (!error)
		error = weir_response_write(response, "end", 3);
	free(data);
	return error;
}

Test(run, a_stream_larger_than_its_buffer_is_captured_whole)
{
	static const struct weir_testing_request request = {0};
	struct weir_testing_response *response = run(stream_large, &request);

	cr_assert(response->stream && response->complete);
	cr_assert_eq(response->announced, (int64_t)LARGE + 3);
	cr_assert_eq(response->body_size, LARGE + 3);
	cr_assert_str_eq(response->body + LARGE, "end");
	weir_testing_response_free(response);
}

static int stream_half(weir_request *request, weir_response *response, weir_token *token)
{
	int error = weir_response_stream(response, -1);

	(void)request, (void)token;
	if (!error)
		error = weir_response_write(response, "half", 4);
	return error ? error : -EIO;
}

Test(run, a_stream_that_fails_is_not_complete)
{
	static const struct weir_testing_request request = {0};
	struct weir_testing_response *response = run(stream_half, &request);

	cr_assert(response->stream && !response->complete);
	cr_assert_eq(response->status, 200);
	cr_assert_str_eq(response->body, "half");
	cr_assert_eq(response->announced, -1);
	weir_testing_response_free(response);
}

static int send_file(weir_request *request, weir_response *response, weir_token *token)
{
	FILE *file = tmpfile();
	int fd;

	(void)token;
	cr_assert_not_null(file);
	cr_assert_gt(fprintf(file, "0123456789"), 0);
	cr_assert_eq(fflush(file), 0);
	fd = dup(fileno(file));
	(void)fclose(file);
	return weir_response_file(response, request, fd, NULL);
}

Test(run, a_file_is_captured_with_its_range)
{
	static const struct weir_testing_header range[] = {{"Range", "bytes=2-4"}};
	struct weir_testing_request request = {0};
	struct weir_testing_response *response = run(send_file, &request);

	cr_assert_eq(response->status, 200);
	cr_assert_str_eq(response->body, "0123456789");
	weir_testing_response_free(response);
	request.headers = range;
	request.header_count = 1;
	response = run(send_file, &request);
	cr_assert_eq(response->status, 206);
	cr_assert_str_eq(response->body, "234");
	cr_assert_str_eq(weir_testing_response_header(response, "Content-Range"), "bytes 2-4/10");
	weir_testing_response_free(response);
}

Test(run, head_announces_and_sends_nothing)
{
	static const struct weir_testing_request request = {.method = "HEAD"};
	struct weir_testing_response *response = run(send_file, &request);

	cr_assert_eq(response->status, 200);
	cr_assert_eq(response->announced, 10);
	cr_assert_eq(response->body_size, 0);
	cr_assert(response->complete);
	weir_testing_response_free(response);
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
