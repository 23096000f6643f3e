/* fuzz.c: see fuzz.h. */
#include "fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fuzz_fail(const char *file, int line, const char *function, const char *condition)
{
	(void)fprintf(stderr, "%s:%d: %s: does not hold: %s\n", file, line, function, condition);
	(void)fflush(stderr);
	abort();
}

char *fuzz_string(const void *data, size_t size)
{
	char *copy = malloc(size + 1);

	FUZZ_CHECK(copy);
	if (size > 0)
		memcpy(copy, data, size);
	copy[size] = '\0';
	return copy;
}

void fuzz_lines_split(struct fuzz_lines *lines, const void *data, size_t size)
{
	const char *at = data, *end = at + size;

	lines->count = 0;
	while (at < end && lines->count < FUZZ_LINES_MAX) {
		const char *feed = memchr(at, '\n', (size_t)(end - at));
		size_t length = (size_t)((feed ? feed : end) - at);

		lines->line[lines->count++] = fuzz_string(at, length);
		at += length + 1;
	}
}

void fuzz_lines_free(struct fuzz_lines *lines)
{
	while (lines->count > 0)
		free(lines->line[--lines->count]);
}

const char *fuzz_lines_get(const struct fuzz_lines *lines, size_t n)
{
	if (n >= lines->count || strcmp(lines->line[n], "-") == 0)
		return NULL;
	return lines->line[n];
}
