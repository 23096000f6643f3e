/* fuzz_target.c: the request target, its escapes and its query (lib/src/http/target.c, query.c).
 *
 * Input: a target. Held against: a decoder of this file's own; that whoever splits a target by
 * its first '?' finds the same path; that encoding what was decoded gives back an equal path;
 * that the pieces of the query, put together, are the query; and that what is kept of them decoded
 * is what they say.
 */
#include "fuzz/fuzz.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http/query.h"
#include "http/room.h"
#include "http/target.h"

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool is_control(int c)
{
	return c < 32 || c == 127;
}

static bool is_plain(const char *s)
{
	for (; *s; s++)
		if (is_control((unsigned char)*s))
			return false;
	return true;
}

/* A model of decoding: the length, or -1. */
static long decode(char *out, const char *in, size_t size, bool in_query)
{
	long n = 0;

	while (size > 0) {
		int c = (unsigned char)*in;
		size_t step = 1;

		if (c == '%') {
			if (size < 3 || digit(in[1]) < 0 || digit(in[2]) < 0)
				return -1;
			c = digit(in[1]) << 4 | digit(in[2]);
			step = 3;
			if (c == 0 || (is_control(c) && !in_query))
				return -1;
		} else if (c == '+' && in_query) {
			c = ' ';
		}
		out[n++] = (char)c;
		in += step;
		size -= step;
	}
	return n;
}

static void check_decode(const char *raw, size_t size, bool in_query)
{
	char *in = fuzz_string(raw, size);
	char *out = malloc(size + 1), *model = malloc(size + 1), *again, *escaped;
	ssize_t length = weir__percent_decode(out, in, size, in_query);
	long expected;
	size_t i;

	FUZZ_CHECK(model && out);
	expected = decode(model, in, size, in_query);
	FUZZ_CHECK(expected < 0 ? length == -EINVAL : length == expected);
	if (length >= 0) {
		FUZZ_CHECK(memcmp(out, model, (size_t)length) == 0 && out[length] == '\0');
		FUZZ_CHECK(strlen(out) == (size_t)length);
		/* Every byte escaped means the same. */
		escaped = malloc((size_t)length * 3 + 1);
		again = malloc((size_t)length * 3 + 1);
		FUZZ_CHECK(escaped && again);
		for (i = 0; i < (size_t)length; i++)
			(void)sprintf(escaped + 3 * i, "%%%02x", (unsigned char)out[i]);
		/* Control characters that are not escaped are another check's matter. */
		if (in_query || is_plain(out)) {
			ssize_t back =
				weir__percent_decode(again, escaped, (size_t)length * 3, in_query);

			FUZZ_CHECK(back == length && memcmp(again, out, (size_t)length) == 0);
		}
		free(again);
		free(escaped);
	}
	free(model);
	free(out);
	free(in);
}

static void check_query(const char *query)
{
	const char *name, *value, *next = query, *at = query;
	size_t name_size, value_size, pairs = 0;

	while ((next = weir__query_next(next, &name, &name_size, &value, &value_size))) {
		FUZZ_CHECK(name == at && !memchr(name, '&', name_size) &&
			   !memchr(name, '=', name_size));
		FUZZ_CHECK(!memchr(value, '&', value_size));
		/* "name" or "name=value", then '&' or the end. */
		at += name_size;
		if (*at == '=') {
			FUZZ_CHECK(value == at + 1);
			at = value + value_size;
		} else {
			FUZZ_CHECK(value_size == 0);
		}
		FUZZ_CHECK(*at == '&' || *at == '\0');
		at += *at == '&';
		FUZZ_CHECK(next == at);
		check_decode(name, name_size, true);
		check_decode(value, value_size, true);
		pairs++;
	}
	FUZZ_CHECK(*at == '\0');
	FUZZ_CHECK(pairs <= weir__room_of_query(query - 1) / WEIR__ROOM_OF_FIELD);
}

/* What is at *at is `raw`, decoded; moves *at behind its NUL. */
static void check_piece(const char **at, const char *raw, size_t size)
{
	char *model = malloc(size + 1);
	long length;

	FUZZ_CHECK(model);
	length = decode(model, raw, size, true);
	FUZZ_CHECK(length >= 0 && memcmp(*at, model, (size_t)length) == 0 && (*at)[length] == '\0');
	*at += length + 1;
	free(model);
}

/* All pairs are there in their order, and a name finds the first value that it has. */
static void check_decoded(const char *raw)
{
	const char *name, *value, *at, *first = NULL, *of_first = NULL;
	size_t name_size, value_size, pairs = 0;
	struct weir__query query;
	struct weir__arena arena;
	char none[1];

	weir__arena_init(&arena, none, sizeof(none));
	FUZZ_CHECK(weir__query_decode(&query, raw, &arena) == 0);
	at = query.pairs;
	while ((raw = weir__query_next(raw, &name, &name_size, &value, &value_size))) {
		const char *decoded = at;

		check_piece(&at, name, name_size);
		if (!first || strcmp(decoded, first) == 0)
			FUZZ_CHECK(weir__query_find(&query, decoded) == (first ? of_first : at));
		if (!first) {
			first = decoded;
			of_first = at;
		}
		check_piece(&at, value, value_size);
		pairs++;
	}
	FUZZ_CHECK(query.count == pairs);
	weir__arena_release(&arena);
}

static void check_split(const char *target, const struct weir__target *split)
{
	size_t size = strlen(target);
	const char *end = split->path + split->path_size, *s;
	char *decoded = malloc(split->path_size + 1);

	FUZZ_CHECK(decoded && split->path[0] == '/' && split->path_size > 0);
	FUZZ_CHECK(!memchr(split->path, '?', split->path_size));
	for (s = target; *s; s++)
		FUZZ_CHECK(!is_control((unsigned char)*s) && *s != ' ' && *s != '#');
	if (split->path >= target && split->path <= target + size) {
		FUZZ_CHECK(*end == '\0' || *end == '?');
		FUZZ_CHECK(!split->query || split->query == end + 1);
		FUZZ_CHECK(target[0] != '/' || split->path == target);
	} else { /* "http://host": a root of the library's own */
		FUZZ_CHECK(split->path_size == 1);
		FUZZ_CHECK(strncasecmp(target, "http", 4) == 0);
	}
	FUZZ_CHECK(!split->query == !strchr(target, '?'));
	/* What was let through can be decoded, whoever asks for it later. */
	FUZZ_CHECK(weir__percent_decode(decoded, split->path, split->path_size, false) >= 0);
	free(decoded);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *target = fuzz_string(data, size);
	struct weir__target split;
	int error = weir__target_split(target, &split);

	FUZZ_CHECK(error == 0 || error == -EINVAL);
	if (error == 0) {
		check_split(target, &split);
		if (split.query)
			check_query(split.query);
		check_decoded(split.query);
	}
	check_decode(target, strlen(target), false);
	check_decode(target, strlen(target), true);
	free(target);
	return 0;
}
