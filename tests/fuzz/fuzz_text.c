/* fuzz_text.c: text of others within text of ours: JSON, log lines, HTML, URLs, events, numbers
 * (lib/src/base/text.h; app/handlers/json_text.h, escape.h, events_private.h, query_rows.h).
 *
 * Input: the text; its first eight bytes are also a number. Held against: what is written is
 * read back, by jansson or by a reader of this file, as the same text, with each byte that is no
 * UTF-8 replaced by U+FFFD; and no byte of it means anything to the reader but text.
 */
#include "fuzz/fuzz.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "handlers/escape.h"
#include "handlers/events_private.h"
#include "handlers/json_text.h"
#include "handlers/query_rows.h"
#include "handlers/utf8.h"

#define REPLACEMENT "\xef\xbf\xbd"

/* ---- the model of UTF-8 (RFC 3629, 4) ---- */

static bool between(int c, int low, int high)
{
	return c >= low && c <= high;
}

static size_t sequence(const unsigned char *s, size_t left)
{
	int b0 = s[0], b1 = left > 1 ? s[1] : 0, b2 = left > 2 ? s[2] : 0, b3 = left > 3 ? s[3] : 0;

	if (b0 < 0x80)
		return 1;
	if (between(b0, 0xc2, 0xdf) && between(b1, 0x80, 0xbf))
		return 2;
	if (between(b0, 0xe0, 0xef) && between(b1, 0x80, 0xbf) && between(b2, 0x80, 0xbf) &&
	    !(b0 == 0xe0 && b1 < 0xa0) && !(b0 == 0xed && b1 > 0x9f))
		return 3;
	if (between(b0, 0xf0, 0xf4) && between(b1, 0x80, 0xbf) && between(b2, 0x80, 0xbf) &&
	    between(b3, 0x80, 0xbf) && !(b0 == 0xf0 && b1 < 0x90) && !(b0 == 0xf4 && b1 > 0x8f))
		return 4;
	return 0;
}

static char *cleaned(const void *data, size_t size, size_t *length)
{
	const unsigned char *s = data;
	char *out = malloc(3 * size + 1);
	size_t at = 0, n = 0;

	FUZZ_CHECK(out);
	while (at < size) {
		size_t step = sequence(s + at, size - at);

		memcpy(out + n, step > 0 ? (const char *)s + at : REPLACEMENT, step > 0 ? step : 3);
		n += step > 0 ? step : 3;
		at += step > 0 ? step : 1;
	}
	out[n] = '\0';
	*length = n;
	FUZZ_CHECK(utf8_valid(out, n) &&
		   utf8_valid(data, size) == (n == size && !memcmp(out, data, n)));
	return out;
}

/* ---- JSON ---- */

static void is_json_of(const char *json, size_t size, const char *text, size_t length)
{
	json_error_t problem;
	json_t *value = json_loadb(json, size, JSON_DECODE_ANY | JSON_ALLOW_NUL, &problem);

	FUZZ_CHECK(value && json_is_string(value));
	FUZZ_CHECK(json_string_length(value) == length);
	FUZZ_CHECK(memcmp(json_string_value(value), text, length) == 0);
	json_decref(value);
}

static void check_json(const void *data, size_t size)
{
	struct json_text json = {0};
	size_t length;
	char *text = cleaned(data, size, &length);

	json_text_string(&json, data, size);
	FUZZ_CHECK(!json.failed);
	is_json_of(json.data, json.size, text, length);
	json_text_free(&json);
	free(text);
}

static bool has_control(const char *s, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++)
		if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f ||
		    ((unsigned char)s[i] == 0xc2 && i + 1 < size && (unsigned char)s[i + 1] < 0xa0))
			return true;
	return memmem(s, size, "\xe2\x80\xa8", 3) || memmem(s, size, "\xe2\x80\xa9", 3);
}

/* A log line is one line, and a value in it one value. */
static void check_log(const char *value)
{
	struct weir__text json = WEIR__TEXT_EMPTY, log = WEIR__TEXT_EMPTY;
	size_t length;
	char *text = cleaned(value, strlen(value), &length);

	weir__text_json(&json, value);
	weir__text_logfmt(&log, value);
	FUZZ_CHECK(!json.error && !log.error);
	FUZZ_CHECK(!has_control(json.data, json.size) && !has_control(log.data, log.size));
	is_json_of(json.data, json.size, text, length);
	if (log.data[0] == '"')
		is_json_of(log.data, log.size, text, length);
	else
		FUZZ_CHECK(log.size > 0 && strlen(value) == log.size &&
			   memcmp(log.data, value, log.size) == 0 &&
			   strcspn(value, " =\"\\") == log.size);
	weir__text_free(&log);
	weir__text_free(&json);
	free(text);
}

/* ---- HTML and URLs ---- */

static char *written(void (*write)(FILE *stream, const char *text), const char *text)
{
	char *out = NULL;
	size_t size;
	FILE *stream = open_memstream(&out, &size);

	FUZZ_CHECK(stream);
	write(stream, text);
	FUZZ_CHECK(fclose(stream) == 0);
	return out;
}

/* The text that a browser would show. */
static char *shown(const char *html)
{
	static const struct {
		const char *entity;
		char c;
	} entities[] = {
		{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&#39;", '\''}};
	char *out = calloc(1, strlen(html) + 1);
	size_t n = 0, i;

	FUZZ_CHECK(out);
	while (*html) {
		size_t step = 1;

		out[n] = *html;
		FUZZ_CHECK(!strchr("<>\"'", *html));
		for (i = 0; *html == '&' && i < sizeof(entities) / sizeof(entities[0]); i++)
			if (strncmp(html, entities[i].entity, strlen(entities[i].entity)) == 0) {
				out[n] = entities[i].c;
				step = strlen(entities[i].entity);
			}
		FUZZ_CHECK(*html != '&' || step > 1);
		html += step;
		n++;
	}
	out[n] = '\0';
	return out;
}

static void check_html(const char *text)
{
	char *html = written(escape_html, text), *back = shown(html);
	const char *b = back;

	for (; *text; text++) {
		size_t step = 1;

		if ((unsigned char)*text < 0x20 || *text == 0x7f) {
			FUZZ_CHECK(strncmp(b, REPLACEMENT, 3) == 0);
			step = 3;
		} else {
			FUZZ_CHECK(*b == *text);
		}
		b += step;
	}
	FUZZ_CHECK(*b == '\0');
	free(back);
	free(html);
}

static void check_url(const char *text)
{
	char *url = written(escape_url, text), *copy = escape_url_copy(text);
	const char *u = url;
	unsigned value;
	char pair[3] = "";

	FUZZ_CHECK(copy && strcmp(copy, url) == 0);
	for (; *text; text++) {
		if (*u == '%') {
			memcpy(pair, u + 1, 2);
			value = (unsigned)strtoul(pair, NULL, 16);
			FUZZ_CHECK(value == (unsigned char)*text);
			u += 3;
		} else {
			FUZZ_CHECK(*u == *text && !strchr("?#&<>\"' ", *u) &&
				   (unsigned char)*u < 0x7f);
			u++;
		}
	}
	FUZZ_CHECK(*u == '\0');
	free(copy);
	free(url);
}

/* ---- events ---- */

static size_t line_end(const char *s, size_t left, size_t *skip)
{
	size_t n = 0;

	while (n < left && s[n] != '\r' && s[n] != '\n')
		n++;
	*skip = n == left ? 0 : left - n > 1 && s[n] == '\r' && s[n + 1] == '\n' ? 2 : 1;
	return n;
}

/* Reads a stream of one event as browsers do (HTML Standard, 9.2.6), against the lines of what
 * was posted. */
static void check_event(const char *data, size_t size)
{
	struct event *event = event_create(42, "name", data, size);
	static const char head[] = "id: 42\nevent: name\n";
	const char *at, *end;
	size_t skip = 1, length, here;

	FUZZ_CHECK(event && event->size > strlen(head));
	at = event->text + strlen(head);
	end = event->text + event->size;
	FUZZ_CHECK(strncmp(event->text, head, strlen(head)) == 0);
	while (skip > 0) {
		length = line_end(data, size, &skip);
		FUZZ_CHECK(end - at > 6 && strncmp(at, "data: ", 6) == 0);
		at += 6;
		here = line_end(at, (size_t)(end - at), &(size_t){0});
		FUZZ_CHECK(here == length && memcmp(at, data, length) == 0 && at[here] == '\n');
		at += here + 1;
		data += length + skip;
		size -= length + skip;
	}
	FUZZ_CHECK(end - at == 1 && *at == '\n');
	event_unref(event);
}

/* ---- numbers ---- */

static void check_real(const uint8_t *data, size_t size)
{
	struct query_rows rows = {0};
	json_error_t problem;
	json_t *value;
	double real;

	if (size < sizeof(real))
		return;
	memcpy(&real, data, sizeof(real));
	query_rows_real(&rows, real);
	value = json_loadb(rows.text.data, rows.text.size,
			   JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL, &problem);
	FUZZ_CHECK(value);
	FUZZ_CHECK(isfinite(real) ? json_real_value(value) == real : json_is_null(value));
	json_decref(value);
	query_rows_free(&rows);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_string(data, size);

	check_json(data, size);
	check_log(text);
	check_html(text);
	check_url(text);
	check_event(text, size);
	check_real(data, size);
	free(text);
	return 0;
}
