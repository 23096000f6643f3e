/* weir/sqlite.h: SQLite, so that a token ends what runs in it.
 *
 * A pool has up to N connections to one database. A handler takes one, runs statements on it,
 * and gives it back. Every call that may take long has a token and an absolute time: a trip
 * interrupts the statement that runs (sqlite3_interrupt()), ends the wait for a lock of the
 * database, and the wait for a connection. A transaction that a trip hits is rolled back.
 *
 *	error = weir_sqlite_acquire(pool, &db, token, WEIR_NEVER);
 *	if (error)
 *		return error;
 *	error = weir_sqlite_query(db, "SELECT name FROM note WHERE owner = ?1", &owner, 1,
 *				  take_row, response, token, WEIR_NEVER);
 *	weir_sqlite_release(db);
 *	return error;
 *
 * An interrupt belongs to one call: it is sent only while a statement of that call runs, and
 * none is left over for the statement that the connection's next user runs.
 *
 * Errors are negative errno values, in every call:
 *	-ECANCELED	the token was tripped
 *	-ETIMEDOUT	`until` has come
 *	-EBUSY		another connection has a lock, and waiting cannot help (roll back and
 *			begin again); or: this connection is in a call already, from inside
 *			whose row callback it was used
 *	-EEXIST		a UNIQUE or PRIMARY KEY constraint
 *	-EDOM		another constraint (NOT NULL, CHECK, FOREIGN KEY, a trigger)
 *	-EINVAL		SQL that is not understood, a parameter that it does not have
 *	-EINTR		somebody else called sqlite3_interrupt()
 *	-ENOENT, -EACCES, -EROFS, -ENOSPC, -EIO, -ENOMEM, -EMSGSIZE, -EUCLEAN (the file is
 *	damaged, or no database), -EAGAIN (the schema keeps changing): as the words say.
 * weir_sqlite_code() and weir_sqlite_message() have SQLite's own number and words.
 *
 * Thread safety: a pool may be used by any thread; a connection by one thread at a time, from
 * acquire to release.
 */
#ifndef WEIR_SQLITE_H
#define WEIR_SQLITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <weir/time.h>
#include <weir/token.h>
#include <weir/visibility.h>

#ifdef __cplusplus
extern "C" {
#endif

struct sqlite3;

typedef struct weir_sqlite_pool weir_sqlite_pool;
/** A connection that was taken from a pool. */
typedef struct weir_sqlite weir_sqlite;

/* --- values --- */

enum weir_sqlite_type {
	WEIR_SQLITE_NULL,
	WEIR_SQLITE_INTEGER,
	WEIR_SQLITE_REAL,
	WEIR_SQLITE_TEXT, /**< UTF-8; data is followed by a NUL in rows, need not be in parameters
			   */
	WEIR_SQLITE_BLOB
};

/** A parameter, or a column of a row. Zeroed, it is the parameter NULL. */
struct weir_sqlite_value {
	enum weir_sqlite_type type;
	int64_t integer;
	double real;
	const void *data; /**< of TEXT and BLOB; borrowed for the length of the call */
	size_t size;      /**< in bytes */
	/** For a parameter: its name with the prefix it has in the SQL (":id", "@id", "$id").
	 *  NULL: it is the one whose number is its place in the array, from 1 (?, ?1). */
	const char *name;
};

static inline struct weir_sqlite_value weir_sqlite_integer(int64_t integer)
{
	struct weir_sqlite_value value = {WEIR_SQLITE_INTEGER, integer, 0, NULL, 0, NULL};

	return value;
}

static inline struct weir_sqlite_value weir_sqlite_real(double real)
{
	struct weir_sqlite_value value = {WEIR_SQLITE_REAL, 0, real, NULL, 0, NULL};

	return value;
}

/** `text` ends with a NUL; NULL is the value NULL. */
static inline struct weir_sqlite_value weir_sqlite_text(const char *text)
{
	struct weir_sqlite_value value = {WEIR_SQLITE_NULL, 0, 0, NULL, 0, NULL};

	if (text) {
		value.type = WEIR_SQLITE_TEXT;
		value.data = text;
		value.size = strlen(text);
	}
	return value;
}

static inline struct weir_sqlite_value weir_sqlite_blob(const void *data, size_t size)
{
	struct weir_sqlite_value value = {WEIR_SQLITE_BLOB, 0, 0, data, size, NULL};

	return value;
}

/* --- a pool --- */

/** Copied by weir_sqlite_pool_create(). Zero is the default. */
struct weir_sqlite_options {
	/** Required: the name of the file, as for sqlite3_open_v2(). An in-memory or temporary
	 *  database (":memory:", "") belongs to its one connection. */
	const char *path;
	/** The most connections that are open at a time, 1 to 1024. Default: 4; 1 for an in-memory
	 *  or temporary database, which can have no more. */
	unsigned connections;
	/** Open for reading only; the file must exist. */
	bool read_only;
	/** Do not make the file if it does not exist. */
	bool must_exist;
	/** Leave the journal mode as it is. By default a file is switched to WAL, in which
	 *  readers and a writer do not wait for one another. */
	bool keep_journal_mode;
	/** Statements that are run on each new connection, like "PRAGMA foreign_keys = ON". */
	const char *setup;
};

/** Makes a pool; nothing is opened before the first acquire. Returns 0, -EINVAL (no path; a
 *  count that cannot be), -ENOTSUP (an SQLite that was built without threads), -ENOMEM. */
WEIR_API int weir_sqlite_pool_create(const struct weir_sqlite_options *options,
				     weir_sqlite_pool **out);

/** Takes a connection: one that is idle, or a new one while there are fewer than N, or the
 *  next that is given back. Who waits longest is first. It is borrowed until
 *  weir_sqlite_release(). Returns 0; -ECANCELED; -ETIMEDOUT; -EPIPE once the pool is being
 *  destroyed; or why it could not be opened (weir_sqlite_pool_message()). */
WEIR_API int weir_sqlite_acquire(weir_sqlite_pool *pool, weir_sqlite **out, weir_token *token,
				 weir_time until);

/** Gives it back. A transaction that is still open is rolled back; a connection for which that
 *  fails is closed, and a new one is opened when it is wanted. NULL is ignored. */
WEIR_API void weir_sqlite_release(weir_sqlite *db);

/** Copies into `text` why a connection could last not be opened, "" if all could; cut
 *  at `size` - 1 bytes. */
WEIR_API void weir_sqlite_pool_message(weir_sqlite_pool *pool, char *text, size_t size);

/** A moment of a pool. */
struct weir_sqlite_pool_counts {
	unsigned open;    /**< connections there are, those that are being opened included */
	unsigned idle;    /**< of these: nobody's at the moment */
	unsigned waiting; /**< callers of acquire that wait */
};
WEIR_API void weir_sqlite_pool_count(weir_sqlite_pool *pool,
				     struct weir_sqlite_pool_counts *counts);

/** Refuses everybody from now on (those who wait get -EPIPE), waits until all connections
 *  are back, closes them and frees the pool. Returns 0; or -ETIMEDOUT or -ECANCELED, and then
 *  the pool is still there, refusing, and this may be called again. One caller. NULL is
 *  ignored. */
WEIR_API int weir_sqlite_pool_destroy(weir_sqlite_pool *pool, weir_token *token, weir_time until);

/* --- statements --- */

/** What a statement has changed. */
struct weir_sqlite_changes {
	int64_t rows;       /**< inserted, updated or deleted by it (sqlite3_changes64()) */
	int64_t last_rowid; /**< sqlite3_last_insert_rowid() */
};

/** Runs one statement; rows that it gives are thrown away. `values` are its parameters,
 *  which may be NULL if there are none; those that are not given are NULL in the statement.
 *  `changes` may be NULL. SQL with a second statement behind the first is refused. */
WEIR_API int weir_sqlite_exec(weir_sqlite *db, const char *sql,
			      const struct weir_sqlite_value *values, size_t count,
			      struct weir_sqlite_changes *changes, weir_token *token,
			      weir_time until);

/** A row, inside its callback. */
typedef struct weir_sqlite_row weir_sqlite_row;

/** Takes a row. Returns 0 for the next one; a negative errno, which ends the statement and is
 *  what weir_sqlite_query() returns; or a positive number: that was enough, and 0 is
 *  returned. It may block, in calls that take the same token; meanwhile the statement holds
 *  its locks. The connection cannot be used in it (-EBUSY). */
typedef int (*weir_sqlite_take)(void *arg, const weir_sqlite_row *row);

/** Runs one statement and hands each of its rows to `take`. */
WEIR_API int weir_sqlite_query(weir_sqlite *db, const char *sql,
			       const struct weir_sqlite_value *values, size_t count,
			       weir_sqlite_take take, void *arg, weir_token *token,
			       weir_time until);

/** How many columns it has. */
WEIR_API unsigned weir_sqlite_columns(const weir_sqlite_row *row);
/** A column's name, as the statement has it; NULL if there is no such column (from 0), or no
 *  memory. Valid until the callback returns. */
WEIR_API const char *weir_sqlite_column_name(const weir_sqlite_row *row, unsigned column);
/** A column's value; its data is valid until the callback returns. Returns 0, -EINVAL (no
 *  such column) or -ENOMEM. */
WEIR_API int weir_sqlite_column(const weir_sqlite_row *row, unsigned column,
				struct weir_sqlite_value *value);

/** Runs a text of any number of statements without parameters, up to the first that fails:
 *  schemas, migrations. Never with text from outside. */
WEIR_API int weir_sqlite_script(weir_sqlite *db, const char *sql, weir_token *token,
				weir_time until);

/* --- transactions --- */

enum weir_sqlite_mode {
	WEIR_SQLITE_WRITE, /**< BEGIN IMMEDIATE: takes the one lock for writing, or waits for it */
	WEIR_SQLITE_READ   /**< BEGIN: for reading the same state several times */
};

/** Begins a transaction. After an error there is none. */
WEIR_API int weir_sqlite_begin(weir_sqlite *db, enum weir_sqlite_mode mode, weir_token *token,
			       weir_time until);
/** Commits it. After 0 it is committed, even if the token has tripped meanwhile; after an error
 *  it has been rolled back. */
WEIR_API int weir_sqlite_commit(weir_sqlite *db, weir_token *token, weir_time until);
/** Rolls it back, whatever has become of any token; does nothing if there is none: an
 *  interrupt and some errors roll back by themselves. Returns 0, or an error after which
 *  the connection will be closed on release. */
WEIR_API int weir_sqlite_rollback(weir_sqlite *db);

/** Does a transaction's work: 0 to commit, a negative errno to roll back. */
typedef int (*weir_sqlite_work)(weir_sqlite *db, void *arg, weir_token *token, weir_time until);

/** Begin; work; commit, or roll back if the work failed or the token tripped. Returns the first
 *  error: message and code are those of the statement that failed. */
WEIR_API int weir_sqlite_transaction(weir_sqlite *db, enum weir_sqlite_mode mode,
				     weir_sqlite_work work, void *arg, weir_token *token,
				     weir_time until);

/* --- what else --- */

/** SQLite's words for the last error on this connection, "" if the last call went well; valid
 *  until the next call on it. Never NULL. */
WEIR_API const char *weir_sqlite_message(const weir_sqlite *db);
/** SQLite's extended result code of the last call (SQLITE_CONSTRAINT_UNIQUE, ...); 0: none. */
WEIR_API int weir_sqlite_code(const weir_sqlite *db);

/** The connection itself, for what is missing here. What runs through it is not interrupted;
 *  it must leave no statement active, and neither close it nor change its busy handler. */
WEIR_API struct sqlite3 *weir_sqlite_handle(weir_sqlite *db);

#ifdef __cplusplus
}
#endif

#endif
