/* query_sql.h: SQL with parameters by name (":id") as SQL with parameters by number.
 *
 * SQLite and PostgreSQL both take "$1" for a number (SQLite: as a name, which then is numbered in
 * the order of appearance; so it gets "?1"). Strings, quoted names, comments, dollar quotes and
 * casts ("::int") are left as they are.
 */
#ifndef WEIR_APP_QUERY_SQL_H
#define WEIR_APP_QUERY_SQL_H

#include <stdbool.h>
#include <stddef.h>

#define QUERY_SQL_WORD 64

/** Writes `sql` with each ":name" as `mark` and the name's place in `names`, counted from 1.
 *  `name_of(names, i)` gives the i-th of `count` names. used[i] is set for each that
 *  appears. On success *out is malloc()ed. Returns 0, -ENOMEM, -ENOENT (a name that is not
 *  among them: `word` has it), -EINVAL (a quote or comment that does not end). */
int query_sql_number(const char *sql, const char *(*name_of)(const void *names, size_t i),
		     const void *names, size_t count, char mark, char **out, bool *used,
		     char word[QUERY_SQL_WORD]);

#endif
