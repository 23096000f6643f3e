/* request.c: life of a request, and what a handler can ask of it. */
#include "http/request.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http/acceptor.h"

/* A call that the handler has put off until it returns; in the request's arena. */
struct weir__defer {
	struct weir__defer *next;
	void (*fn)(void *arg);
	void *arg;
};

/* The last reference to the token is the last to the request. */
static void free_request(weir_token *token)
{
	weir_request *request = weir__container(token, weir_request, token);

	weir__response_fini(&request->response);
	weir__pipe_destroy(request->pipe);
	free(request->body);
	weir__arena_release(&request->arena);
	free(request);
}

weir_request *weir__request_create(struct weir__acceptor *acceptor, struct weir__conn *conn)
{
	weir_request *request = malloc(sizeof(*request));

	if (!request)
		return NULL;
	memset(request, 0, offsetof(weir_request, memory));
	request->acceptor = acceptor;
	request->conn = conn;
	request->deadline = WEIR_NEVER;
	weir__token_init(&request->token, free_request);
	weir__token_set_gap(&request->token, &request->gap);
	weir__list_init(&request->in_flight);
	weir__list_init(&request->job.node);
	weir__arena_init(&request->arena, request->memory, sizeof(request->memory));
	weir__response_init(&request->response, request);
	return request;
}

void weir__request_release(weir_request *request)
{
	weir_token_unref(&request->token);
}

int weir__request_buffer(weir_request *request, const void *data, size_t size)
{
	uint64_t limit = request->route->options.body_limit;
	size_t capacity = request->body_capacity;
	char *body;

	if (size > limit || request->body_size > limit - size)
		return -EFBIG;
	if (request->body_size + size >= capacity) {
		/* A length that was announced, and checked against the limit, is taken at its
		 * word only piece by piece: memory follows what has come. */
		while (capacity <= request->body_size + size)
			capacity = capacity ? capacity * 2 : 4096;
		body = realloc(request->body, capacity);
		if (!body)
			return -ENOMEM;
		request->body = body;
		request->body_capacity = capacity;
	}
	memcpy(request->body + request->body_size, data, size);
	request->body_size += size;
	request->body[request->body_size] = '\0';
	return 0;
}

const char *weir_request_method(const weir_request *request)
{
	return request->method;
}

const char *weir_request_target(const weir_request *request)
{
	return request->target;
}

const char *weir_request_path(const weir_request *request)
{
	return request->path;
}

const char *weir_request_route(const weir_request *request)
{
	return request->route->pattern;
}

const char *weir_request_param(const weir_request *request, const char *name)
{
	size_t i;

	for (i = 0; i < request->route->param_count; i++)
		if (strcmp(request->route->params[i], name) == 0)
			return request->params[i];
	return NULL;
}

const char *weir_request_query(const weir_request *request, const char *name)
{
	return weir__query_find(&request->query, name);
}

const char *weir_request_header(const weir_request *request, const char *name)
{
	size_t i;

	for (i = 0; i < request->field_count; i++)
		if (strcasecmp(request->fields[i].name, name) == 0)
			return request->fields[i].value;
	return NULL;
}

int weir_request_each_header(const weir_request *request,
			     int (*fn)(void *arg, const char *name, const char *value), void *arg)
{
	int result = 0;
	size_t i;

	for (i = 0; i < request->field_count && !result; i++)
		result = fn(arg, request->fields[i].name, request->fields[i].value);
	return result;
}

const char *weir_request_client(const weir_request *request)
{
	/* The arena is the handler's own, so asking may take memory from it. */
	struct weir__arena *arena = &((weir_request *)request)->arena;
	char text[INET6_ADDRSTRLEN + 16];
	const char *copy;

	weir__address_print(&request->peer, text, sizeof(text));
	copy = weir__arena_copy(arena, text, strlen(text));
	return copy ? copy : "?";
}

void *weir_request_context(const weir_request *request)
{
	return request->route->context;
}

struct weir_server *weir_request_server(const weir_request *request)
{
	return request->acceptor->options.server;
}

int64_t weir_request_length(const weir_request *request)
{
	return request->framing.chunked ? -1 : (int64_t)request->framing.length;
}

int weir_request_body(const weir_request *request, const void **data, size_t *size)
{
	if (request->route->options.body != WEIR_BODY_BUFFERED)
		return -EINVAL;
	*data = request->body ? request->body : "";
	*size = request->body_size;
	return 0;
}

ssize_t weir_request_read(weir_request *request, void *buffer, size_t size)
{
	uint64_t limit = request->route->options.body_limit;
	ssize_t got;
	bool wake;

	if (request->route->options.body != WEIR_BODY_STREAMED)
		return -EINVAL;
	if (!request->pipe || size == 0)
		return weir_token_check_at(&request->token, "weir_request_read()");
	got = weir__pipe_read(request->pipe, buffer, size, &request->token, &wake);
	if (wake)
		weir__acceptor_report(request, WEIR__REPORT_SPACE);
	if (got > 0) {
		request->body_read += (uint64_t)got;
		if (limit && request->body_read > limit)
			return -EFBIG;
	}
	return got;
}

weir_token *weir_request_token(weir_request *request)
{
	return &request->token;
}

weir_token *weir_request_drain_token(weir_request *request)
{
	atomic_store_explicit(&request->watches_drain, true, memory_order_relaxed);
	return request->acceptor->options.drain_token;
}

void *weir_request_alloc(weir_request *request, size_t size)
{
	return weir__arena_alloc(&request->arena, size);
}

char *weir_request_printf(weir_request *request, const char *format, ...)
{
	va_list arguments, again;
	char *text = NULL;
	int size;

	va_start(arguments, format);
	va_copy(again, arguments);
	size = vsnprintf(NULL, 0, format, arguments);
	if (size >= 0)
		text = weir__arena_alloc(&request->arena, (size_t)size + 1);
	if (text && vsnprintf(text, (size_t)size + 1, format, again) < 0)
		text = NULL;
	va_end(again);
	va_end(arguments);
	return text;
}

int weir_request_defer(weir_request *request, void (*fn)(void *arg), void *arg)
{
	struct weir__defer *defer;

	if (!fn)
		return -EINVAL;
	defer = weir__arena_alloc(&request->arena, sizeof(*defer));
	if (!defer)
		return -ENOMEM;
	*defer = (struct weir__defer){request->defers, fn, arg};
	request->defers = defer;
	return 0;
}

void weir__request_settle(weir_request *request)
{
	struct weir__defer *defer;

	while ((defer = request->defers)) {
		request->defers = defer->next;
		defer->fn(defer->arg);
	}
}

void weir_request_note(weir_request *request, const char *what)
{
	atomic_store_explicit(&request->note, what, memory_order_relaxed);
}
