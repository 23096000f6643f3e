/* connection.h: one connection to a database, and the calls that run on it.
 *
 * A connection has one owner at a time (pool.c hands it over); only its owner touches it. The
 * one thing that another thread ever does to it is sqlite3_interrupt(), from a token's
 * callback, between weir__sqlite_enter() and weir__sqlite_leave().
 */
#ifndef WEIR_SQLITE_CONNECTION_H
#define WEIR_SQLITE_CONNECTION_H

#include <sqlite3.h>

#include <weir/sqlite.h>

/** The longest message kept, its NUL included; longer ones are cut. */
#define WEIR_SQLITE_MESSAGE_SIZE 256

/* A call on a connection: whose token ends it. On the caller's stack. */
struct weir_sqlite_call {
	weir_sqlite *db;
	weir_token *token;   /* the caller's */
	weir_token *limited; /* the caller's, or a child of it with the call's deadline */
	weir_token_callback callback;
};

struct weir_sqlite {
	/* fixed */
	sqlite3 *handle;
	sqlite3_stmt *pin; /* see call.c */
	weir_sqlite_pool *pool;
	/* the owner's */
	struct weir_sqlite_call *call; /* that runs; NULL: none */
	bool writing;                  /* has the pool's turn to write */
	bool broken;                   /* cannot be given to anybody else */
	int code;
	char message[WEIR_SQLITE_MESSAGE_SIZE];
	/* under the pool's lock */
	weir_sqlite *next_idle;
};

/* connection.c: opens one as `options` say, under the token. An error leaves its words in
 * `message`, which has WEIR_SQLITE_MESSAGE_SIZE bytes. */
int weir__sqlite_open(const struct weir_sqlite_options *options, weir_sqlite **out, char *message,
		      weir_token *token, weir_time until);
void weir__sqlite_close(weir_sqlite *db);

/* call.c: begins a call. 0; -ECANCELED, -ETIMEDOUT, -EBUSY (one runs already), or why the
 * deadline could not be set; then there is nothing to leave. */
int weir__sqlite_enter(struct weir_sqlite_call *call, weir_sqlite *db, weir_token *token,
		       weir_time until);
/* Ends it: from here on no interrupt comes, and none is left. Returns what the call returns
 * whose last result code of SQLite was `code`. */
int weir__sqlite_leave(struct weir_sqlite_call *call, int code);
/* The busy handler of a connection: sleeps a while under the token of its call. 0 to give up. */
int weir__sqlite_wait_for_lock(void *db, int count);

/* error.c: forgets the last error; notes this one of the connection's, before the next
 * use of its handle; notes one of our own. */
void weir__sqlite_clear(weir_sqlite *db);
void weir__sqlite_note(weir_sqlite *db, int code);
int weir__sqlite_refuse(weir_sqlite *db, int error, const char *message);
/* The errno for a result code. */
int weir__sqlite_errno(weir_sqlite *db, int code);

/* statement.c: runs statements within a call; a result code of SQLite. Ends at the first that
 * fails. */
int weir__sqlite_run_script(weir_sqlite *db, const char *sql);

/* pool.c: one connection of a pool at a time writes in a transaction. */
int weir__sqlite_take_turn(weir_sqlite *db, weir_token *token, weir_time until);
void weir__sqlite_end_turn(weir_sqlite *db);

#endif
