/* response.c: what a handler says. No libmicrohttpd here: reply.c turns it into bytes. */
#include "http/response.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/text.h"
#include "http/check.h"
#include "http/request.h"
#include "http/upgrade.h"

/* Bodies up to this size are copied into the request's arena. */
#define ARENA_BODY ((size_t)2048)

void weir__response_init(weir_response *response, weir_request *request)
{
	memset(response, 0, sizeof(*response));
	response->request = request;
	response->status = 200;
	response->fields_end = &response->fields;
	response->fd = -1;
}

void weir__response_body_drop(weir_response *response)
{
	if (response->release)
		response->release((void *)response->data);
	response->release = NULL;
	response->data = NULL;
	response->size = 0;
	if (response->fd >= 0)
		(void)close(response->fd);
	response->fd = -1;
	weir__upgraded_drop(response->upgraded);
	response->upgraded = NULL;
	response->kind = WEIR__BODY_MEMORY;
}

void weir__response_fini(weir_response *response)
{
	weir__reply_drop(response);
	weir__response_body_drop(response);
	weir__pipe_destroy(response->pipe);
	response->pipe = NULL;
}

void weir__response_reset(weir_response *response)
{
	weir__reply_drop(response);
	weir__response_body_drop(response);
	response->status = 200;
	response->fields = NULL;
	response->fields_end = &response->fields;
}

static bool is_stream(const weir_response *response)
{
	return response->kind == WEIR__BODY_STREAM && response->pipe;
}

bool weir__response_has_begun(const weir_response *response)
{
	return is_stream(response) || response->kind == WEIR__BODY_UPGRADE;
}

int weir_response_status(weir_response *response, int status)
{
	if (status < 200 || status > 599)
		return -EINVAL;
	if (response->request->stream_begun || response->kind == WEIR__BODY_UPGRADE)
		return -EALREADY;
	response->status = status;
	return 0;
}

const char *weir__response_field(const weir_response *response, const char *name)
{
	const struct weir__response_field *field;

	for (field = response->fields; field; field = field->next)
		if (strcasecmp(field->name, name) == 0)
			return field->value;
	return NULL;
}

int weir__response_add(weir_response *response, const char *name, const char *value)
{
	struct weir__response_field *field =
		weir__arena_alloc(&response->request->arena, sizeof(*field));

	if (!field)
		return -ENOMEM;
	*field = (struct weir__response_field){NULL, name, value};
	*response->fields_end = field;
	response->fields_end = &field->next;
	return 0;
}

/* Fields that say how the message is framed are the library's. */
static bool is_reserved(const char *name)
{
	static const char *const reserved[] = {"Connection", "Content-Length", "Transfer-Encoding",
					       "Date",       "Keep-Alive",     "Upgrade"};
	size_t i;

	for (i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++)
		if (strcasecmp(name, reserved[i]) == 0)
			return true;
	return false;
}

int weir_response_header(weir_response *response, const char *name, const char *value)
{
	struct weir__arena *arena = &response->request->arena;
	const char *name_copy, *value_copy;

	if (!name || !value || !weir__is_token(name) || !weir__is_field_value(value) ||
	    is_reserved(name))
		return -EINVAL;
	if (response->request->stream_begun)
		return -EALREADY;
	name_copy = weir__arena_copy(arena, name, strlen(name));
	value_copy = weir__arena_copy(arena, value, strlen(value));
	if (!name_copy || !value_copy)
		return -ENOMEM;
	return weir__response_add(response, name_copy, value_copy);
}

int weir_response_body_static(weir_response *response, const void *data, size_t size)
{
	if (weir__response_has_begun(response))
		return -EALREADY;
	weir__response_body_drop(response);
	response->data = data;
	response->size = size;
	return 0;
}

int weir_response_body_take(weir_response *response, void *data, size_t size,
			    void (*release)(void *data))
{
	int error = weir_response_body_static(response, data, size);

	if (error)
		release(data);
	else
		response->release = release;
	return error;
}

int weir_response_body(weir_response *response, const void *data, size_t size)
{
	char *copy;

	if (weir__response_has_begun(response))
		return -EALREADY;
	if (size <= ARENA_BODY) {
		copy = weir__arena_copy(&response->request->arena, data, size);
		return copy ? weir_response_body_static(response, copy, size) : -ENOMEM;
	}
	copy = malloc(size);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, data, size);
	return weir_response_body_take(response, copy, size, free);
}

int weir_response_printf(weir_response *response, const char *format, ...)
{
	struct weir__text text = WEIR__TEXT_EMPTY;
	va_list arguments;
	char *data;
	size_t size;
	int error;

	if (weir__response_has_begun(response))
		return -EALREADY;
	va_start(arguments, format);
	weir__text_vprintf(&text, format, arguments);
	va_end(arguments);
	error = weir__text_take(&text, &data, &size);
	if (error)
		return error;
	error = weir_response_body_take(response, data, size, free);
	if (!error && !weir__response_field(response, "Content-Type"))
		error = weir__response_add(response, "Content-Type", "text/plain; charset=utf-8");
	return error;
}

int weir_response_error(weir_response *response, int status, const char *text)
{
	int error = weir_response_status(response, status);

	return error ? error : weir_response_printf(response, "%d %s\n", status, text);
}

int weir_response_stream(weir_response *response, int64_t length)
{
	weir_request *request = response->request;
	int error;

	if (weir__response_has_begun(response))
		return -EALREADY;
	if (request->route->options.run == WEIR_RUN_INLINE)
		return -ENOTSUP; /* the acceptor would wait for itself */
	if (request->pipe && !weir__pipe_finished(request->pipe))
		return -EBUSY;
	error = weir__pipe_create(&response->pipe);
	if (error)
		return error;
	weir__response_body_drop(response);
	response->kind = WEIR__BODY_STREAM;
	response->stream_length = length < 0 ? -1 : length;
	return 0;
}

/* The first byte: from here on status and fields are fixed, and the acceptor sends. */
static int begin(weir_response *response)
{
	weir_request *request = response->request;
	int error;

	if (request->stream_begun)
		return 0;
	error = weir__reply_make(response);
	if (error)
		return error;
	request->stream_begun = true;
	weir__acceptor_report(request, WEIR__REPORT_BEGIN);
	return 0;
}

static void wake_for_data(void *request)
{
	weir__acceptor_report(request, WEIR__REPORT_DATA);
}

static int write_all(weir_response *response, const void *data, size_t size)
{
	weir_request *request = response->request;
	int error = weir_token_check_at(&request->token, "weir_response_write()");

	if (!error)
		error = begin(response);
	if (!error && !request->head) /* to HEAD nobody takes it */
		error = weir__pipe_write(response->pipe, data, size, &request->token, wake_for_data,
					 request);
	return error;
}

int weir_response_write(weir_response *response, const void *data, size_t size)
{
	int error;

	if (!is_stream(response))
		return -EINVAL;
	if (response->stream_length >= 0 &&
	    size > (uint64_t)response->stream_length - response->written)
		return -EMSGSIZE;
	error = write_all(response, data, size);
	if (!error)
		response->written += size;
	else if (!response->write_error)
		response->write_error = error;
	return error;
}

int weir_response_flush(weir_response *response)
{
	int error;

	if (!is_stream(response))
		return -EINVAL;
	error = begin(response);
	return error || response->request->head
		       ? error
		       : weir__pipe_flush(response->pipe, &response->request->token);
}

bool weir__response_said_all(const weir_response *response)
{
	const weir_request *request = response->request;

	return request->stream_begun &&
	       (request->head || (response->stream_length >= 0 &&
				  response->written == (uint64_t)response->stream_length));
}
