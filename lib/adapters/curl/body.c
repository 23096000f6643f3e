/* body.c: the bodies of a request and of its answer, piece by piece. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "client.h"

/* Of a redirect's body, which nobody reads. */
enum { REDIRECT_BODY_MAX = 64 * 1024 };

static int take_data(weir_curl_exchange *exchange, const char *data, size_t size)
{
	const struct weir_curl_request *request = exchange->request;

	/* From a fast callee libcurl takes many pieces before it comes back to the poll. */
	if (weir_token_check(exchange->token) != 0)
		return -ECANCELED;
	if (request->body_limit && size > request->body_limit - exchange->result.received)
		return -EFBIG;
	return request->data ? request->data(request->arg, exchange, data, size) : 0;
}

size_t weir__curl_on_data(char *data, size_t one, size_t size, void *arg)
{
	weir_curl_exchange *exchange = arg;

	(void)one;                 /* is 1 */
	if (exchange->following) { /* it has to come to its end if the connection is to be kept */
		exchange->dropped += size;
		return exchange->dropped <= REDIRECT_BODY_MAX ? size : 0;
	}
	exchange->error = take_data(exchange, data, size);
	if (exchange->error == WEIR_CURL_PAUSE) {
		exchange->error = 0;
		return CURL_WRITEFUNC_PAUSE;
	}
	if (exchange->error)
		return size ? 0 : 1; /* anything but `size` is an error */
	exchange->result.received += size;
	return size;
}

static ssize_t read_memory(weir_curl_exchange *exchange, char *buffer, size_t room)
{
	const struct weir_curl_request *request = exchange->request;
	const uint64_t at = exchange->result.sent;
	const size_t left = at < request->body_size ? request->body_size - (size_t)at : 0;
	const size_t size = left < room ? left : room;

	if (size)
		memcpy(buffer, (const char *)request->body + at, size);
	return (ssize_t)size;
}

/* A body that was said to have a length has it, neither more nor less. */
static ssize_t read_stream(weir_curl_exchange *exchange, char *buffer, size_t room)
{
	const struct weir_curl_request *request = exchange->request;
	const bool bounded = request->read_length >= 0;
	uint64_t left = 0;
	ssize_t count;

	if (bounded) {
		left = (uint64_t)request->read_length - exchange->result.sent;
		if (left == 0)
			return 0;
		if (room > left)
			room = (size_t)left;
	}
	count = request->read(request->arg, exchange, buffer, room);
	if (count > (ssize_t)room)
		return -EINVAL;
	if (count == 0 && left > 0)
		return weir__curl_say(exchange, -EINVAL, "the body is shorter than was said");
	return count;
}

size_t weir__curl_on_read(char *buffer, size_t one, size_t room, void *arg)
{
	weir_curl_exchange *exchange = arg;
	ssize_t count;

	(void)one; /* is 1 */
	if (weir_token_check(exchange->token) != 0)
		count = -ECANCELED;
	else if (exchange->request->read)
		count = read_stream(exchange, buffer, room);
	else
		count = read_memory(exchange, buffer, room);
	if (count == WEIR_CURL_PAUSE)
		return CURL_READFUNC_PAUSE;
	if (count < 0) {
		exchange->error = (int)count;
		return CURL_READFUNC_ABORT;
	}
	exchange->result.sent += (uint64_t)count;
	return (size_t)count;
}

/* libcurl wants to send the body again, from the beginning: the connection was dead. Done where
 * doing it twice is the same as doing it once (RFC 9110, 9.2.2). */
int weir__curl_on_seek(void *arg, curl_off_t offset, int origin)
{
	weir_curl_exchange *exchange = arg;
	const char *method = exchange->target.method;

	if (exchange->result.sent == 0 && offset == 0)
		return CURL_SEEKFUNC_OK;
	if (exchange->request->read || offset != 0 || origin != SEEK_SET ||
	    strcmp(method, "POST") == 0 || strcmp(method, "PATCH") == 0)
		return CURL_SEEKFUNC_FAIL;
	exchange->result.sent = 0;
	return CURL_SEEKFUNC_OK;
}
