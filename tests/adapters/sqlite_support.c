/* adapters/sqlite_support.c: see sqlite_support.h. */
#include "adapters/sqlite_support.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "support/must.h"

static weir_sqlite_pool *make_pool(const char *path, unsigned connections)
{
	const struct weir_sqlite_options options = {.path = path, .connections = connections};
	weir_sqlite_pool *pool;
	int error = weir_sqlite_pool_create(&options, &pool);

	must(error == 0, "weir_sqlite_pool_create: %s", strerror(-error));
	return pool;
}

void database_make(struct database *database, unsigned connections)
{
	weir_sqlite *db;

	scratch_make(&database->scratch);
	(void)snprintf(database->path, sizeof(database->path), "%s/test.db",
		       database->scratch.path);
	database->pool = make_pool(database->path, connections);
	db = pool_take(database->pool);
	must_exec(db, "CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT UNIQUE)");
	weir_sqlite_release(db);
}

weir_sqlite_pool *database_second_pool(struct database *database, unsigned connections)
{
	return make_pool(database->path, connections);
}

void pool_destroy(weir_sqlite_pool *pool)
{
	int error = weir_sqlite_pool_destroy(pool, NULL, weir_after(MUST_PATIENCE));

	must(error == 0, "weir_sqlite_pool_destroy: %s", strerror(-error));
}

void database_destroy(struct database *database)
{
	pool_destroy(database->pool);
	scratch_remove(&database->scratch);
}

weir_sqlite *pool_take(weir_sqlite_pool *pool)
{
	char message[256];
	weir_sqlite *db = NULL;
	int error = weir_sqlite_acquire(pool, &db, NULL, weir_after(MUST_PATIENCE));

	weir_sqlite_pool_message(pool, message, sizeof(message));
	must(error == 0, "weir_sqlite_acquire: %s: %s", strerror(-error), message);
	return db;
}

void must_exec(weir_sqlite *db, const char *sql)
{
	int error = weir_sqlite_exec(db, sql, NULL, 0, NULL, NULL, weir_after(MUST_PATIENCE));

	must(error == 0, "%s: %s: %s", sql, strerror(-error), weir_sqlite_message(db));
}

static int take_number(void *arg, const weir_sqlite_row *row)
{
	struct weir_sqlite_value value;
	int64_t *number = arg;

	must(weir_sqlite_column(row, 0, &value) == 0, "no column");
	must(value.type == WEIR_SQLITE_INTEGER, "no integer");
	*number = value.integer;
	return 0;
}

int64_t number_of(weir_sqlite *db, const char *sql)
{
	int64_t number = -1;
	int error = weir_sqlite_query(db, sql, NULL, 0, take_number, &number, NULL,
				      weir_after(MUST_PATIENCE));

	must(error == 0, "%s: %s: %s", sql, strerror(-error), weir_sqlite_message(db));
	return number;
}

int64_t pool_number_of(weir_sqlite_pool *pool, const char *sql)
{
	weir_sqlite *db = pool_take(pool);
	int64_t number = number_of(db, sql);

	weir_sqlite_release(db);
	return number;
}

static void announce(sqlite3_context *context, int count, sqlite3_value **values)
{
	(void)count;
	(void)values;
	gate_announce(sqlite3_user_data(context));
	sqlite3_result_int(context, 1);
}

void database_add_gate(weir_sqlite *db, struct gate *gate)
{
	must(sqlite3_create_function(weir_sqlite_handle(db), "announce", 0, SQLITE_UTF8, gate,
				     announce, NULL, NULL) == SQLITE_OK,
	     "sqlite3_create_function");
}
