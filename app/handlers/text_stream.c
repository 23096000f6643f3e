/* text_stream.c: see text_stream.h. */
#include "text_stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#define ROOM_FIRST ((size_t)256)

/* Makes room for `size` bytes and a NUL. */
static bool reserve(struct text_stream *text, size_t size)
{
	size_t needed, room = text->room != 0 ? text->room : ROOM_FIRST;
	if (__builtin_add_overflow(text->size + 1, size, &needed))
		return false;
	while (room < needed) {
		if (__builtin_mul_overflow(room, (size_t)2, &room))
			return false;
	}
	if (room == text->room)
		return true;
	char *data = realloc(text->data, room);
	if (data == NULL)
		return false;
	text->data = data;
	text->room = room;
	return true;
}

/* After a piece that was lost none is taken: 0 is an error (fopencookie(3)). */
static ssize_t put(void *cookie, const char *data, size_t size)
{
	struct text_stream *text = cookie;
	text->failed = text->failed || !reserve(text, size);
	if (text->failed)
		return 0;
	memcpy(text->data + text->size, data, size);
	text->size += size;
	return (ssize_t)size;
}

int text_stream_open(struct text_stream *text)
{
	static const cookie_io_functions_t functions = {.write = put};
	*text = (struct text_stream){0};
	text->stream = fopencookie(text, "w", functions);
	return text->stream != NULL ? 0 : -ENOMEM;
}

int text_stream_close(struct text_stream *text, char **out, size_t *size)
{
	bool failed = fclose(text->stream) != 0 || text->failed || !reserve(text, 0);
	if (failed) {
		free(text->data);
		return -ENOMEM;
	}
	text->data[text->size] = '\0';
	*out = text->data;
	if (size != NULL)
		*size = text->size;
	return 0;
}

void text_stream_drop(struct text_stream *text)
{
	(void)fclose(text->stream);
	free(text->data);
}
