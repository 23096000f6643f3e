/* event.c: one event in the format of the HTML Standard, 9.2.5. */
#include "events_private.h"
#include "text_stream.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The length of the line that begins here; *skip is that of its end: CRLF, CR, LF or none. */
static size_t line_length(const char *data, size_t size, size_t *skip)
{
	size_t length = 0;
	while (length < size && data[length] != '\r' && data[length] != '\n')
		length++;
	*skip = length < size;
	if (*skip == 1 && data[length] == '\r' && length + 1 < size && data[length + 1] == '\n')
		*skip = 2;
	return length;
}

/* Errors stay in the stream. */
static void write_event(FILE *stream, uint64_t id, const char *name, const char *data, size_t size)
{
	(void)fprintf(stream, "id: %" PRIu64 "\n", id);
	if (name != NULL)
		(void)fprintf(stream, "event: %s\n", name);
	for (bool more = true; more;) {
		size_t skip, length = line_length(data, size, &skip);
		(void)fputs("data: ", stream);
		(void)fwrite(data, 1, length, stream);
		(void)fputc('\n', stream);
		data += length + skip;
		size -= length + skip;
		more = skip > 0;
	}
	(void)fputc('\n', stream);
}

struct event *event_create(uint64_t id, const char *name, const char *data, size_t size)
{
	struct text_stream stream;
	char *text;
	size_t length;
	if (text_stream_open(&stream) != 0)
		return NULL;
	write_event(stream.stream, id, name, data, size);
	if (text_stream_close(&stream, &text, &length) != 0)
		return NULL;
	struct event *event = malloc(sizeof *event + length);
	if (event != NULL) {
		atomic_init(&event->references, 1);
		event->size = length;
		memcpy(event->text, text, length);
	}
	free(text);
	return event;
}

void event_unref(struct event *event)
{
	if (event != NULL &&
	    atomic_fetch_sub_explicit(&event->references, 1, memory_order_acq_rel) == 1)
		free(event);
}
