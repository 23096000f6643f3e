/* text.c: see text.h. */
#include "base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Makes room for `more` bytes and a NUL. */
static bool reserve(struct weir__text *text, size_t more)
{
	size_t capacity = text->capacity ? text->capacity : 256;
	char *data;

	if (text->error)
		return false;
	if (more >= SIZE_MAX / 2 - text->size) {
		text->error = -ENOMEM;
		return false;
	}
	while (capacity - text->size <= more || capacity < text->size)
		capacity *= 2;
	if (text->data && capacity == text->capacity)
		return true;
	data = realloc(text->data, capacity);
	if (!data) {
		text->error = -ENOMEM;
		return false;
	}
	text->data = data;
	text->capacity = capacity;
	return true;
}

void weir__text_append(struct weir__text *text, const char *data, size_t size)
{
	if (!reserve(text, size))
		return;
	if (size)
		memcpy(text->data + text->size, data, size);
	text->size += size;
	text->data[text->size] = '\0';
}

void weir__text_vprintf(struct weir__text *text, const char *format, va_list arguments)
{
	va_list again;
	int size;

	va_copy(again, arguments);
	size = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (size < 0) {
		text->error = -EINVAL;
		return;
	}
	if (!reserve(text, (size_t)size))
		return;
	(void)vsnprintf(text->data + text->size, (size_t)size + 1, format, arguments);
	text->size += (size_t)size;
}

void weir__text_printf(struct weir__text *text, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	weir__text_vprintf(text, format, arguments);
	va_end(arguments);
}

/* The length of the well-formed UTF-8 sequence at `s` (Unicode, table 3-7); 0 if none. */
static size_t utf8_length(const unsigned char *s)
{
	unsigned char low = 0x80, high = 0xbf;
	size_t length, i;

	if (s[0] < 0x80)
		return 1;
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	length = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	if (s[0] == 0xe0)
		low = 0xa0;
	else if (s[0] == 0xed)
		high = 0x9f;
	else if (s[0] == 0xf0)
		low = 0x90;
	else if (s[0] == 0xf4)
		high = 0x8f;
	if (s[1] < low || s[1] > high)
		return 0;
	for (i = 2; i < length; i++)
		if (s[i] < 0x80 || s[i] > 0xbf)
			return 0;
	return length;
}

/* The code point of what some reader takes for a control character or a line end although
 * it is not ASCII: U+0080 to U+009F, U+2028, U+2029. 0 for all else. */
static unsigned hidden_control(const unsigned char *s)
{
	if (s[0] == 0xc2 && s[1] < 0xa0)
		return s[1];
	if (s[0] == 0xe2 && s[1] == 0x80 && (s[2] == 0xa8 || s[2] == 0xa9))
		return 0x2000u + s[2] - 0x80;
	return 0;
}

/* Escapes for both forms: backslash, quote and control characters. */
static void append_quoted(struct weir__text *text, const char *value)
{
	const unsigned char *s = (const unsigned char *)value;

	weir__text_append(text, "\"", 1);
	while (*s) {
		size_t length = utf8_length(s);

		if (length == 0)
			weir__text_append(text, "\xef\xbf\xbd", 3);
		else if (*s == '"' || *s == '\\')
			weir__text_printf(text, "\\%c", *s);
		else if (*s == '\n')
			weir__text_append(text, "\\n", 2);
		else if (*s < 0x20 || *s == 0x7f)
			weir__text_printf(text, "\\u%04x", *s);
		else if (hidden_control(s))
			weir__text_printf(text, "\\u%04x", hidden_control(s));
		else
			weir__text_append(text, (const char *)s, length);
		s += length ? length : 1;
	}
	weir__text_append(text, "\"", 1);
}

void weir__text_json(struct weir__text *text, const char *value)
{
	append_quoted(text, value);
}

void weir__text_logfmt(struct weir__text *text, const char *value)
{
	const unsigned char *s;

	for (s = (const unsigned char *)value; *s; s++)
		if (*s <= ' ' || *s >= 0x7f || *s == '"' || *s == '\\' || *s == '=')
			break;
	/* '=' is what keeps a value from being read as another field; URLs have it often
	 * enough and are quoted for it. */
	if (*s || s == (const unsigned char *)value)
		append_quoted(text, value);
	else
		weir__text_append(text, value, strlen(value));
}

void weir__text_seconds(struct weir__text *text, weir_time duration)
{
	weir__text_printf(text, "%" PRId64 ".%06" PRId64, duration / WEIR_SECOND,
			  duration % WEIR_SECOND / WEIR_MICROSECOND);
}

/* Without %f, whose decimal point depends on the program's locale. */
void weir__text_duration(struct weir__text *text, weir_time duration)
{
	if (duration < WEIR_SECOND)
		weir__text_printf(text, "%" PRId64 ".%" PRId64 " ms", duration / WEIR_MILLISECOND,
				  duration % WEIR_MILLISECOND / (WEIR_MILLISECOND / 10));
	else
		weir__text_printf(text, "%" PRId64 ".%02" PRId64 " s", duration / WEIR_SECOND,
				  duration % WEIR_SECOND / (WEIR_SECOND / 100));
}

/* The length of the first line. */
static size_t line_length(const char *lines)
{
	return (size_t)(strchrnul(lines, '\n') - lines);
}

static const char *next_line(const char *lines)
{
	lines += line_length(lines);
	return *lines ? lines + 1 : lines;
}

void weir__text_lines(struct weir__text *text, const char *indent, const char *lines)
{
	for (lines = lines ? lines : ""; *lines; lines = next_line(lines)) {
		weir__text_append(text, indent, strlen(indent));
		weir__text_append(text, lines, line_length(lines));
		weir__text_append(text, "\n", 1);
	}
}

void weir__text_stack(struct weir__text *text, const char *lines)
{
	char line[256];
	const char *comma = "";

	weir__text_append(text, ",\"stack\":[", 10);
	for (lines = lines ? lines : ""; *lines; lines = next_line(lines)) {
		(void)snprintf(line, sizeof(line), "%.*s", (int)line_length(lines), lines);
		weir__text_append(text, comma, strlen(comma));
		weir__text_json(text, line);
		comma = ",";
	}
	weir__text_append(text, "]", 1);
}

void weir__text_look(struct weir__text *text, const char *at, weir_time ago, int waiting)
{
	weir__text_append(text, ",\"looked_at\":", 13);
	if (at[0])
		weir__text_json(text, at);
	else
		weir__text_append(text, "null", 4);
	weir__text_append(text, ",\"looked_seconds_ago\":", 22);
	if (at[0])
		weir__text_seconds(text, ago);
	else
		weir__text_append(text, "null", 4);
	weir__text_printf(text, ",\"waiting\":%s", waiting ? "true" : "false");
}

void weir__text_free(struct weir__text *text)
{
	free(text->data);
	*text = (struct weir__text)WEIR__TEXT_EMPTY;
}

int weir__text_take(struct weir__text *text, char **data, size_t *size)
{
	if (!text->data)
		weir__text_append(text, "", 0);
	if (text->error) {
		weir__text_free(text);
		return -ENOMEM;
	}
	*data = text->data;
	if (size)
		*size = text->size;
	*text = (struct weir__text)WEIR__TEXT_EMPTY;
	return 0;
}
