/* weir/request.h: what a handler can ask of a request.
 *
 * A request belongs to its handler while the handler runs, and to nobody else:
 * strings returned here are borrowed and live until the handler returns. None of
 * the calls may be made from another thread than the handler's, except on the two
 * tokens, which may be shared as long as a reference is held.
 */
#ifndef WEIR_REQUEST_H
#define WEIR_REQUEST_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <weir/token.h>
#include <weir/visibility.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weir_request weir_request;
struct weir_server;

/** "GET", "PUT", ...; exactly as sent: methods are case-sensitive (RFC 9110, 9.1). */
WEIR_API const char *weir_request_method(const weir_request *request);

/** The target as it was sent, undecoded, with its query; in absolute form if that is what
 *  the client sent. */
WEIR_API const char *weir_request_target(const weir_request *request);

/** The path, percent-decoded, without the query. Starts with '/', has no NUL and no
 *  control characters; may contain "..": whoever opens files must see to that. */
WEIR_API const char *weir_request_path(const weir_request *request);

/** The pattern of the route that matched, like "GET /hello/{name}". */
WEIR_API const char *weir_request_route(const weir_request *request);

/** The decoded value of the path parameter `name`; NULL if the route has none. It may
 *  contain a slash (sent as %2F) and may be "..": the same care as with the path. */
WEIR_API const char *weir_request_param(const weir_request *request, const char *name);

/** The decoded value of the first query parameter `name`, '+' read as a space; "" for a
 *  bare `?name`; NULL if it is not there. No NUL, but other control characters may be in it (a
 *  line feed is sent as %0A). */
WEIR_API const char *weir_request_query(const weir_request *request, const char *name);

/** The value of the first header field `name` (case does not matter); NULL if it is
 *  not there. */
WEIR_API const char *weir_request_header(const weir_request *request, const char *name);

/** Calls `fn` for every header field in the order received; stops when it returns
 *  non-zero and returns that, else 0. */
WEIR_API int weir_request_each_header(const weir_request *request,
				      int (*fn)(void *arg, const char *name, const char *value),
				      void *arg);

/** The client's address, like "127.0.0.1:53122", "[::1]:53122" or "unix"; "?" when memory is
 *  short. */
WEIR_API const char *weir_request_client(const weir_request *request);

/** The `context` given with the route. */
WEIR_API void *weir_request_context(const weir_request *request);

/** The server that runs this handler. */
WEIR_API struct weir_server *weir_request_server(const weir_request *request);

/** Content-Length; -1 if the body is chunked; 0 if there is no body. */
WEIR_API int64_t weir_request_length(const weir_request *request);

/** The whole body of a WEIR_BODY_BUFFERED route. *data is borrowed and followed by a
 *  NUL that is not counted. Returns 0, or -EINVAL on a route of another body mode. */
WEIR_API int weir_request_body(const weir_request *request, const void **data, size_t *size);

/** Reads from the body of a WEIR_BODY_STREAMED route: waits until something is there
 *  and takes up to `size` bytes. Returns the count, 0 at the end of the body (and for
 *  a `size` of 0), -ECANCELED when the request's token is tripped (the client has gone,
 *  its body came too slowly, a deadline, a stop), -EFBIG when the body has grown over
 *  the route's limit, -EINVAL on a route of another body mode. */
WEIR_API ssize_t weir_request_read(weir_request *request, void *buffer, size_t size);

/** The request's token: the one the handler was given. */
WEIR_API weir_token *weir_request_token(weir_request *request);

/** The server's drain token: trips when a stop begins, while ordinary requests still
 *  have their grace. Long-lived work (a stream, a long poll) watches this one, says
 *  goodbye to its client and returns 0. Borrowed; it does not trip with the request's:
 *  look at that as well, or make a call that does. */
WEIR_API weir_token *weir_request_drain_token(weir_request *request);

/** `size` bytes, aligned for any type, from the request's own memory: never freed by hand, gone
 *  with the request. They live at least until the handler has returned, its deferred calls have
 *  run, and the answer has been sent or given up: so they may be the body of
 *  weir_response_body_static(). Do not use them from elsewhere once the handler has returned.
 *  Not zeroed; a `size` of 0 gives a pointer to nothing, not NULL. NULL when memory is short, or
 *  when the request would hold more than 16 MiB (what the library keeps of its header, and what
 *  was set with weir_response_header(), counts too). */
WEIR_API void *weir_request_alloc(weir_request *request, size_t size);

/** Formatted text in such memory, with its NUL. NULL as there, or if the format is not valid. */
WEIR_API char *weir_request_printf(weir_request *request, const char *format, ...)
	WEIR_PRINTF(2, 3);

/** Notes down that `fn(arg)` is to be run when the handler returns, whatever it returns: on its
 *  thread, the last one first, before the answer is made from its result, so an early return
 *  leaks nothing. A call that is deferred while they run is run next. `fn` may still use the
 *  request, and the response too, but cannot change what the handler has returned; what it
 *  waits for must be short or take the request's token, which may be tripped. Not run for a
 *  handler that never comes back.
 *  Returns 0, -EINVAL (no `fn`), or -ENOMEM: then `fn` was not noted down and will not run.
 *  The caller still owns what it wanted to have settled, settles it and returns the error:
 *
 *	error = weir_request_defer(request, close_file, file);
 *	if (error) {
 *		close_file(file);
 *		return error;
 *	} */
WEIR_API int weir_request_defer(weir_request *request, void (*fn)(void *arg), void *arg);

/** Says in a few words what the handler is doing now, for the status page and for the
 *  drain report should it become a straggler; 63 characters are shown. `what` must be a
 *  string literal or otherwise live as long as the process. Costs one store. */
WEIR_API void weir_request_note(weir_request *request, const char *what);

#ifdef __cplusplus
}
#endif

#endif
