/* query_sql.c: see query_sql.h. */
#include "query_sql.h"
#include "text_stream.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool begins_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_name(char c)
{
	return begins_name(c) || (c >= '0' && c <= '9');
}

/* From a quote to the one that ends it; a doubled one does not. */
static size_t quoted(const char *sql)
{
	size_t at = 1;
	for (; sql[at] != '\0'; at++) {
		if (sql[at] != sql[0])
			continue;
		if (sql[at + 1] != sql[0])
			return at + 1;
		at++;
	}
	return 0;
}

static size_t up_to(const char *sql, size_t from, const char *end, size_t length)
{
	const char *found = strstr(sql + from, end);
	return found != NULL ? (size_t)(found - sql) + length : 0;
}

/* $tag$ ... $tag$; just the "$" if it begins no such thing. */
static size_t dollar_quoted(const char *sql)
{
	char tag[QUERY_SQL_WORD];
	size_t length = 1;
	while (is_name(sql[length]))
		length++;
	if (sql[length] != '$' || (length > 1 && !begins_name(sql[1])))
		return 1;
	length++;
	if (length >= sizeof tag)
		return 1;
	memcpy(tag, sql, length);
	tag[length] = '\0';
	return up_to(sql, length, tag, length);
}

/* The length of what begins here and is copied as it is; 0 if it does not end. */
static size_t verbatim(const char *sql)
{
	switch (sql[0]) {
	case '\'':
	case '"':
		return quoted(sql);
	case '-':
		if (sql[1] != '-')
			return 1;
		return strcspn(sql, "\n");
	case '/':
		return sql[1] == '*' ? up_to(sql, 2, "*/", 2) : 1;
	case '$':
		return dollar_quoted(sql);
	case ':':
		return sql[1] == ':' ? 2 : 1;
	default:
		return 1;
	}
}

int query_sql_number(const char *sql, const char *(*name_of)(const void *names, size_t i),
		     const void *names, size_t count, char mark, char **out, bool *used,
		     char word[QUERY_SQL_WORD])
{
	struct text_stream text;
	int error = text_stream_open(&text);
	if (error != 0)
		return error;
	word[0] = '\0';
	while (*sql != '\0' && error == 0) {
		if (sql[0] != ':' || !begins_name(sql[1])) {
			size_t length = verbatim(sql);
			if (length == 0)
				error = -EINVAL;
			(void)fwrite(sql, 1, length, text.stream); /* the end tells */
			sql += length;
			continue;
		}
		size_t length = 1, i = 0;
		while (is_name(sql[length]))
			length++;
		(void)snprintf(word, QUERY_SQL_WORD, "%.*s", (int)(length - 1), sql + 1);
		while (i < count && strcmp(name_of(names, i), word) != 0)
			i++;
		if (i == count) {
			error = -ENOENT;
			break;
		}
		used[i] = true;
		(void)fprintf(text.stream, "%c%zu", mark, i + 1);
		sql += length;
	}
	if (error == 0)
		return text_stream_close(&text, out, NULL);
	text_stream_drop(&text);
	return error;
}
