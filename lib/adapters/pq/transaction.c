/* transaction.c: BEGIN, the caller's work, COMMIT or ROLLBACK.
 *
 * The COMMIT is sent under the caller's token; when that trips in the middle, the server's answer
 * decides: a COMMIT that got through is a success, whatever the token says by then.
 */
#include <errno.h>
#include <stdio.h>

#include "connection.h"

static int begin(weir_pq *connection, const char *mode, weir_token *token, weir_time until)
{
	char sql[256];
	int length;

	if (!connection->pg)
		return weir__pq_say(&connection->error, -ENOTCONN, "the connection is closed");
	if (PQtransactionStatus(connection->pg) != PQTRANS_IDLE)
		return weir__pq_say(&connection->error, -EBUSY, "within another transaction");
	length = snprintf(sql, sizeof(sql), "BEGIN %s", mode ? mode : "");
	if (length < 0 || (size_t)length >= sizeof(sql))
		return weir__pq_say(&connection->error, -EINVAL, "the mode is too long");
	return weir_pq_exec(connection, sql, token, until);
}

static int commit(weir_pq *connection, weir_token *token, weir_time until)
{
	int error;

	if (!connection->pg)
		return -ENOTCONN;
	/* COMMIT would roll back, and call it a success. */
	if (PQtransactionStatus(connection->pg) == PQTRANS_INERROR) {
		(void)weir__pq_say(&connection->error, -EINVAL,
				   "a statement of the transaction has failed");
		(void)snprintf(connection->error.sqlstate, sizeof(connection->error.sqlstate),
			       "25P02");
		return -EINVAL;
	}
	error = weir_pq_exec(connection, "COMMIT", token, until);
	return (error == -ECANCELED || error == -ETIMEDOUT) && connection->completed ? 0 : error;
}

void weir__pq_rollback(weir_pq *connection)
{
	/* The words of what went wrong before are what the caller wants to know. */
	const struct weir_pq_error cause = connection->error;

	if (connection->pg && PQtransactionStatus(connection->pg) != PQTRANS_IDLE &&
	    weir_pq_exec(connection, "ROLLBACK", NULL, weir_after(connection->cancel_timeout)) !=
		    0 &&
	    connection->pg)
		weir__pq_drop(connection);
	connection->error = cause;
}

int weir_pq_transaction(weir_pq *connection, const char *mode, weir_pq_transaction_fn fn, void *arg,
			weir_token *token, weir_time until)
{
	int error;

	if (connection->busy)
		return -EBUSY;
	error = begin(connection, mode, token, until);
	if (error == -EBUSY) /* it is somebody else's to end */
		return error;
	if (!error)
		error = fn(connection, arg, token, until);
	if (!error)
		error = commit(connection, token, until);
	if (error)
		weir__pq_rollback(connection);
	return error;
}
