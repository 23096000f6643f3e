/* query.c: see query.h. */
#include "http/query.h"

#include <errno.h>
#include <string.h>

#include "http/target.h"

/* What is decoded is no longer than what was sent. */
static size_t room_for(const char *raw)
{
	const char *name, *value;
	size_t name_size, value_size, size = 0;

	while ((raw = weir__query_next(raw, &name, &name_size, &value, &value_size)))
		size += name_size + 1 + value_size + 1;
	return size;
}

/* Moves *at behind its NUL. */
static int put(char **at, const char *data, size_t size)
{
	ssize_t length = weir__percent_decode(*at, data, size, true);

	if (length < 0)
		return (int)length;
	*at += length + 1;
	return 0;
}

int weir__query_decode(struct weir__query *query, const char *raw, struct weir__arena *arena)
{
	const char *name, *value;
	size_t name_size, value_size, size = room_for(raw);
	int error = 0;
	char *at;

	*query = (struct weir__query){0};
	if (size == 0)
		return 0;
	at = weir__arena_alloc(arena, size);
	if (!at)
		return -ENOMEM;
	query->pairs = at;
	while (!error && (raw = weir__query_next(raw, &name, &name_size, &value, &value_size))) {
		error = put(&at, name, name_size);
		if (!error)
			error = put(&at, value, value_size);
		query->count += !error;
	}
	return error;
}

const char *weir__query_find(const struct weir__query *query, const char *name)
{
	const char *at = query->pairs;
	size_t i;

	for (i = 0; i < query->count; i++) {
		const char *value = at + strlen(at) + 1;

		if (strcmp(at, name) == 0)
			return value;
		at = value + strlen(value) + 1;
	}
	return NULL;
}
