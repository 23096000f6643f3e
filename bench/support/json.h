/* json.h: a JSON writer to a stdio file.
 *
 * Calls nest: object or array, members, end. A member of an object has a key; an element
 * of an array has NULL. A failed write or wrong nesting is remembered and reported by
 * bench_json_finish(), so that the calls between need no checks.
 */
#ifndef BENCH_JSON_H
#define BENCH_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define BENCH_JSON_DEPTH 16

struct bench_json {
	FILE *file; /* borrowed */
	int error;
	unsigned depth;
	char closers[BENCH_JSON_DEPTH];
	bool filled[BENCH_JSON_DEPTH + 1];
};

void bench_json_begin(struct bench_json *json, FILE *file);
void bench_json_object(struct bench_json *json, const char *key);
void bench_json_array(struct bench_json *json, const char *key);
void bench_json_end(struct bench_json *json);
/* NULL becomes null. The text must be UTF-8; control characters are escaped. */
void bench_json_string(struct bench_json *json, const char *key, const char *text);
/* NaN and infinities, which JSON lacks, become null. */
void bench_json_number(struct bench_json *json, const char *key, double value);
void bench_json_integer(struct bench_json *json, const char *key, int64_t value);
void bench_json_bool(struct bench_json *json, const char *key, bool value);

/* 0, or the first error: a negative errno; -EINVAL if something was left open. */
int bench_json_finish(struct bench_json *json);

#endif
