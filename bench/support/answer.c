/* answer.c: finds the end of the header, the status and the length. */
#include "answer.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#define BODY_MAX ((size_t)1 << 20)

static int parse_length(const char *value, const char *end, size_t *length)
{
	*length = 0;
	while (value < end && *value == ' ')
		value++;
	if (value == end || !isdigit((unsigned char)*value))
		return -EBADMSG;
	for (; value < end && isdigit((unsigned char)*value); value++) {
		*length = *length * 10 + (size_t)(*value - '0');
		if (*length > BODY_MAX)
			return -EBADMSG;
	}
	return 0;
}

int bench_answer_parse(const char *text, size_t size, struct bench_answer *out)
{
	static const char start[] = "HTTP/1.1 ", name[] = "content-length:";
	const size_t prefix = sizeof(start) - 1, name_size = sizeof(name) - 1;
	const char *end = memmem(text, size, "\r\n\r\n", 4), *line;
	int result = -EBADMSG;

	if (memcmp(text, start, size < prefix ? size : prefix) != 0)
		return -EBADMSG;
	if (!end)
		return 0;
	out->status = 0;
	for (size_t i = prefix; i < prefix + 3; i++) {
		if (!isdigit((unsigned char)text[i]))
			return -EBADMSG;
		out->status = out->status * 10 + (text[i] - '0');
	}
	for (line = memchr(text, '\n', size); line && line < end;
	     line = memchr(line, '\n', size - (size_t)(line - text))) {
		line++;
		if ((size_t)(end - line) > name_size && strncasecmp(line, name, name_size) == 0)
			result = parse_length(line + name_size, end, &out->body_size);
	}
	if (result != 0)
		return result;
	out->body = end + 4;
	out->size = (size_t)(out->body - text) + out->body_size;
	return size >= out->size;
}
