/* proxy.c: one request through to the upstream, and its answer back; see proxy.h.
 *
 * Everything runs on the worker's thread, inside weir_curl_call(): send_body() is asked for the
 * next piece of the request's body, take_head() and take_data() are given the answer. An
 * answer that comes while the body is still on its way stands still (WEIR_CURL_PAUSE)
 * until send_body() has come to the end, which resumes it.
 */
#include "proxy.h"
#include "problem.h"
#include "proxy_fields.h"
#include "proxy_url.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define DROP_SIZE ((size_t)16 * 1024)

struct passing {
	weir_request *request;
	weir_response *response;
	int64_t sent;   /* of the request's body */
	bool body_read; /* the request's body has come to its end */
	int body_error; /* why it did not */
	bool head;      /* status and fields are in `response` */
	bool awaiting;  /* ... and a body of `length`, whose stream has not been made yet */
	bool streaming; /* it has */
	int64_t length;
};

/* ---- the way there --------------------------------------------------------------- */

static ssize_t send_body(void *arg, weir_curl_exchange *exchange, void *buffer, size_t size)
{
	struct passing *passing = arg;
	ssize_t count = weir_request_read(passing->request, buffer, size);
	if (count > 0)
		passing->sent += count;
	/* Of a body whose length is known nobody asks for what comes after it. */
	char none;
	if (count > 0 && passing->sent == weir_request_length(passing->request) &&
	    weir_request_read(passing->request, &none, 1) == 0)
		passing->body_read = true;
	if (count < 0)
		passing->body_error = (int)count;
	if (count == 0)
		passing->body_read = true;
	if (passing->body_read)
		weir_curl_resume(exchange);
	return count;
}

/* Nobody wants the rest of the body any more. */
static int drop_body(struct passing *passing)
{
	char buffer[DROP_SIZE];
	ssize_t count = passing->body_read ? 0 : 1;
	while (count > 0)
		count = weir_request_read(passing->request, buffer, sizeof buffer);
	if (count < 0)
		passing->body_error = (int)count;
	else
		passing->body_read = true;
	return (int)count;
}

/* ---- the way back ---------------------------------------------------------------- */

struct copying {
	struct passing *passing;
	const char *connection;
};

static int copy_field(void *arg, const char *name, const char *value)
{
	const struct copying *copying = arg;
	if (proxy_hop_by_hop(name, copying->connection) ||
	    strcasecmp(name, "Content-Length") == 0 || strcasecmp(name, "Date") == 0)
		return 0;
	int error = weir_response_header(copying->passing->response, name, value);
	return error == -EINVAL ? -EPROTO : error;
}

/* 204 and 304 have no body and no length (RFC 9110, 8.6). */
static bool has_body(int status)
{
	return status != 204 && status != 304;
}

static int copy_head(struct passing *passing, weir_curl_exchange *exchange)
{
	int status = weir_curl_status(exchange);
	struct copying copying = {passing, weir_curl_header(exchange, "Connection")};
	int error = weir_response_status(passing->response, status);
	if (error == 0)
		error = weir_curl_each_header(exchange, copy_field, &copying);
	if (error == 0)
		error = weir_response_header(passing->response, "Via", "1.1 weir");
	passing->head = error == 0;
	passing->length = weir_curl_length(exchange);
	passing->awaiting = has_body(status) && passing->length != 0;
	return error == -EINVAL ? -EPROTO : error;
}

static int make_stream(struct passing *passing)
{
	if (!passing->awaiting)
		return 0;
	int error = weir_response_stream(passing->response, passing->length);
	passing->streaming = error == 0;
	passing->awaiting = error != 0;
	return error;
}

static int take_head(void *arg, weir_curl_exchange *exchange)
{
	struct passing *passing = arg;
	int error = 0;
	if (!passing->body_read && weir_curl_status(exchange) >= 400)
		error = drop_body(passing);
	if (error == 0)
		error = copy_head(passing, exchange);
	return error == 0 && passing->body_read ? make_stream(passing) : error;
}

static int take_data(void *arg, weir_curl_exchange *exchange, const void *data, size_t size)
{
	(void)exchange;
	struct passing *passing = arg;
	if (!passing->body_read)
		return WEIR_CURL_PAUSE;
	int error = make_stream(passing);
	return error != 0 ? error : weir_response_write(passing->response, data, size);
}

/* ---- how it ends ----------------------------------------------------------------- */

static int answer_failure(struct passing *passing, int error)
{
	weir_response *response = passing->response;
	switch (error) {
	case -ETIMEDOUT:
		return problem(response, 504, "the upstream did not answer in time");
	case -ENOENT:
		return problem(response, 502, "the upstream's name is not known");
	case -ECONNREFUSED:
	case -EHOSTUNREACH:
	case -ENETUNREACH:
		return problem(response, 502, "the upstream cannot be reached");
	case -ECONNRESET:
		return problem(response, 502, "the upstream broke off before it had answered");
	case -EPROTO:
	case -EMSGSIZE:
		return problem(response, 502, "the upstream's answer is not valid HTTP");
	case -EKEYREJECTED:
		return problem(response, 502, "the upstream's certificate is not valid");
	case -EAGAIN:
	case -EMFILE:
	case -ENFILE:
	case -ENOMEM:
		return problem(response, 503, "no room for one more connection");
	default:
		return problem(response, 502, "the upstream cannot be asked");
	}
}

/* A stream has to be written whole, also in answer to HEAD, where nothing of it is sent: the
 * upstream's Content-Length is passed on this way. */
static int write_nothing(struct passing *passing)
{
	static const char zeros[64 * 1024];
	int error = 0;
	for (int64_t left = passing->length; error == 0 && left > 0;) {
		size_t size = left < (int64_t)sizeof zeros ? (size_t)left : sizeof zeros;
		error = weir_response_write(passing->response, zeros, size);
		left -= (int64_t)size;
	}
	return error;
}

static int finish_whole(struct passing *passing)
{
	/* An upstream may have answered without a look at the whole body. */
	int error = drop_body(passing);
	if (error == 0)
		error = make_stream(passing);
	if (error == 0 && passing->streaming &&
	    strcmp(weir_request_method(passing->request), "HEAD") == 0)
		error = write_nothing(passing);
	return error;
}

static int finish(struct passing *passing, int error)
{
	if (passing->body_error != 0)
		return passing->body_error; /* the client's doing: 413, or nobody is there */
	if (error == -ECANCELED)
		return error;
	if (error == 0)
		return finish_whole(passing);
	if (passing->streaming) {
		/* Begun by now, the stream is cut when this returns an error. */
		int begun = weir_response_flush(passing->response);
		return begun != 0 ? begun : error;
	}
	if (passing->head)
		return -EIO; /* the library drops what is there, and says 500 */
	return answer_failure(passing, error);
}

static int pass(const struct proxy *proxy, struct passing *passing, const char *url,
		const struct proxy_fields *fields, weir_token *token)
{
	int64_t length = weir_request_length(passing->request);
	const struct weir_curl_request call = {
		.method = weir_request_method(passing->request),
		.url = url,
		.headers = fields->list,
		.header_count = fields->count,
		.read = length != 0 ? send_body : NULL,
		.read_length = length,
		.head = take_head,
		.data = take_data,
		.arg = passing,
	};
	passing->body_read = length == 0;
	struct weir_curl_result result;
	weir_request_note(passing->request, "waiting for the upstream");
	int error = weir_curl_call(proxy->client, &call, token, WEIR_NEVER, &result);
	return finish(passing, error);
}

int proxy_handle(weir_request *request, weir_response *response, weir_token *token)
{
	const struct proxy *proxy = weir_request_context(request);
	const char *method = weir_request_method(request);
	if (strcmp(method, "CONNECT") == 0 || strcmp(method, "TRACE") == 0)
		return problem(response, 405, "%s is not passed on", method);
	if (proxy_hops(weir_request_header(request, "Via")) >= PROXY_HOPS_MAX)
		return problem(response, 508, "this request goes round in a circle");

	char *url;
	int error = proxy_url(proxy->upstream, proxy->path, weir_request_target(request), &url);
	if (error == -EINVAL)
		return problem(response, 400, "this path cannot be passed on");
	if (error != 0)
		return error;
	struct proxy_fields fields;
	struct passing passing = {.request = request, .response = response};
	error = proxy_fields_make(&fields, proxy, request);
	if (error == 0)
		error = pass(proxy, &passing, url, &fields, token);
	proxy_fields_free(&fields);
	free(url);
	return error;
}

int proxy_route(weir_routes *routes, const char *method, const char *path, struct proxy *proxy,
		const struct weir_route_options *options)
{
	struct weir_route_options streamed = {0};
	if (options != NULL)
		streamed = *options;
	streamed.body = WEIR_BODY_STREAMED;
	char *pattern;
	if (asprintf(&pattern, "%s %s", method, path) < 0)
		return -ENOMEM;
	int error = weir_routes_add(routes, pattern, proxy_handle, proxy, &streamed);
	free(pattern);
	return error;
}
