/* adapters/sqlite_support.h: what the tests of weir_sqlite share. */
#ifndef WEIR_TESTS_SQLITE_SUPPORT_H
#define WEIR_TESTS_SQLITE_SUPPORT_H

#include <limits.h>
#include <stdint.h>

#include <weir/sqlite.h>

#include "support/gate.h"
#include "support/scratch.h"

/** Runs until it is interrupted. */
#define ENDLESS                                                                                    \
	"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
/** The same, and says so first: needs database_add_gate(). */
#define ENDLESS_GATED                                                                              \
	"WITH RECURSIVE n(i) AS (SELECT announce() UNION ALL SELECT i + 1 FROM n) "                \
	"SELECT max(i) FROM n"

/** A file with a table note(id INTEGER PRIMARY KEY, text TEXT UNIQUE), and a pool on it. */
struct database {
	struct scratch scratch;
	char path[PATH_MAX + 16];
	weir_sqlite_pool *pool;
};

/** `connections` as in the options. */
void database_make(struct database *database, unsigned connections);
/** Another pool on the same file, as another process would have one. */
weir_sqlite_pool *database_second_pool(struct database *database, unsigned connections);
/** All connections must be back. */
void database_destroy(struct database *database);
void pool_destroy(weir_sqlite_pool *pool);

/** Takes a connection, without a token; must succeed. */
weir_sqlite *pool_take(weir_sqlite_pool *pool);
/** Runs a statement without a token; must succeed. */
void must_exec(weir_sqlite *db, const char *sql);
/** The one number that a query gives, on this connection without a token. */
int64_t number_of(weir_sqlite *db, const char *sql);
/** The same on a connection of the pool. */
int64_t pool_number_of(weir_sqlite_pool *pool, const char *sql);

/** Gives the connection a function announce(), which announces at `gate` and is 1. */
void database_add_gate(weir_sqlite *db, struct gate *gate);

#endif
