/* text_stream.h: a stream into memory that says when there was none.
 *
 * open_memstream(3) of glibc (2.36, and others) does not: a write that finds no memory is lost,
 * with what comes after it kept, and neither ferror() nor fclose() tells.
 */
#ifndef WEIR_APP_TEXT_STREAM_H
#define WEIR_APP_TEXT_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct text_stream {
	FILE *stream; /**< to write to; errors stay in it, and need not be looked at */

	char *data;
	size_t size, room;
	bool failed;
};

/** Returns 0 or -ENOMEM. It must stay where it is until it is closed. */
int text_stream_open(struct text_stream *text);

/** Ends it. Returns 0 with all that was written in *out, a string that is malloc()ed and the
 *  caller's to free, and its length in *size (NULL: not wanted); or -ENOMEM. */
int text_stream_close(struct text_stream *text, char **out, size_t *size);

/** Ends it, and throws away what was written. */
void text_stream_drop(struct text_stream *text);

#endif
