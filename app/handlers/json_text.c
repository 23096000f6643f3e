/* json_text.c: see json_text.h; RFC 8259, 7. */
#include "json_text.h"
#include "utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROOM_FIRST ((size_t)512)

static bool reserve(struct json_text *text, size_t size)
{
	if (text->failed)
		return false;
	size_t needed, room = text->room != 0 ? text->room : ROOM_FIRST;
	if (__builtin_add_overflow(text->size, size, &needed))
		goto fail;
	while (room < needed) {
		if (__builtin_mul_overflow(room, (size_t)2, &room))
			goto fail;
	}
	if (room == text->room)
		return true;
	char *data = realloc(text->data, room);
	if (data == NULL)
		goto fail;
	text->data = data;
	text->room = room;
	return true;

fail:
	text->failed = true;
	return false;
}

void json_text_raw(struct json_text *text, const char *data, size_t size)
{
	if (size == 0 || !reserve(text, size))
		return;
	memcpy(text->data + text->size, data, size);
	text->size += size;
}

void json_text_print(struct json_text *text, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	int size = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	if (size < 0)
		text->failed = true;
	if (!reserve(text, (size_t)size + 1)) /* the NUL is not counted */
		return;
	va_start(arguments, format);
	(void)vsnprintf(text->data + text->size, (size_t)size + 1, format, arguments);
	va_end(arguments);
	text->size += (size_t)size;
}

static void put_escaped(struct json_text *text, unsigned char c)
{
	static const char letters[][3] = {
		['\b'] = "\\b", ['\t'] = "\\t", ['\n'] = "\\n", ['\f'] = "\\f", ['\r'] = "\\r"};
	if (c < sizeof letters / sizeof letters[0] && letters[c][0] != '\0') {
		json_text_raw(text, letters[c], 2);
	} else if (c < 0x20) {
		json_text_print(text, "\\u%04x", (unsigned)c);
	} else {
		const char escape[2] = {'\\', (char)c};
		json_text_raw(text, escape, sizeof escape);
	}
}

/* How many bytes from here on can stand as they are. */
static size_t plain(const char *data, size_t size)
{
	size_t length = 0;
	while (length < size) {
		unsigned char c = (unsigned char)data[length];
		if (c < 0x20 || c == '"' || c == '\\' || c >= 0x80)
			break;
		length++;
	}
	return length;
}

/* The length of the UTF-8 sequence that begins here, or 0. */
static size_t sequence(const char *data, size_t size)
{
	for (size_t length = 2; length <= 4 && length <= size; length++) {
		if (utf8_valid(data, length))
			return length;
	}
	return 0;
}

void json_text_string(struct json_text *text, const char *data, size_t size)
{
	json_text_raw(text, "\"", 1);
	for (size_t at = 0; at < size;) {
		size_t length = plain(data + at, size - at);
		if (length == 0 && (unsigned char)data[at] >= 0x80) {
			length = sequence(data + at, size - at);
			if (length == 0) {
				json_text_raw(text, "\xef\xbf\xbd", 3);
				at++;
				continue;
			}
		}
		if (length == 0)
			put_escaped(text, (unsigned char)data[at++]);
		json_text_raw(text, data + at, length);
		at += length;
	}
	json_text_raw(text, "\"", 1);
}

void json_text_free(struct json_text *text)
{
	free(text->data);
	*text = (struct json_text){0};
}
