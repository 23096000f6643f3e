/* weir/response.h: how a handler answers.
 *
 * A response is made in one of three ways: a body in memory (the default; empty if
 * none is given), a file, or a stream. What is not a stream is sent after the handler
 * has returned 0; if it returns an error, the library discards it and answers in its
 * own words. A stream begins to be sent with its first write, and its status and
 * header fields are fixed from then on.
 *
 * Limits to know: a response goes out after the request's body has been read to its
 * end. A handler of a streamed body that answers earlier closes the connection with
 * its answer, and cannot answer with a stream (weir_response_stream(): -EBUSY).
 *
 * Thread safety: the handler's thread only. Nothing here blocks, except
 * weir_response_write() and weir_response_flush().
 */
#ifndef WEIR_RESPONSE_H
#define WEIR_RESPONSE_H

#include <stddef.h>
#include <stdint.h>

#include <weir/request.h>
#include <weir/visibility.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weir_response weir_response;

/** Sets the status code, 200 to 599; 200 if never called. Returns 0, -EINVAL, or
 *  -EALREADY after the first write to a stream. */
WEIR_API int weir_response_status(weir_response *response, int status);

/** Adds a header field, beside those of the same name; both strings are copied.
 *  Connection, Content-Length, Date, Keep-Alive, Transfer-Encoding and Upgrade are the
 *  library's own; they and whatever is not a valid field are refused: -EINVAL. Returns 0,
 *  -EINVAL, -ENOMEM, or -EALREADY after the first write to a stream. */
WEIR_API int weir_response_header(weir_response *response, const char *name, const char *value);

/** The body: a copy of `size` bytes. Replaces an earlier body. Returns 0, -ENOMEM, or
 *  -EALREADY after weir_response_stream(). */
WEIR_API int weir_response_body(weir_response *response, const void *data, size_t size);

/** The body without a copy: `data` must stay as it is for as long as the process lives, or be
 *  of weir_request_alloc() for the same request.
 *  Replaces an earlier body. Returns 0, or -EALREADY as above. */
WEIR_API int weir_response_body_static(weir_response *response, const void *data, size_t size);

/** The body without a copy: `data` is taken, also on failure, and given to `release`, which
 *  must not be NULL (on any thread), when it has been sent or is not needed any more.
 *  Replaces an earlier body. Returns 0, or -EALREADY as above. */
WEIR_API int weir_response_body_take(weir_response *response, void *data, size_t size,
				     void (*release)(void *data));

/** The body as formatted text; sets Content-Type: text/plain; charset=utf-8 unless the
 *  handler has set another. Replaces an earlier body. Returns 0, -ENOMEM, -EALREADY. */
WEIR_API int weir_response_printf(weir_response *response, const char *format, ...)
	WEIR_PRINTF(2, 3);

/** How a file is offered. Zero or NULL: the default. */
struct weir_file_options {
	const char *content_type; /**< default application/octet-stream; copied */
	const char *etag; /**< with its quotes; default from inode, size and mtime; copied */
};

/** Answers with the regular file open at `fd`, which is taken (closed also on failure).
 *  Evaluates the preconditions and the range of `request` (RFC 9110, sections 13 and 14):
 *  200, 206, 304, 412 or 416, with ETag, Last-Modified and Accept-Ranges. Several ranges
 *  in one request are answered with the whole file, as the RFC allows.
 *  The file must not shrink while it is sent. Replaces an earlier body. Returns 0, -EINVAL (not
 *  a regular file, or an option that is no valid field), -ENOMEM, -EALREADY after
 *  weir_response_stream(), or an errno of fstat(2), negative. `options` may be NULL. */
WEIR_API int weir_response_file(weir_response *response, const weir_request *request, int fd,
				const struct weir_file_options *options);

/** What RFC 9110 says about a request under If-Match, If-None-Match, If-Modified-Since and
 *  If-Unmodified-Since: 0 to go on, 412 to refuse, and for GET and HEAD also 304, "you have
 *  it already". `etag` (with its quotes) and `mtime` (seconds since the epoch) describe what
 *  is there now; an `etag` of NULL says that nothing is. */
WEIR_API int weir_request_precondition(const weir_request *request, const char *etag,
				       int64_t mtime);

/** Makes the response a stream of `length` bytes, or of unknown length (-1: chunked for
 *  HTTP/1.1, up to the connection's close for 1.0 and in answer to HEAD). Nothing is sent
 *  before the first write; an earlier body is dropped. A handler that has begun to
 *  write and returns an error, or 0 with less than `length` written, has its connection cut,
 *  so that the client can tell. Returns 0, -EBUSY while the request's body has not been read
 *  to its end, -EALREADY, -ENOTSUP on an inline route, -ENOMEM. */
WEIR_API int weir_response_stream(weir_response *response, int64_t length);

/** Writes to the stream; waits while its buffer of 128 KiB is full. All of `data` is
 *  taken, or the call fails: -ECANCELED once the request's token is tripped (the client
 *  has gone, a stop, a deadline), -EINVAL without a stream, -EMSGSIZE beyond its length,
 *  -ENOMEM. In answer to HEAD nothing is sent and nothing waited for. */
WEIR_API int weir_response_write(weir_response *response, const void *data, size_t size);

/** Waits until what was written has left the stream's buffer on its way to the socket;
 *  begins the stream if nothing was written yet. Returns 0, -ECANCELED, -EINVAL without a
 *  stream, -ENOMEM. */
WEIR_API int weir_response_flush(weir_response *response);

/** Answers `status` with one line of plain text. For handlers: `return
 *  weir_response_error(response, 404, "no such file");`. Returns 0, or as
 *  weir_response_status() and weir_response_printf(). */
WEIR_API int weir_response_error(weir_response *response, int status, const char *text);

#ifdef __cplusplus
}
#endif

#endif
