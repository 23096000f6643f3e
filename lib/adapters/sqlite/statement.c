/* statement.c: one statement, from its text to its last row. */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "connection.h"

/* How many steps of SQLite's machine VACUUM makes between two looks at the token. */
enum { VACUUM_STEPS = 1000 };

struct weir_sqlite_row {
	sqlite3_stmt *statement;
};

/* What a caller wants to be done; values and take may be missing. */
struct order {
	const char *sql;
	const struct weir_sqlite_value *values;
	size_t count;
	weir_sqlite_take take;
	void *arg;
};

/* --- VACUUM --- */

static int look_at_token(void *token)
{
	return weir_token_check(token) != 0;
}

static bool is_vacuum(const char *sql)
{
	while (isspace((unsigned char)*sql))
		sql++;
	return strncasecmp(sql, "VACUUM", 6) == 0;
}

/* VACUUM wants no other statement to be active, so it runs without the pin (call.c), and an
 * interrupt may come too early for it. What it runs itself looks at the token instead. */
static int step_vacuum(weir_sqlite *db, sqlite3_stmt *statement)
{
	int code;

	(void)sqlite3_reset(db->pin);
	sqlite3_progress_handler(db->handle, VACUUM_STEPS, look_at_token, db->call->limited);
	code = weir_token_check(db->call->limited) ? SQLITE_INTERRUPT : sqlite3_step(statement);
	sqlite3_progress_handler(db->handle, 0, NULL, NULL);
	weir__sqlite_note(db, code);
	(void)sqlite3_step(db->pin);
	return code;
}

static int step(weir_sqlite *db, sqlite3_stmt *statement)
{
	int code;

	if (is_vacuum(sqlite3_sql(statement)))
		return step_vacuum(db, statement);
	code = sqlite3_step(statement);
	weir__sqlite_note(db, code);
	return code;
}

int weir__sqlite_run_script(weir_sqlite *db, const char *sql)
{
	while (*sql) {
		sqlite3_stmt *statement;
		int code = sqlite3_prepare_v2(db->handle, sql, -1, &statement, &sql);

		weir__sqlite_note(db, code);
		if (code != SQLITE_OK)
			return code;
		if (!statement) /* a comment, or white space */
			continue;
		do
			code = step(db, statement);
		while (code == SQLITE_ROW);
		(void)sqlite3_finalize(statement);
		if (code != SQLITE_DONE)
			return code;
	}
	return SQLITE_OK;
}

int weir_sqlite_script(weir_sqlite *db, const char *sql, weir_token *token, weir_time until)
{
	struct weir_sqlite_call call;
	int error = weir__sqlite_enter(&call, db, token, until);

	if (error)
		return error;
	return weir__sqlite_leave(&call, weir__sqlite_run_script(db, sql));
}

/* --- one statement with parameters --- */

static int bind(sqlite3_stmt *statement, int index, const struct weir_sqlite_value *value)
{
	/* A NULL pointer would bind NULL, and nothing has to point anywhere. */
	const void *data = value->data ? value->data : "";

	switch (value->type) {
	case WEIR_SQLITE_NULL:
		return sqlite3_bind_null(statement, index);
	case WEIR_SQLITE_INTEGER:
		return sqlite3_bind_int64(statement, index, value->integer);
	case WEIR_SQLITE_REAL:
		return sqlite3_bind_double(statement, index, value->real);
	case WEIR_SQLITE_TEXT:
		return sqlite3_bind_text64(statement, index, data, value->size, SQLITE_STATIC,
					   SQLITE_UTF8);
	case WEIR_SQLITE_BLOB:
		return sqlite3_bind_blob64(statement, index, data, value->size, SQLITE_STATIC);
	}
	return SQLITE_MISMATCH;
}

/* 0 or an errno, with the error noted. */
static int bind_all(weir_sqlite *db, sqlite3_stmt *statement, const struct order *order)
{
	char message[WEIR_SQLITE_MESSAGE_SIZE];
	size_t i;

	if (order->count > (size_t)sqlite3_limit(db->handle, SQLITE_LIMIT_VARIABLE_NUMBER, -1))
		return weir__sqlite_refuse(db, -EINVAL, "too many parameters");
	for (i = 0; i < order->count; i++) {
		const struct weir_sqlite_value *value = &order->values[i];
		int index = (int)i + 1;
		int code;

		if (value->name)
			index = sqlite3_bind_parameter_index(statement, value->name);
		if (index < 1 || index > sqlite3_bind_parameter_count(statement)) {
			(void)snprintf(message, sizeof(message), "no parameter %s%.*d",
				       value->name ? value->name : "?", value->name ? 0 : 1,
				       value->name ? 0 : index);
			return weir__sqlite_refuse(db, -EINVAL, message);
		}
		code = bind(statement, index, value);
		weir__sqlite_note(db, code);
		if (code != SQLITE_OK)
			return weir__sqlite_errno(db, code);
	}
	return 0;
}

/* Prepares exactly one. 0 or an errno, with the error noted. */
static int prepare(weir_sqlite *db, const char *sql, sqlite3_stmt **out, int *code)
{
	sqlite3_stmt *second;
	const char *rest;
	int more;

	*code = sqlite3_prepare_v2(db->handle, sql, -1, out, &rest);
	weir__sqlite_note(db, *code);
	if (*code != SQLITE_OK)
		return 0; /* what that means, weir__sqlite_leave() says */
	if (!*out)
		return weir__sqlite_refuse(db, -EINVAL, "no statement");
	/* A comment may follow it, and nothing else. */
	more = sqlite3_prepare_v2(db->handle, rest, -1, &second, NULL);
	if (more == SQLITE_OK && !second)
		return 0;
	(void)sqlite3_finalize(second);
	(void)sqlite3_finalize(*out);
	*out = NULL;
	if ((more & 0xff) == SQLITE_INTERRUPT) {
		*code = more;
		return 0;
	}
	return weir__sqlite_refuse(db, -EINVAL, "more than one statement");
}

/* Steps to its end, or to the callback's. 0 or the callback's error; *code is SQLite's. */
static int step_all(weir_sqlite *db, sqlite3_stmt *statement, const struct order *order, int *code)
{
	const struct weir_sqlite_row row = {.statement = statement};
	int taken = 0;

	do {
		*code = step(db, statement);
		if (*code == SQLITE_ROW && order->take)
			taken = order->take(order->arg, &row);
	} while (*code == SQLITE_ROW && taken == 0);
	if (taken > 0) {
		/* It ends here: outside a transaction this commits what it has changed. */
		*code = sqlite3_reset(statement);
		weir__sqlite_note(db, *code);
	}
	return taken < 0 ? taken : 0;
}

static int run(weir_sqlite *db, const struct order *order, struct weir_sqlite_changes *changes,
	       weir_token *token, weir_time until)
{
	struct weir_sqlite_call call;
	sqlite3_stmt *statement = NULL;
	int code = SQLITE_OK;
	sqlite3_int64 before;
	int error, result;

	if (changes)
		*changes = (struct weir_sqlite_changes){0};
	error = weir__sqlite_enter(&call, db, token, until);
	if (error)
		return error;
	before = sqlite3_total_changes64(db->handle);
	error = prepare(db, order->sql, &statement, &code);
	if (!error && statement)
		error = bind_all(db, statement, order);
	if (!error && statement)
		error = step_all(db, statement, order, &code);
	if (!error && changes && weir__sqlite_errno(db, code) == 0) {
		/* sqlite3_changes64() alone may be that of an earlier statement. */
		if (sqlite3_total_changes64(db->handle) != before)
			changes->rows = sqlite3_changes64(db->handle);
		changes->last_rowid = sqlite3_last_insert_rowid(db->handle);
	}
	(void)sqlite3_finalize(statement);
	result = weir__sqlite_leave(&call, code);
	return error ? error : result;
}

int weir_sqlite_exec(weir_sqlite *db, const char *sql, const struct weir_sqlite_value *values,
		     size_t count, struct weir_sqlite_changes *changes, weir_token *token,
		     weir_time until)
{
	const struct order order = {.sql = sql, .values = values, .count = count};

	return run(db, &order, changes, token, until);
}

int weir_sqlite_query(weir_sqlite *db, const char *sql, const struct weir_sqlite_value *values,
		      size_t count, weir_sqlite_take take, void *arg, weir_token *token,
		      weir_time until)
{
	const struct order order = {sql, values, count, take, arg};

	return run(db, &order, NULL, token, until);
}

/* --- a row --- */

unsigned weir_sqlite_columns(const weir_sqlite_row *row)
{
	return (unsigned)sqlite3_column_count(row->statement);
}

const char *weir_sqlite_column_name(const weir_sqlite_row *row, unsigned column)
{
	return column < weir_sqlite_columns(row) ? sqlite3_column_name(row->statement, (int)column)
						 : NULL;
}

static int bytes_of(sqlite3_stmt *statement, int column, const void *data,
		    struct weir_sqlite_value *value)
{
	/* An empty blob has no address, a lack of memory neither. */
	if (!data && sqlite3_errcode(sqlite3_db_handle(statement)) == SQLITE_NOMEM)
		return -ENOMEM;
	value->data = data ? data : "";
	value->size = (size_t)sqlite3_column_bytes(statement, column);
	return 0;
}

int weir_sqlite_column(const weir_sqlite_row *row, unsigned column, struct weir_sqlite_value *value)
{
	sqlite3_stmt *statement = row->statement;
	int index = (int)column;

	*value = (struct weir_sqlite_value){.type = WEIR_SQLITE_NULL};
	if (column >= weir_sqlite_columns(row))
		return -EINVAL;
	switch (sqlite3_column_type(statement, index)) {
	case SQLITE_INTEGER:
		value->type = WEIR_SQLITE_INTEGER;
		value->integer = sqlite3_column_int64(statement, index);
		return 0;
	case SQLITE_FLOAT:
		value->type = WEIR_SQLITE_REAL;
		value->real = sqlite3_column_double(statement, index);
		return 0;
	case SQLITE_TEXT:
		value->type = WEIR_SQLITE_TEXT;
		return bytes_of(statement, index, sqlite3_column_text(statement, index), value);
	case SQLITE_BLOB:
		value->type = WEIR_SQLITE_BLOB;
		return bytes_of(statement, index, sqlite3_column_blob(statement, index), value);
	default:
		return 0;
	}
}
