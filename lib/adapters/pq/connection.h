/* connection.h: a connection, and what the files of this adapter share.
 *
 * States: usable (`pg` is set, in libpq's non-blocking mode, with no statement under way
 * between calls), and closed (`pg` is NULL) after the connection was lost or given up.
 * Closed is for good: only weir_pq_close() and the pool's release are left.
 */
#ifndef WEIR_PQ_CONNECTION_H
#define WEIR_PQ_CONNECTION_H

#include <libpq-fe.h>

#include <weir/pq.h>

struct weir_pq {
	/* fixed after weir_pq_open() */
	weir_time cancel_timeout;

	/* of the thread that uses the connection */
	PGconn *pg;
	struct weir_pq_error error;
	int64_t affected;
	bool busy;      /* a statement is under way: its row function runs */
	bool completed; /* the last statement ended without an error, even if we gave it up */

	/* under the pool's lock, while it is idle */
	struct weir_pq *next_idle;
	weir_time idle_since;
};

/* hosts.c */

/* Sets *keywords and *values (as PQconnectStartParams() takes them) from conninfo, with names
 * of hosts resolved. *room, to be freed with weir__pq_free_params(), holds the strings. */
struct weir__pq_params {
	const char **keywords;
	const char **values;
	PQconninfoOption *parsed;
	char *host, *address, *port; /* in place of what was parsed; or NULL */
};
int weir__pq_params(const char *conninfo, weir_token *token, weir_time until,
		    struct weir__pq_params *params, struct weir_pq_error *error);
void weir__pq_free_params(struct weir__pq_params *params);

/* connect.c */

/* The earlier of `until` and `duration` from now. */
weir_time weir__pq_bound(weir_time until, weir_time duration);
/* Waits until the socket is ready. 0 (or not: libpq will see), -ECANCELED, -ETIMEDOUT, ... */
int weir__pq_wait(PGconn *pg, short events, weir_token *token, weir_time until);
/* Closes it, for good. */
void weir__pq_drop(weir_pq *connection);

/* error.c */

void weir__pq_clear(struct weir_pq_error *error);
/* Fills in words of ours; returns `code`. */
int weir__pq_say(struct weir_pq_error *error, int code, const char *text);
/* ... the server's, about a statement; returns the errno for its SQLSTATE. */
int weir__pq_say_result(struct weir_pq_error *error, const PGresult *result);
/* ... libpq's, about an attempt to connect whose messages are verbose; returns the errno. */
int weir__pq_say_attempt(struct weir_pq_error *error, const PGconn *pg);
/* ... libpq's, about a connection that is lost; closes it; returns -ECONNRESET. */
int weir__pq_lost(weir_pq *connection);

/* query.c */

/* Takes what has come of the statement's results and drops it. Returns 0 when all have
 * come, -EAGAIN (poll for *events), or -ECONNRESET. */
int weir__pq_drain(weir_pq *connection, short *events);

/* cancel.c */

/* Ends the statement under way. The connection is usable afterwards, or closed. */
void weir__pq_cancel(weir_pq *connection);

/* transaction.c */

/* Rolls back, however long it takes, up to cancel_timeout; else closes. */
void weir__pq_rollback(weir_pq *connection);

#endif
