/* transaction.c: begin, commit, roll back.
 *
 * What begins and ends one is SQL like any other. The care is for the ends that nobody asked for:
 * an interrupted INSERT, UPDATE or DELETE, and some errors (a full disk), roll back by
 * themselves, so whether there is a transaction is SQLite's to say (sqlite3_get_autocommit()).
 * A rollback is not under any token: it is what is done after a trip, it undoes what is in
 * memory or in a journal, and it waits for nobody.
 */
#include <errno.h>
#include <stdio.h>

#include "connection.h"

static bool in_transaction(weir_sqlite *db)
{
	return !sqlite3_get_autocommit(db->handle);
}

/* Undoes it without touching the words and the code of the error that came before. */
static int undo(weir_sqlite *db)
{
	int code = SQLITE_OK;

	if (in_transaction(db))
		code = sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
	weir__sqlite_end_turn(db);
	if (!in_transaction(db))
		return 0;
	db->broken = true;
	return code == SQLITE_OK ? -EIO : weir__sqlite_errno(db, code);
}

static int run(weir_sqlite *db, const char *sql, weir_token *token, weir_time until)
{
	struct weir_sqlite_call call;
	int error = weir__sqlite_enter(&call, db, token, until);

	if (error)
		return error;
	return weir__sqlite_leave(&call, weir__sqlite_run_script(db, sql));
}

int weir_sqlite_begin(weir_sqlite *db, enum weir_sqlite_mode mode, weir_token *token,
		      weir_time until)
{
	int error;

	if (db->call)
		return -EBUSY;
	weir__sqlite_clear(db);
	if (in_transaction(db))
		return weir__sqlite_refuse(db, -EINVAL, "already in a transaction");
	if (mode == WEIR_SQLITE_READ)
		return run(db, "BEGIN", token, until);
	error = weir__sqlite_take_turn(db, token, until);
	if (error)
		return error;
	error = run(db, "BEGIN IMMEDIATE", token, until);
	if (error)
		(void)undo(db);
	return error;
}

int weir_sqlite_commit(weir_sqlite *db, weir_token *token, weir_time until)
{
	int error;

	if (db->call)
		return -EBUSY;
	error = run(db, "COMMIT", token, until);
	if (error)
		(void)undo(db);
	else
		weir__sqlite_end_turn(db);
	return error;
}

int weir_sqlite_rollback(weir_sqlite *db)
{
	int error;

	if (db->call)
		return -EBUSY;
	weir__sqlite_clear(db);
	error = undo(db);
	if (error)
		(void)snprintf(db->message, sizeof(db->message), "%s", sqlite3_errmsg(db->handle));
	return error;
}

int weir_sqlite_transaction(weir_sqlite *db, enum weir_sqlite_mode mode, weir_sqlite_work work,
			    void *arg, weir_token *token, weir_time until)
{
	int error = weir_sqlite_begin(db, mode, token, until);

	if (error)
		return error;
	error = work(db, arg, token, until);
	if (!error)
		return weir_sqlite_commit(db, token, until);
	(void)undo(db);
	return error;
}
