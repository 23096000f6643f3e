/* connection.c: opening and closing a connection. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <weir/io.h>

#include "connection.h"

/* Two rows, so that it is active after the first; see call.c. */
static const char pin_sql[] = "SELECT 1 UNION ALL SELECT 2";

/* Multi-thread mode: one thread at a time uses a connection, so SQLite needs no lock for it
 * (https://www.sqlite.org/threadsafe.html). sqlite3_interrupt() may come from another all
 * the same. */
static int flags_of(const struct weir_sqlite_options *options)
{
	int flags = SQLITE_OPEN_NOMUTEX;

	if (options->read_only)
		return flags | SQLITE_OPEN_READONLY;
	flags |= SQLITE_OPEN_READWRITE;
	return options->must_exist ? flags : flags | SQLITE_OPEN_CREATE;
}

/* WAL belongs to the file and stays. Who changes it needs it for itself; while another process does
 * just that, SQLite may fail at once, without its busy handler, and the answer is to ask again. */
static int use_wal(weir_sqlite *db)
{
	int code, attempt = 0;

	do
		code = weir__sqlite_run_script(db, "PRAGMA journal_mode = WAL");
	while ((code & 0xff) == SQLITE_BUSY && weir__sqlite_wait_for_lock(db, attempt++));
	return code;
}

static int set_up(weir_sqlite *db, const struct weir_sqlite_options *options, weir_token *token,
		  weir_time until)
{
	struct weir_sqlite_call call;
	int code = SQLITE_OK;
	int error;

	error = weir__sqlite_enter(&call, db, token, until);
	if (error)
		return error;
	if (!options->keep_journal_mode && !options->read_only)
		code = use_wal(db);
	if (weir__sqlite_errno(db, code) == 0 && options->setup)
		code = weir__sqlite_run_script(db, options->setup);
	return weir__sqlite_leave(&call, code);
}

int weir__sqlite_open(const struct weir_sqlite_options *options, weir_sqlite **out, char *message,
		      weir_token *token, weir_time until)
{
	weir_sqlite *db;
	int code, error;

	message[0] = '\0';
	db = calloc(1, sizeof(*db));
	if (!db)
		return -ENOMEM;
	code = sqlite3_open_v2(options->path, &db->handle, flags_of(options), NULL);
	if (!db->handle) {
		error = -ENOMEM;
		goto free_db;
	}
	if (code == SQLITE_OK)
		code = sqlite3_extended_result_codes(db->handle, 1);
	if (code == SQLITE_OK)
		code = sqlite3_busy_handler(db->handle, weir__sqlite_wait_for_lock, db);
	if (code == SQLITE_OK)
		code = sqlite3_prepare_v2(db->handle, pin_sql, -1, &db->pin, NULL);
	if (code != SQLITE_OK) {
		weir__sqlite_note(db, code);
		error = weir__sqlite_errno(db, code);
		goto close_handle;
	}
	error = set_up(db, options, token, until);
	if (error)
		goto close_handle;
	*out = db;
	return 0;

close_handle:
	(void)snprintf(message, WEIR_SQLITE_MESSAGE_SIZE, "%s", db->message);
	(void)sqlite3_finalize(db->pin);
	(void)sqlite3_close_v2(db->handle);
free_db:
	free(db);
	return error;
}

void weir__sqlite_close(weir_sqlite *db)
{
	(void)sqlite3_finalize(db->pin);
	/* _v2: what the program has forgotten on the handle keeps it, and not us. */
	(void)sqlite3_close_v2(db->handle);
	free(db);
}

struct sqlite3 *weir_sqlite_handle(weir_sqlite *db)
{
	return db->handle;
}
