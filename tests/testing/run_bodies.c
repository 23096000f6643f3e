/* testing/run_bodies.c: a handler without sockets: bodies, streams and files, whatever their size.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "run.h"

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

Test(run_bodies, a_streamed_body_comes_in_its_pieces)
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

Test(run_bodies, a_body_larger_than_the_pipe_comes_whole)
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

Test(run_bodies, a_stream_larger_than_its_buffer_is_captured_whole)
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

Test(run_bodies, a_stream_that_fails_is_not_complete)
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

Test(run_bodies, a_file_is_captured_with_its_range)
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

Test(run_bodies, head_announces_and_sends_nothing)
{
	static const struct weir_testing_request request = {.method = "HEAD"};
	struct weir_testing_response *response = run(send_file, &request);

	cr_assert_eq(response->status, 200);
	cr_assert_eq(response->announced, 10);
	cr_assert_eq(response->body_size, 0);
	cr_assert(response->complete);
	weir_testing_response_free(response);
}
