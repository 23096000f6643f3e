/* http/response.c, file_response.c, reply.c: what a handler may say, and what becomes of it. */
#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/text.h"
#include "http/acceptor.h"
#include "http/request.h"
#include "support/must.h"

static struct weir__acceptor acceptor;
static struct weir__route route;
static weir_request *request;
static weir_response *response;

static void init(void)
{
	memset(&route, 0, sizeof(route));
	request = weir__request_create(&acceptor, NULL);
	must(request != NULL, "out of memory");
	request->route = &route;
	request->method = "GET";
	response = &request->response;
}

static void fini(void)
{
	weir__request_release(request);
}

TestSuite(response, .init = init, .fini = fini);
TestSuite(file, .init = init, .fini = fini);
TestSuite(print, .init = init, .fini = fini);

Test(response, takes_final_statuses)
{
	cr_assert_eq(weir_response_status(response, 199), -EINVAL);
	cr_assert_eq(weir_response_status(response, 600), -EINVAL);
	cr_assert_eq(weir_response_status(response, -1), -EINVAL);
	cr_assert_eq(response->status, 200);
	cr_assert_eq(weir_response_status(response, 599), 0);
	cr_assert_eq(response->status, 599);
}

Test(response, refuses_fields_that_are_the_librarys_or_none)
{
	static const char *const bad[][2] = {
		{"Connection", "close"},
		{"content-length", "5"},
		{"Transfer-Encoding", "chunked"},
		{"Date", "now"},
		{"Keep-Alive", "5"},
		{"Upgrade", "x"},
		{"", "x"},
		{"A B", "x"},
		{"A:", "x"},
		{"A", "x\r\nB: y"},
		{"A", "x\ny"},
		{"A", "x\x01"},
		{"A", NULL},
		{NULL, "x"},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_assert_eq(weir_response_header(response, bad[i][0], bad[i][1]), -EINVAL,
			     "%s: %s", bad[i][0], bad[i][1]);
	cr_assert_null(response->fields);
}

Test(response, copies_its_fields)
{
	char name[] = "X-Name", value[] = "value";

	cr_assert_eq(weir_response_header(response, name, value), 0);
	cr_assert_eq(weir_response_header(response, "X-Empty", ""), 0);
	memset(name, 'x', sizeof(name) - 1);
	memset(value, 'x', sizeof(value) - 1);
	cr_assert_str_eq(weir__response_field(response, "x-name"), "value");
	cr_assert_str_eq(weir__response_field(response, "X-Empty"), "");
	cr_assert_null(weir__response_field(response, "X"));
}

static unsigned released;

static void release(void *data)
{
	released++;
	free(data);
}

Test(response, a_later_body_replaces_an_earlier_one)
{
	released = 0;
	cr_assert_eq(weir_response_body_take(response, strdup("one"), 3, release), 0);
	cr_assert_eq(weir_response_body_take(response, strdup("two"), 3, release), 0);
	cr_assert_eq(released, 1);
	cr_assert_eq(weir_response_body(response, "three", 5), 0);
	cr_assert_eq(released, 2);
	cr_assert_arr_eq(response->data, "three", 5);
	cr_assert_eq(weir_response_printf(response, "%d", 4), 0);
	cr_assert(response->size == 1 && response->data[0] == '4');
	cr_assert_eq(weir_response_body_static(response, "five", 4), 0);
	cr_assert_eq(response->size, 4);
	cr_assert_eq(weir_response_body_take(response, strdup("six"), 3, release), 0);
	weir__response_reset(response);
	cr_assert_eq(released, 3);
	cr_assert_eq(response->size, 0);
}

Test(response, copies_small_and_large_bodies)
{
	static char large[100000];

	memset(large, 'x', sizeof(large));
	cr_assert_eq(weir_response_body(response, large, sizeof(large)), 0);
	cr_assert_neq(response->data, large);
	cr_assert_eq(memcmp(response->data, large, sizeof(large)), 0);
	cr_assert_eq(weir_response_body(response, "small", 5), 0);
	cr_assert_arr_eq(response->data, "small", 5);
	cr_assert_eq(weir_response_body(response, "", 0), 0);
	cr_assert_eq(response->size, 0);
}

Test(response, text_is_plain_unless_the_handler_says_what_it_is)
{
	cr_assert_eq(weir_response_header(response, "content-type", "text/csv"), 0);
	cr_assert_eq(weir_response_printf(response, "a,b"), 0);
	cr_assert_str_eq(weir__response_field(response, "Content-Type"), "text/csv");
	weir__response_reset(response);
	cr_assert_eq(weir_response_error(response, 404, "no such thing"), 0);
	cr_assert_str_eq(weir__response_field(response, "Content-Type"),
			 "text/plain; charset=utf-8");
	cr_assert_eq(response->status, 404);
	cr_assert_arr_eq(response->data, "404 no such thing\n", 18);
	cr_assert_eq(weir_response_error(response, 99, "x"), -EINVAL);
}

Test(response, a_stream_excludes_the_rest)
{
	released = 0;
	cr_assert_eq(weir_response_write(response, "a", 1), -EINVAL);
	cr_assert_eq(weir_response_flush(response), -EINVAL);
	cr_assert_eq(weir_response_stream(response, 10), 0);
	cr_assert_eq(weir_response_stream(response, 10), -EALREADY);
	cr_assert_eq(weir_response_body(response, "a", 1), -EALREADY);
	cr_assert_eq(weir_response_body_static(response, "a", 1), -EALREADY);
	cr_assert_eq(weir_response_printf(response, "a"), -EALREADY);
	cr_assert_eq(weir_response_body_take(response, strdup("a"), 1, release), -EALREADY);
	cr_assert_eq(released, 1, "taken, also on failure");
	cr_assert_eq(weir_response_file(response, request, memfd_create("f", MFD_CLOEXEC), NULL),
		     -EALREADY);
	cr_assert_eq(weir_response_write(response, "01234567890", 11), -EMSGSIZE);
	/* It has not begun yet: */
	cr_assert_eq(weir_response_status(response, 201), 0);
	cr_assert_eq(weir_response_header(response, "X", "y"), 0);
}

Test(response, a_stream_waits_for_the_requests_body)
{
	cr_assert_eq(weir__pipe_create(&request->pipe), 0);
	cr_assert_eq(weir_response_stream(response, -1), -EBUSY);
	(void)weir__pipe_end(request->pipe, 0);
	cr_assert_eq(weir_response_stream(response, -1), 0);
}

/* The acceptor would wait for itself to take what it writes. */
Test(response, there_are_no_streams_from_the_acceptor)
{
	route.options.run = WEIR_RUN_INLINE;
	cr_assert_eq(weir_response_stream(response, -1), -ENOTSUP);
	cr_assert_eq(weir_response_write(response, "a", 1), -EINVAL);
	cr_assert_eq(weir_response_printf(response, "a"), 0);
}

Test(response, a_write_that_failed_is_remembered)
{
	cr_assert_eq(weir_response_stream(response, -1), 0);
	(void)weir_token_cancel(&request->token, WEIR_REASON_SHUTDOWN, NULL);
	cr_assert_eq(weir_response_write(response, "a", 1), -ECANCELED);
	cr_assert_eq(response->write_error, -ECANCELED);
	cr_assert_eq(response->written, 0);
}

static int make_file(const char *content)
{
	int fd = memfd_create("file", MFD_CLOEXEC);

	must(fd >= 0 && write(fd, content, strlen(content)) == (ssize_t)strlen(content), "errno %d",
	     errno);
	return fd;
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static void with_field(struct weir__field *field, const char *name, const char *value)
{
	*field = (struct weir__field){name, value};
	request->fields = field;
	request->field_count = 1;
}

Test(file, whole)
{
	int fd = make_file("0123456789");

	cr_assert_eq(weir_response_file(response, request, fd, NULL), 0);
	cr_assert_eq(response->status, 200);
	cr_assert(response->kind == WEIR__BODY_FILE && response->fd == fd);
	cr_assert(response->offset == 0 && response->length == 10);
	cr_assert_str_eq(weir__response_field(response, "Content-Type"),
			 "application/octet-stream");
	cr_assert_str_eq(weir__response_field(response, "Accept-Ranges"), "bytes");
	cr_assert_eq(weir__response_field(response, "ETag")[0], '"');
	cr_assert_not_null(weir__response_field(response, "Last-Modified"));
	weir__response_reset(response);
	cr_assert_not(is_open(fd));
}

Test(file, a_part_of_it)
{
	struct weir__field field;

	with_field(&field, "Range", "bytes=2-4");
	cr_assert_eq(weir_response_file(response, request, make_file("0123456789"), NULL), 0);
	cr_assert_eq(response->status, 206);
	cr_assert(response->offset == 2 && response->length == 3);
	cr_assert_str_eq(weir__response_field(response, "Content-Range"), "bytes 2-4/10");
}

/* RFC 9110, 14.2: a range is for GET. */
Test(file, to_head_always_the_whole)
{
	struct weir__field field;

	with_field(&field, "Range", "bytes=2-4");
	request->method = "HEAD";
	request->head = true;
	cr_assert_eq(weir_response_file(response, request, make_file("0123456789"), NULL), 0);
	cr_assert_eq(response->status, 200);
	cr_assert_eq(response->length, 10);
	cr_assert_null(weir__response_field(response, "Content-Range"));
}

Test(file, refusals_are_not_of_its_type)
{
	const struct weir_file_options options = {.content_type = "image/png"};
	struct weir__field field;
	int fd = make_file("0123456789");

	with_field(&field, "Range", "bytes=10-");
	cr_assert_eq(weir_response_file(response, request, fd, &options), 0);
	cr_assert_eq(response->status, 416);
	cr_assert_str_eq(weir__response_field(response, "Content-Range"), "bytes */10");
	cr_assert_eq(strncmp(weir__response_field(response, "Content-Type"), "text/plain", 10), 0);
	cr_assert_not(is_open(fd));
	weir__response_reset(response);
	with_field(&field, "If-Match", "\"other\"");
	cr_assert_eq(weir_response_file(response, request, make_file("x"), &options), 0);
	cr_assert_eq(response->status, 412);
	cr_assert_eq(strncmp(weir__response_field(response, "Content-Type"), "text/plain", 10), 0);
}

Test(file, not_modified_has_no_body)
{
	const struct weir_file_options options = {.etag = "\"mine\""};
	struct weir__field field;

	with_field(&field, "If-None-Match", "\"mine\"");
	cr_assert_eq(weir_response_file(response, request, make_file("x"), &options), 0);
	cr_assert_eq(response->status, 304);
	cr_assert(response->kind == WEIR__BODY_MEMORY && response->size == 0);
	cr_assert_str_eq(weir__response_field(response, "ETag"), "\"mine\"");
	cr_assert_null(weir__response_field(response, "Content-Type"));
}

Test(file, that_is_none_is_closed)
{
	int ends[2];

	cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
	cr_assert_eq(weir_response_file(response, request, ends[0], NULL), -EINVAL);
	cr_assert_not(is_open(ends[0]));
	close(ends[1]);
	cr_assert_eq(weir_response_file(response, request, -1, NULL), -EBADF);
}

Test(file, another_one_replaces_it)
{
	int first = make_file("1"), second = make_file("22");

	cr_assert_eq(weir_response_file(response, request, first, NULL), 0);
	cr_assert_eq(weir_response_file(response, request, second, NULL), 0);
	cr_assert_not(is_open(first));
	cr_assert_eq(response->length, 2);
	cr_assert_eq(weir_response_printf(response, "text"), 0);
	cr_assert_not(is_open(second));
	cr_assert_eq(response->kind, WEIR__BODY_MEMORY);
}

static void prints(bool head, const char *begins, const char *ends, bool has_length)
{
	struct weir__text text = WEIR__TEXT_EMPTY;
	size_t size = strlen(ends);

	weir__reply_print(response, head, &text);
	cr_assert_eq(text.error, 0);
	cr_assert_eq(strncmp(text.data, begins, strlen(begins)), 0, "%s", text.data);
	cr_assert(text.size >= size && memcmp(text.data + text.size - size, ends, size) == 0, "%s",
		  text.data);
	cr_assert_not_null(strstr(text.data, "\r\nConnection: close\r\n"));
	cr_assert_not_null(strstr(text.data, "\r\nDate: "));
	cr_assert_eq(strstr(text.data, "Content-Length") != NULL, has_length, "%s", text.data);
	weir__text_free(&text);
}

Test(print, an_answer_by_hand)
{
	cr_assert_eq(weir_response_error(response, 413, "too large"), 0);
	prints(false, "HTTP/1.1 413 ", "\r\nContent-Length: 14\r\n\r\n413 too large\n", true);
	prints(true, "HTTP/1.1 413 ", "\r\nContent-Length: 14\r\n\r\n", true);
}

/* RFC 9110, 8.6: no length where there is no body. */
Test(print, an_answer_without_a_body)
{
	cr_assert_eq(weir_response_status(response, 204), 0);
	prints(false, "HTTP/1.1 204 No Content\r\n", "\r\n\r\n", false);
	cr_assert_eq(weir_response_status(response, 201), 0);
	prints(false, "HTTP/1.1 201 Created\r\n", "\r\nContent-Length: 0\r\n\r\n", true);
}
