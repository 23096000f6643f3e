/* header.c: see header.h. */
#include "http/header.h"

#include <microhttpd.h>
#include <string.h>
#include <strings.h>

#include "http/conn.h"
#include "http/raw_header.h"
#include "http/room.h"

struct collector {
	weir_request *request;
	struct weir__field *fields;
	size_t count, capacity;
	size_t cookies; /* memory for them */
	struct weir__raw_header raw;
	bool failed;
};

bool weir__mhd_is_old(void)
{
	return strcmp(MHD_get_version(), "1.") < 0;
}

static enum MHD_Result count_field(void *cls, enum MHD_ValueKind kind, const char *name,
				   const char *value)
{
	struct collector *collector = cls;

	(void)kind;
	(void)name;
	(void)value;
	collector->capacity++;
	return MHD_YES;
}

static enum MHD_Result copy_field(void *cls, enum MHD_ValueKind kind, const char *name,
				  const char *value)
{
	struct collector *collector = cls;
	struct weir__arena *arena = &collector->request->arena;
	struct weir__field *field = &collector->fields[collector->count];
	size_t size;

	(void)kind;
	if (!value)
		value = "";
	size = strlen(value);
	/* A folded line (RFC 9112, 5.2) is seen here, too: 0.9.75 joins it to the field's name,
	 * in another place. */
	weir__raw_header_field(&collector->raw, name, value + size);
	/* White space at the end is not part of a value (RFC 9110, 5.5). Transfer-Encoding keeps
	 * it, because libmicrohttpd compares it as it is: "chunked " is not chunked there. */
	while (size > 0 && (value[size - 1] == ' ' || value[size - 1] == '\t') &&
	       strcasecmp(name, MHD_HTTP_HEADER_TRANSFER_ENCODING) != 0)
		size--;
	if (strcasecmp(name, MHD_HTTP_HEADER_COOKIE) == 0)
		collector->cookies += weir__room_of_cookies(value);
	field->name = weir__arena_copy(arena, name, strlen(name));
	field->value = weir__arena_copy(arena, value, size);
	collector->failed = !field->name || !field->value;
	collector->count++;
	return collector->failed ? MHD_NO : MHD_YES;
}

int weir__header_collect(weir_request *request, const char *method, const char *version,
			 const char **reason)
{
	struct collector collector = {.request = request};
	struct MHD_Connection *mhd = request->conn->mhd;
	const union MHD_ConnectionInfo *info;

	(void)MHD_get_connection_values(mhd, MHD_HEADER_KIND, count_field, &collector);
	collector.fields = weir__arena_alloc(&request->arena,
					     (collector.capacity + 1) * sizeof(*collector.fields));
	request->method = weir__arena_copy(&request->arena, method, strlen(method));
	*reason = "out of memory";
	if (!collector.fields || !request->method || !request->target)
		return 503;
	info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
	request->header_size = info ? info->header_size : 0;
	weir__raw_header_begin(&collector.raw, version + strlen(version),
			       method + request->header_size);
	(void)MHD_get_connection_values(mhd, MHD_HEADER_KIND, copy_field, &collector);
	request->header_extra = collector.count * WEIR__ROOM_OF_FIELD + collector.cookies +
				weir__room_of_query(request->target);
	if (collector.failed)
		return 503;
	request->fields = collector.fields;
	request->field_count = collector.count;
	request->http_1_0 = strcmp(version, MHD_HTTP_VERSION_1_0) == 0;
	request->head = strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;
	*reason = "the request line is malformed";
	if (weir__mhd_is_old() && !weir__raw_line_good(method, request->target, version))
		return 400;
	*reason = "the header is malformed";
	if (weir__mhd_is_old() && !weir__raw_header_good(&collector.raw))
		return 400;
	return weir__check_header(method, request->http_1_0, request->fields, request->field_count,
				  &request->framing, reason);
}
