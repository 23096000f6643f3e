/* room.c: see room.h. The numbers are those of libmicrohttpd 0.9.75. */
#include "http/room.h"

#include <string.h>

#include "http/acceptor.h"
#include "http/request.h"

/* Status line, Date, Connection, Content-Length or Transfer-Encoding, the first chunk's frame. */
#define STANDARD_FIELDS ((size_t)384)
/* It keeps this much free while it reads, ... */
#define KEPT_FREE ((size_t)7168)
/* ... and takes this much at most beyond the end of a header that had filled its buffer. */
#define READ_AHEAD ((size_t)1024)

static size_t count(const char *text, char c)
{
	size_t n = 0;

	for (; (text = strchr(text, c)); text++)
		n++;
	return n;
}

size_t weir__room_of_cookies(const char *value)
{
	return strlen(value) + 1 + (count(value, ';') + 1) * WEIR__ROOM_OF_FIELD;
}

size_t weir__room_of_query(const char *target)
{
	const char *query = strchr(target, '?');

	return query ? (count(query, '&') + 1) * WEIR__ROOM_OF_FIELD : 0;
}

static size_t needed_for(const weir_response *response)
{
	const struct weir__response_field *field;
	size_t size = STANDARD_FIELDS;

	if (response->request->hsts)
		size += sizeof("Strict-Transport-Security") + strlen(response->request->hsts) + 4;
	for (field = response->fields; field; field = field->next)
		size += strlen(field->name) + strlen(field->value) + 4;
	return size;
}

enum weir__room weir__room_for_answer(const weir_request *request)
{
	size_t memory = request->acceptor->options.connection_memory;
	size_t needed = needed_for(&request->response) + request->header_extra;
	size_t buffer = memory > 2 * KEPT_FREE ? memory - KEPT_FREE : memory / 2;

	if (needed + request->header_size > memory)
		return WEIR__ROOM_NONE;
	if (buffer < request->header_size + READ_AHEAD)
		buffer = request->header_size + READ_AHEAD;
	return needed + buffer > memory ? WEIR__ROOM_LIKELY : WEIR__ROOM_SURE;
}
