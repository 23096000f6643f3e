/* query_sqlite.c: statements on SQLite, through weir/sqlite.h. */
#include "../make_directory.h"
#include "query_database.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <weir/sqlite.h>

/* How long opening may wait for somebody else's lock. */
#define OPEN_PATIENCE (5 * WEIR_SECOND)

/* ---- opening --------------------------------------------------------------------- */

static bool is_file(const char *path)
{
	return *path != '\0' && strcmp(path, ":memory:") != 0;
}

/* Writes the directory that `path` is in. */
static int parent_of(const char *path, char **out)
{
	const char *slash = strrchr(path, '/');
	if (slash == NULL)
		*out = strdup(".");
	else
		*out = strndup(path, slash == path ? 1 : (size_t)(slash - path));
	return *out != NULL ? 0 : -ENOMEM;
}

/* Makes the directory, or looks whether the file could be made. */
static int prepare(const struct query_database_options *options)
{
	char *parent;
	int error = parent_of(options->url, &parent);
	if (error != 0)
		return error;
	if (options->create && !options->look_only) {
		error = make_directory(parent);
	} else if (access(options->url, F_OK) != 0) {
		error = options->create                    ? make_directory_check(parent)
			: access(parent, W_OK | X_OK) == 0 ? 0
							   : -errno;
	}
	free(parent);
	return error;
}

static int run_setup(weir_sqlite *db, const struct query_database_options *options)
{
	int error = 0;
	for (size_t i = 0; error == 0 && i < options->setup_count; i++)
		error = weir_sqlite_script(db, options->setup[i], options->token,
					   weir_after(OPEN_PATIENCE));
	return error;
}

/* Uses a connection once: what cannot be opened is found out now. */
static int try_pool(weir_sqlite_pool *pool, const struct query_database_options *options,
		    char *text, size_t size)
{
	weir_sqlite *db;
	weir_time until = weir_after(OPEN_PATIENCE);
	int error = weir_sqlite_acquire(pool, &db, options->token, until);
	if (error != 0) {
		weir_sqlite_pool_message(pool, text, size);
		return error;
	}
	error = weir_sqlite_exec(db, "SELECT 1 FROM sqlite_master", NULL, 0, NULL, options->token,
				 until);
	if (error == 0 && !options->look_only)
		error = run_setup(db, options);
	if (error != 0)
		(void)snprintf(text, size, "%s", weir_sqlite_message(db));
	weir_sqlite_release(db);
	return error;
}

static int open_sqlite(struct query_database *database,
		       const struct query_database_options *options, char *text, size_t size)
{
	if (is_file(options->url)) {
		int error = prepare(options);
		if (error != 0) {
			(void)snprintf(text, size, "%s", strerror(-error));
			return error;
		}
		if (options->look_only && access(options->url, F_OK) != 0)
			return 0; /* there is nothing to open yet */
	}
	const struct weir_sqlite_options pool_options = {
		.path = options->url,
		.connections = options->connections,
		.read_only = options->look_only && is_file(options->url),
		.must_exist = options->look_only && is_file(options->url),
		.keep_journal_mode = options->look_only,
		.setup = "PRAGMA foreign_keys = ON",
	};
	weir_sqlite_pool *pool;
	int error = weir_sqlite_pool_create(&pool_options, &pool);
	if (error != 0) {
		(void)snprintf(text, size, "%s", strerror(-error));
		return error;
	}
	error = try_pool(pool, options, text, size);
	if (error != 0)
		(void)weir_sqlite_pool_destroy(pool, NULL, WEIR_NEVER); /* all are back */
	else
		database->pool = pool;
	return error;
}

static void close_sqlite(struct query_database *database)
{
	/* Every handler is over, so every connection is back. */
	(void)weir_sqlite_pool_destroy(database->pool, NULL, WEIR_NEVER);
}

/* ---- running --------------------------------------------------------------------- */

static int write_row(void *arg, const weir_sqlite_row *row)
{
	struct query_rows *rows = arg;
	query_rows_begin(rows);
	unsigned columns = weir_sqlite_columns(row);
	for (unsigned i = 0; i < columns; i++) {
		struct weir_sqlite_value value;
		const char *name = weir_sqlite_column_name(row, i);
		int error = name != NULL ? weir_sqlite_column(row, i, &value) : -ENOMEM;
		if (error != 0)
			return error;
		query_rows_name(rows, i, name);
		switch (value.type) {
		case WEIR_SQLITE_NULL:
			query_rows_null(rows);
			break;
		case WEIR_SQLITE_INTEGER:
			query_rows_integer(rows, value.integer);
			break;
		case WEIR_SQLITE_REAL:
			query_rows_real(rows, value.real);
			break;
		case WEIR_SQLITE_TEXT:
			query_rows_text(rows, value.data, value.size);
			break;
		case WEIR_SQLITE_BLOB:
			query_rows_bytes(rows, value.data, value.size);
			break;
		}
	}
	return query_rows_end(rows);
}

static int take_total(void *arg, const weir_sqlite_row *row)
{
	struct weir_sqlite_value value;
	int error = weir_sqlite_column(row, 0, &value);
	if (error == 0)
		*(int64_t *)arg = value.integer;
	return error;
}

/* All rows that this connection has ever changed, those by triggers included. */
static int total_changes(weir_sqlite *db, int64_t *out, weir_token *token, weir_time until)
{
	return weir_sqlite_query(db, "SELECT total_changes()", NULL, 0, take_total, out, token,
				 until);
}

struct work {
	struct query_run *run;
	const struct weir_sqlite_value *values;
};

static int work(weir_sqlite *db, void *arg, weir_token *token, weir_time until)
{
	const struct work *work = arg;
	struct query_run *run = work->run;
	int64_t before = 0, after = 0;
	int error = run->reading ? 0 : total_changes(db, &before, token, until);
	if (error == 0)
		error = weir_sqlite_query(db, run->sql, work->values, run->count, write_row,
					  run->rows, token, until);
	if (error == 0 && !run->reading)
		error = total_changes(db, &after, token, until);
	run->changed = after - before;
	return error;
}

static struct weir_sqlite_value bind(const struct query_value *value)
{
	if (value->null)
		return (struct weir_sqlite_value){0};
	switch (value->type) {
	case QUERY_REAL:
		return weir_sqlite_real(value->real);
	case QUERY_TEXT:
		return weir_sqlite_text(value->text);
	default:
		return weir_sqlite_integer(value->integer);
	}
}

static struct query_failure failure_of(int error)
{
	switch (error) {
	case -EEXIST:
	case -EDOM:
		return (struct query_failure){409, "this conflicts with what is stored", false};
	case -EBUSY:
		return (struct query_failure){503, "the database is busy", true};
	case -ENOSPC:
		return (struct query_failure){507, "no space left", false};
	default:
		return (struct query_failure){0};
	}
}

static int run_sqlite(struct query_database *database, struct query_run *run,
		      struct query_failure *failure)
{
	struct weir_sqlite_value *values = calloc(run->count + 1, sizeof *values);
	if (values == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < run->count; i++)
		values[i] = bind(&run->values[i]);
	weir_sqlite *db;
	int error = weir_sqlite_acquire(database->pool, &db, run->token, WEIR_NEVER);
	if (error != 0)
		goto free_values;
	struct work what = {run, values};
	error = weir_sqlite_transaction(db, run->reading ? WEIR_SQLITE_READ : WEIR_SQLITE_WRITE,
					work, &what, run->token, WEIR_NEVER);
	weir_sqlite_release(db);

free_values:
	*failure = failure_of(error);
	free(values);
	return error;
}

const struct query_backend query_backend_sqlite = {
	.mark = '?',
	.open = open_sqlite,
	.run = run_sqlite,
	.close = close_sqlite,
};
