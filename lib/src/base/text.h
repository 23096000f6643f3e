/* text.h: text that grows: reports, metrics, log lines, error bodies.
 *
 * The first allocation that fails is remembered, and later calls do nothing; the
 * caller asks once, at the end. One thread at a time.
 */
#ifndef WEIR_BASE_TEXT_H
#define WEIR_BASE_TEXT_H

#include <stdarg.h>
#include <stddef.h>

#include <weir/time.h>
#include <weir/visibility.h>

struct weir__text {
	char *data;
	size_t size, capacity;
	int error;
};

#define WEIR__TEXT_EMPTY                                                                           \
	{                                                                                          \
		NULL, 0, 0, 0                                                                      \
	}

void weir__text_append(struct weir__text *text, const char *data, size_t size);
void weir__text_vprintf(struct weir__text *text, const char *format, va_list arguments)
	WEIR_PRINTF(2, 0);
void weir__text_printf(struct weir__text *text, const char *format, ...) WEIR_PRINTF(2, 3);

/* `value` as a JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD. */
void weir__text_json(struct weir__text *text, const char *value);

/* `value` for a key=value log line: bare if it is plain, else quoted and escaped. */
void weir__text_logfmt(struct weir__text *text, const char *value);

/* A duration in seconds with six decimals, and a point whatever the locale. */
void weir__text_seconds(struct weir__text *text, weir_time duration);

/* A duration for people: "4.2 ms", "12.07 s"; likewise. */
void weir__text_duration(struct weir__text *text, weir_time duration);

/* Each line of `lines`, between which there are line feeds, behind `indent` and with a line feed at
 * its end. NULL is as "": none. */
void weir__text_lines(struct weir__text *text, const char *indent, const char *lines);

/* The member "stack" of a JSON object, with a comma before it: the same as an array of strings. */
void weir__text_stack(struct weir__text *text, const char *lines);

/* The members of a JSON object, each with a comma before it, for the last look at a token:
 * "looked_at", "looked_seconds_ago", both null if `at` is "", and "waiting". */
void weir__text_look(struct weir__text *text, const char *at, weir_time ago, int waiting);

void weir__text_free(struct weir__text *text);

/* Hands the text over as a malloc()ed string, NUL behind it. 0 or -ENOMEM; `text` is
 * empty afterwards either way. */
int weir__text_take(struct weir__text *text, char **data, size_t *size);

#endif
