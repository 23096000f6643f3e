/* fuzz_sql.c: SQL with names for its parameters as SQL with numbers (app/handlers/query_sql.h).
 *
 * Input: the SQL; its parameters are a, id and name_1. Held against: what is in quotes, comments
 * and dollar quotes comes out as it went in, and putting the names back gives the SQL.
 */
#include "fuzz/fuzz.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "handlers/query_sql.h"

enum { COUNT = 3 };

static const char *const names[COUNT] = {"a", "id", "name_1"};

static const char *name_of(const void *from, size_t i)
{
	return ((const char *const *)from)[i];
}

/* The numbered SQL against the named: only ":name" may have become "?1" to "?3". */
static void check_same(const char *named, const char *numbered, const bool *used)
{
	bool seen[COUNT] = {false};
	size_t i;

	while (*named) {
		if (*named == *numbered && (*named != ':' || *numbered == ':')) {
			named++;
			numbered++;
			continue;
		}
		FUZZ_CHECK(named[0] == ':' && numbered[0] == '?');
		FUZZ_CHECK(numbered[1] >= '1' && numbered[1] < '1' + COUNT);
		i = (size_t)(numbered[1] - '1');
		seen[i] = true;
		FUZZ_CHECK(strncmp(named + 1, names[i], strlen(names[i])) == 0);
		named += 1 + strlen(names[i]);
		numbered += 2;
	}
	FUZZ_CHECK(*numbered == '\0');
	for (i = 0; i < COUNT; i++)
		FUZZ_CHECK(seen[i] == used[i]);
}

/* Inside quotes that go through all of the text nothing is replaced, whatever it is. */
static void check_quoted(const char *text, char quote)
{
	bool used[COUNT] = {false};
	char word[QUERY_SQL_WORD], *quoted, *out;
	size_t n = 0;

	quoted = malloc(2 * strlen(text) + 3);
	FUZZ_CHECK(quoted);
	quoted[n++] = quote;
	for (; *text; text++) {
		if (*text == quote)
			quoted[n++] = quote;
		quoted[n++] = *text;
	}
	quoted[n++] = quote;
	quoted[n] = '\0';
	FUZZ_CHECK(query_sql_number(quoted, name_of, names, COUNT, '?', &out, used, word) == 0);
	FUZZ_CHECK(strcmp(out, quoted) == 0 && !used[0] && !used[1] && !used[2]);
	free(out);
	free(quoted);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *sql = fuzz_string(data, size), *out, word[QUERY_SQL_WORD];
	bool used[COUNT] = {false};
	int error = query_sql_number(sql, name_of, names, COUNT, '?', &out, used, word);

	FUZZ_CHECK(error == 0 || error == -ENOENT || error == -EINVAL);
	if (error == 0) {
		check_same(sql, out, used);
		free(out);
	} else if (error == -ENOENT) {
		FUZZ_CHECK(word[0] && strstr(sql, word) && strlen(word) < QUERY_SQL_WORD);
	}
	check_quoted(sql, '\'');
	check_quoted(sql, '"');
	free(sql);
	return 0;
}
