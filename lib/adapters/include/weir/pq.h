/* weir/pq.h: PostgreSQL under a token.
 *
 * An adapter between libpq and weir/token.h, a library of its own (weir-pq): connections,
 * statements with parameters whose rows are streamed, transactions, and a pool. Every wait is
 * a poll of the connection's socket and of the token; libpq's own blocking calls are not used.
 *
 * When the token trips (or the time comes) while a statement runs, the server is told to
 * cancel it, what it still sends is read and dropped, and the connection can be used for the
 * next statement. If that takes longer than the connection's cancel_timeout, the connection is
 * closed instead: weir_pq_usable() says which. A pool replaces closed connections by itself.
 *
 * Errors are negative errno values; weir_pq_error() has SQLSTATE and words. -ECANCELED is told
 * for the caller's own token only, -ETIMEDOUT for the caller's time (and for the
 * connect_timeout).
 *
 * Out of reach, because libpq does it by itself and blocking, while it connects: reading its
 * files (service, password, certificates), and asking a Kerberos or LDAP server, if it is set
 * up to. Names of hosts are resolved by weir_getaddrinfo().
 *
 * Thread safety: a pool may be used by any number of threads, a connection by one at a time.
 */
#ifndef WEIR_PQ_H
#define WEIR_PQ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weir/time.h>
#include <weir/token.h>
#include <weir/visibility.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weir_pq weir_pq;
typedef struct weir_pq_row weir_pq_row;
typedef struct weir_pq_pool weir_pq_pool;

/** What went wrong. */
struct weir_pq_error {
	char sqlstate[6]; /**< "57014"; "" if the error is not the server's */
	char text[250];   /**< one line for people; cut if it is longer */
};

/** How to connect. Zero or NULL: the default. */
struct weir_pq_options {
	/** "host=/run/postgresql dbname=app" or "postgresql://user@host/app"; what it does not
	 *  say comes from the environment (PGHOST, ...), as libpq's manual has it. Copied. */
	const char *conninfo;
	/** Longest time that making a connection may take. Default 10 s. */
	weir_time connect_timeout;
	/** After a trip: how long the server may take to cancel a statement (or to roll back)
	 *  before the connection is closed. The caller is kept waiting for as long. Default 1 s. */
	weir_time cancel_timeout;
};

/** A parameter, $1, $2, ... in the statement. */
struct weir_pq_param {
	const char *value; /**< as text, "42"; NULL is SQL's NULL; borrowed */
	/** The type's OID, like weir_pq_type("int8"); 0: the server decides by the context. */
	unsigned type;
};

/** Called for each row, which is borrowed and gone when it returns. A value other than 0 stops
 *  the statement (which is cancelled) and is returned by the call. It may block: the server is
 *  made to wait meanwhile. It must not use the connection (-EBUSY). */
typedef int (*weir_pq_row_fn)(void *arg, const weir_pq_row *row);

/** The OID of one of PostgreSQL's own types by its name: "bool", "int2", "int4", "int8",
 *  "float4", "float8", "numeric", "text", "date", "timestamp", "timestamptz", "uuid", "json",
 *  "jsonb", "bytea". 0: not one of them. */
WEIR_API unsigned weir_pq_type(const char *name);

/* Connections. */

/** Connects. On success *out is the caller's, who must weir_pq_close() it. `error`, which may
 *  be NULL, has the words after a failure. Returns 0; -ECANCELED; -ETIMEDOUT; -EINVAL (the
 *  conninfo); -ENOENT (no such host or database); -EACCES (password, pg_hba.conf);
 *  -ECONNREFUSED (nothing there, or another failure of the attempt); -EAGAIN (too many
 *  connections, or the server is starting up); -ENOMEM, -EMFILE. */
WEIR_API int weir_pq_open(const struct weir_pq_options *options, weir_token *token, weir_time until,
			  weir_pq **out, struct weir_pq_error *error);

/** Closes and frees. NULL is ignored. Does not wait. Not for connections of a pool. */
WEIR_API void weir_pq_close(weir_pq *connection);

/** False once the connection was lost or closed: every further call gives -ENOTCONN. */
WEIR_API bool weir_pq_usable(const weir_pq *connection);

/** The words for the last error on this connection; borrowed, until the next call. */
WEIR_API const struct weir_pq_error *weir_pq_error(const weir_pq *connection);

/** Runs one statement with `count` parameters (NULL, 0: none) and gives its rows to `row`
 *  (NULL: they are dropped), one by one, as they come: only one is held at a time (libpq
 *  itself takes rows of up to 1 GiB). Returns 0 when all has been done; what `row` returned;
 *  -ECANCELED, -ETIMEDOUT: the statement has been cancelled, or the connection is closed (a
 *  statement that was just finishing may have taken effect); -ECONNRESET: the connection was
 *  lost; -ENOTCONN; -EBUSY (from inside `row`); -ENOTSUP (COPY); or by SQLSTATE:
 *  -EEXIST (a unique key), -EINVAL (a value, a constraint, the statement's text), -EAGAIN
 * (serialization failure or deadlock: do the transaction again), -EACCES (no right), -ENOENT (no
 * such table), -EBUSY (lock not available), -EINTR (cancelled by somebody else, or by a timeout of
 * the server's), -ENOSPC, -ENOMEM, -EIO (anything else). */
WEIR_API int weir_pq_query(weir_pq *connection, const char *sql, const struct weir_pq_param *params,
			   size_t count, weir_pq_row_fn row, void *arg, weir_token *token,
			   weir_time until);

/** The same without parameters and rows: for INSERT, CREATE, SET, ... */
WEIR_API int weir_pq_exec(weir_pq *connection, const char *sql, weir_token *token, weir_time until);

/** How many rows the last statement has returned, inserted, changed or removed. */
WEIR_API int64_t weir_pq_affected(const weir_pq *connection);

/* Rows: for use inside a weir_pq_row_fn. Columns count from 0; one that is not there has the
 * name "", the type 0 and no value. All that is returned is borrowed until the function
 * returns. */

WEIR_API int weir_pq_columns(const weir_pq_row *row);
WEIR_API const char *weir_pq_column_name(const weir_pq_row *row, int column);
/** The type's OID. */
WEIR_API unsigned weir_pq_column_type(const weir_pq_row *row, int column);
/** The value as text, followed by a NUL; NULL is SQL's NULL. */
WEIR_API const char *weir_pq_value(const weir_pq_row *row, int column);
/** Its length without the NUL. */
WEIR_API size_t weir_pq_value_size(const weir_pq_row *row, int column);

/* Transactions. */

/** What is to be done within a transaction: 0 commits, anything else rolls back. */
typedef int (*weir_pq_transaction_fn)(weir_pq *connection, void *arg, weir_token *token,
				      weir_time until);

/** BEGIN, `fn`, COMMIT; ROLLBACK if `fn` returns other than 0, or the token is tripped, or the
 *  time has come, before the COMMIT is sent. `mode` (NULL: the server's default) follows the
 *  BEGIN: "READ ONLY", "ISOLATION LEVEL SERIALIZABLE"; it is SQL: never from a client. The rollback
 *  does not depend on the token; it has cancel_timeout, after which the connection is closed
 *  (and the server rolls back by itself).
 *  Returns 0 when committed; what `fn` returned; or as weir_pq_query(). -EINVAL with SQLSTATE
 *  25P02 if `fn` returned 0 although one of its statements had failed; -EBUSY within another
 *  transaction. After -ECONNRESET, -ECANCELED or -ETIMEDOUT of the COMMIT itself it is
 *  known only to the server whether it was done. */
WEIR_API int weir_pq_transaction(weir_pq *connection, const char *mode, weir_pq_transaction_fn fn,
				 void *arg, weir_token *token, weir_time until);

/* The pool. */

/** Zero or NULL: the default. */
struct weir_pq_pool_options {
	struct weir_pq_options connection; /**< for each */
	unsigned size;                     /**< connections at most, 1 to 1024. Default 8 */
	/** A connection that was idle for longer is tried with an empty statement before it
	 *  is given out. (Whether the server has closed it is looked at each time.) Default 30 s.
	 */
	weir_time idle_check;
};

/** Makes a pool; connects to nothing yet. `options` is copied. Returns 0, -EINVAL, -ENOMEM. */
WEIR_API int weir_pq_pool_create(const struct weir_pq_pool_options *options, weir_pq_pool **out);

/** Lends a connection: waits for its turn (first come, first served), takes an idle one that
 *  is in order or makes one. On success *out must go back with weir_pq_pool_release(). Returns 0;
 *  -ECANCELED, -ETIMEDOUT; -EPIPE once weir_pq_pool_destroy() has been called; or as
 *  weir_pq_open(), with the words in `error`, which may be NULL. */
WEIR_API int weir_pq_pool_acquire(weir_pq_pool *pool, weir_token *token, weir_time until,
				  weir_pq **out, struct weir_pq_error *error);

/** Gives it back, from any thread. A transaction that is still open is rolled back (in
 *  cancel_timeout at most); a lost connection is closed. Settings made with SET stay with the
 *  session: use SET LOCAL. NULL is ignored. */
WEIR_API void weir_pq_pool_release(weir_pq_pool *pool, weir_pq *connection);

/** Ends the waiting of all in acquire (-EPIPE), waits until every connection is back and frees
 *  the pool. Returns 0; or -ETIMEDOUT at `until` with connections still out: nothing is freed
 *  then, and it may be called again. One thread; nobody may begin an acquire after this call.
 *  NULL is ignored. */
WEIR_API int weir_pq_pool_destroy(weir_pq_pool *pool, weir_time until);

/** Now: connections lent out, and idle ones. */
WEIR_API void weir_pq_pool_count(weir_pq_pool *pool, unsigned *lent, unsigned *idle);

#ifdef __cplusplus
}
#endif

#endif
