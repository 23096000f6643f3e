/* json.c: indentation, commas, escapes. */
#include "json.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>

static void fail(struct bench_json *json, int error)
{
	if (json->error == 0)
		json->error = error;
}

__attribute__((format(printf, 2, 3))) static void put(struct bench_json *json, const char *format,
						      ...)
{
	va_list list;
	int size;

	va_start(list, format);
	size = vfprintf(json->file, format, list);
	va_end(list);
	if (size < 0)
		fail(json, -EIO);
}

static void quoted(struct bench_json *json, const char *text)
{
	put(json, "\"");
	for (const char *p = text; *p; p++) {
		unsigned char c = (unsigned char)*p;

		if (c == '"' || c == '\\')
			put(json, "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			put(json, "\\u%04x", c);
		else
			put(json, "%c", c);
	}
	put(json, "\"");
}

static void new_line(struct bench_json *json)
{
	put(json, "\n%*s", (int)json->depth * 2, "");
}

/* Everything that stands before a value. */
static void begin_value(struct bench_json *json, const char *key)
{
	bool in_object = json->depth > 0 && json->closers[json->depth - 1] == '}';

	if (in_object != (key != NULL) || (json->depth == 0 && json->filled[0]))
		fail(json, -EINVAL);
	if (json->filled[json->depth])
		put(json, ",");
	json->filled[json->depth] = true;
	if (json->depth > 0)
		new_line(json);
	if (key) {
		quoted(json, key);
		put(json, ": ");
	}
}

static void open_bracket(struct bench_json *json, const char *key, char opener, char closer)
{
	if (json->depth == BENCH_JSON_DEPTH) {
		fail(json, -EOVERFLOW);
		return;
	}
	begin_value(json, key);
	put(json, "%c", opener);
	json->closers[json->depth++] = closer;
	json->filled[json->depth] = false;
}

void bench_json_begin(struct bench_json *json, FILE *file)
{
	*json = (struct bench_json){.file = file};
}

void bench_json_object(struct bench_json *json, const char *key)
{
	open_bracket(json, key, '{', '}');
}

void bench_json_array(struct bench_json *json, const char *key)
{
	open_bracket(json, key, '[', ']');
}

void bench_json_end(struct bench_json *json)
{
	bool filled;

	if (json->depth == 0) {
		fail(json, -EINVAL);
		return;
	}
	filled = json->filled[json->depth--];
	if (filled)
		new_line(json);
	put(json, "%c", json->closers[json->depth]);
}

void bench_json_string(struct bench_json *json, const char *key, const char *text)
{
	begin_value(json, key);
	if (text)
		quoted(json, text);
	else
		put(json, "null");
}

void bench_json_number(struct bench_json *json, const char *key, double value)
{
	begin_value(json, key);
	if (isfinite(value))
		put(json, "%.9g", value);
	else
		put(json, "null");
}

void bench_json_integer(struct bench_json *json, const char *key, int64_t value)
{
	begin_value(json, key);
	put(json, "%" PRId64, value);
}

void bench_json_bool(struct bench_json *json, const char *key, bool value)
{
	begin_value(json, key);
	put(json, value ? "true" : "false");
}

int bench_json_finish(struct bench_json *json)
{
	if (json->depth != 0 || !json->filled[0])
		fail(json, -EINVAL);
	put(json, "\n");
	return json->error;
}
