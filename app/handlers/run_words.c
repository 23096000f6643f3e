/* run_words.c: see run_words.h. */
#include "run_words.h"
#include "route_pattern.h"
#include "text_stream.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Reads the place that begins at `*word`, which is moved behind it. */
static int read_place(const char **word, bool *query, char name[RUN_NAME_SIZE])
{
	const char *start = *word + 1;
	*query = *start == '?';
	start += *query;
	size_t length = strcspn(start, "{}");
	if (start[length] != '}' || length == 0 || length >= RUN_NAME_SIZE)
		return -EINVAL;
	memcpy(name, start, length);
	name[length] = '\0';
	*word = start + length + 1;
	return 0;
}

int run_word_check(const char *word, const char *path, char name[RUN_NAME_SIZE])
{
	name[0] = '\0';
	while ((word = strchr(word, '{')) != NULL) {
		bool query;
		if (word[1] == '{') {
			word += 2;
			continue;
		}
		int error = read_place(&word, &query, name);
		if (error != 0)
			return error;
		if (!query && !route_pattern_has(path, name, strlen(name)))
			return -ENOENT;
	}
	return 0;
}

/* Puts one value in. */
static int fill_place(FILE *stream, const char **word, bool first, const weir_request *request,
		      char name[RUN_NAME_SIZE])
{
	bool query;
	int error = read_place(word, &query, name);
	if (error != 0)
		return error;
	const char *value =
		query ? weir_request_query(request, name) : weir_request_param(request, name);
	if (value == NULL)
		return -ENOENT;
	if (first && *value == '-')
		return -EINVAL;
	(void)fputs(value, stream); /* the end tells */
	return 0;
}

int run_word_fill(const char *word, const weir_request *request, char **out,
		  char name[RUN_NAME_SIZE])
{
	struct text_stream text;
	const char *start = word;
	int error = text_stream_open(&text);
	if (error != 0)
		return error;
	name[0] = '\0';
	while (*word != '\0' && error == 0) {
		if (word[0] == '{' && word[1] != '{') {
			error = fill_place(text.stream, &word, word == start, request, name);
			continue;
		}
		(void)fputc(*word, text.stream);
		word += word[0] == '{' ? 2 : 1;
	}
	if (error == 0)
		return text_stream_close(&text, out, NULL);
	text_stream_drop(&text);
	return error;
}
