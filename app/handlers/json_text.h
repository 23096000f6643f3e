/* json_text.h: JSON, written piece by piece into memory.
 *
 * What fails for want of memory is remembered: every later call does nothing, and the one
 * look at `failed` before the text is used is enough.
 */
#ifndef WEIR_APP_JSON_TEXT_H
#define WEIR_APP_JSON_TEXT_H

#include <stdbool.h>
#include <stddef.h>

struct json_text {
	char *data; /* owned; not ended by a NUL */
	size_t size, room;
	bool failed;
};

/** Appends bytes as they are. */
void json_text_raw(struct json_text *text, const char *data, size_t size);

/** Appends what printf() would print. */
void json_text_print(struct json_text *text, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/** Appends a string with its quotes; what is not UTF-8 becomes U+FFFD, byte by byte. */
void json_text_string(struct json_text *text, const char *data, size_t size);

/** Frees the memory; `text` can be used again. */
void json_text_free(struct json_text *text);

#endif
