/* head.c: collects the header of an answer, within limits.
 *
 * libcurl gives it line by line: a status line, fields, an empty line. The header of an
 * interim answer (1xx) is dropped when its end has come; fields that come after the body
 * (trailers) are ignored.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "client.h"

enum { DEFAULT_LIMIT = 64 * 1024, DEFAULT_FIELDS = 128 };

void weir__curl_clear_head(struct weir__curl_head *head)
{
	head->status = 0;
	head->whole = false;
	head->size = 0;
	head->fields = 0;
}

static int reserve(struct weir__curl_head *head, size_t more, size_t limit)
{
	size_t room = head->room ? head->room : 1024;
	char *bytes;

	if (more > limit - head->size)
		return -EMSGSIZE;
	while (room < head->size + more)
		room *= 2;
	if (room == head->room)
		return 0;
	bytes = realloc(head->bytes, room);
	if (!bytes)
		return -ENOMEM;
	head->bytes = bytes;
	head->room = room;
	return 0;
}

static void add_text(struct weir__curl_head *head, const char *text, size_t size)
{
	memcpy(head->bytes + head->size, text, size);
	head->bytes[head->size + size] = '\0';
	head->size += size + 1;
}

static const char *skip_blanks(const char *text, const char *end)
{
	while (text < end && (*text == ' ' || *text == '\t'))
		text++;
	return text;
}

static const char *trim(const char *text, const char *end)
{
	while (end > text && strchr(" \t\r\n", end[-1]))
		end--;
	return end;
}

/* A line that begins with a blank goes on with the value before it (RFC 9112, 5.2). */
static int add_folded(struct weir__curl_head *head, const char *line, const char *end)
{
	if (head->fields == 0)
		return -EPROTO;
	line = skip_blanks(line, end);
	head->bytes[head->size - 1] = ' ';
	add_text(head, line, (size_t)(end - line));
	return 0;
}

static int add_line(weir_curl_exchange *exchange, const char *line, size_t size)
{
	const struct weir_curl_request *request = exchange->request;
	struct weir__curl_head *head = &exchange->head;
	const unsigned most = request->header_fields ? request->header_fields : DEFAULT_FIELDS;
	const size_t limit = request->header_limit ? request->header_limit : DEFAULT_LIMIT;
	const char *end = trim(line, line + size);
	const char *colon = memchr(line, ':', (size_t)(end - line));
	const char *value;
	/* Two NULs take the place of the colon and the line's end. */
	int error = reserve(head, size + 2, limit);

	if (error)
		return error;
	if (line[0] == ' ' || line[0] == '\t')
		return add_folded(head, line, end);
	if (!colon || colon == line)
		return -EPROTO;
	if (head->fields == most)
		return -EMSGSIZE;
	head->fields++;
	value = skip_blanks(colon + 1, end);
	add_text(head, line, (size_t)(trim(line, colon) - line));
	add_text(head, value, (size_t)(end - value));
	return 0;
}

/* "HTTP/1.1 200 OK"; libcurl has seen to its form. */
static void begin(struct weir__curl_head *head, const char *line, size_t size)
{
	const char *space = memchr(line, ' ', size);

	weir__curl_clear_head(head);
	for (; space && ++space < line + size && *space >= '0' && *space <= '9';)
		head->status = head->status * 10 + (*space - '0');
}

static int end_head(weir_curl_exchange *exchange)
{
	const struct weir_curl_request *request = exchange->request;
	int64_t length;

	if (exchange->head.status < 200) {
		weir__curl_clear_head(&exchange->head);
		return 0;
	}
	exchange->head.whole = true;
	exchange->following = weir__curl_is_to_follow(exchange);
	if (exchange->following)
		return 0;
	length = weir_curl_length(exchange);
	if (request->body_limit && length > 0 && (uint64_t)length > request->body_limit &&
	    strcmp(exchange->target.method, "HEAD") != 0)
		return -EFBIG;
	return request->head ? request->head(request->arg, exchange) : 0;
}

static int take_line(weir_curl_exchange *exchange, const char *line, size_t size)
{
	if (exchange->head.whole)
		return 0;
	if (memchr(line, '\0', size))
		return -EPROTO;
	if (size >= 5 && memcmp(line, "HTTP/", 5) == 0) {
		begin(&exchange->head, line, size);
		return 0;
	}
	if (trim(line, line + size) == line)
		return end_head(exchange);
	return add_line(exchange, line, size);
}

size_t weir__curl_on_header(char *line, size_t one, size_t size, void *arg)
{
	weir_curl_exchange *exchange = arg;

	(void)one; /* is 1 */
	exchange->error = take_line(exchange, line, size);
	return exchange->error ? 0 : size;
}

int weir_curl_each_header(const weir_curl_exchange *exchange,
			  int (*fn)(void *arg, const char *name, const char *value), void *arg)
{
	const struct weir__curl_head *head = &exchange->head;
	const char *name = head->bytes, *value;
	unsigned i;
	int result;

	for (i = 0; i < head->fields; i++) {
		value = name + strlen(name) + 1;
		result = fn(arg, name, value);
		if (result)
			return result;
		name = value + strlen(value) + 1;
	}
	return 0;
}

struct wanted {
	const char *name, *value;
};

static int compare(void *arg, const char *name, const char *value)
{
	struct wanted *wanted = arg;

	if (strcasecmp(name, wanted->name) != 0)
		return 0;
	wanted->value = value;
	return 1;
}

const char *weir_curl_header(const weir_curl_exchange *exchange, const char *name)
{
	struct wanted wanted = {.name = name};

	(void)weir_curl_each_header(exchange, compare, &wanted);
	return wanted.value;
}

int weir_curl_status(const weir_curl_exchange *exchange)
{
	return exchange->head.status;
}

int64_t weir_curl_length(const weir_curl_exchange *exchange)
{
	const char *text = weir_curl_header(exchange, "Content-Length");
	char *end;
	long long length;

	if (!text || !text[0] || text[strspn(text, "0123456789")])
		return -1;
	errno = 0;
	length = strtoll(text, &end, 10);
	return errno || length < 0 ? -1 : length;
}
