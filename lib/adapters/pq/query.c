/* query.c: runs one statement.
 *
 * idle -> sending -> receiving -> idle
 *             \          \--> given up --> idle, or closed   (cancel.c)
 *              \--> closed                                   (the connection is lost)
 *
 * The statement goes out in the extended protocol, one row at a time comes back (libpq's
 * single-row mode), and libpq reads from the socket only when it has no whole message left: so
 * the rows that are not taken yet wait in the server, held back by TCP.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>

#include "connection.h"

/* The protocol counts parameters in 16 bits. */
enum { PARAMS_MAX = UINT16_MAX };

struct weir_pq_row {
	const PGresult *result;
};

/* What one statement is run with. */
struct statement {
	weir_pq *connection;
	weir_pq_row_fn row;
	void *arg;
	weir_token *token;
	weir_time until;
};

static int expired(const struct statement *statement)
{
	if (weir_token_check(statement->token) != 0)
		return -ECANCELED;
	if (statement->until != WEIR_NEVER && weir_now() >= statement->until)
		return -ETIMEDOUT;
	return 0;
}

static int send_params(PGconn *pg, const char *sql, const struct weir_pq_param *params, int count)
{
	size_t room = count ? (size_t)count : 1, i;
	const char **values = calloc(room, sizeof(*values));
	Oid *types = calloc(room, sizeof(*types));
	int result = -ENOMEM;

	if (!values || !types)
		goto free_arrays;
	for (i = 0; i < (size_t)count; i++) {
		values[i] = params[i].value;
		types[i] = params[i].type;
	}
	result = PQsendQueryParams(pg, sql, count, types, values, NULL, NULL, 0) &&
				 PQsetSingleRowMode(pg)
			 ? 0
			 : -ECONNRESET;
free_arrays:
	free(types);
	free(values);
	return result;
}

/* Sends what is left to be sent, reads if something has come. Returns 0 with *events to wait
 * for, or -ECONNRESET. Reading too while sending: a server that cannot get rid of what
 * it says would not read. */
static int pump(weir_pq *connection, short *events)
{
	int unsent;

	if (!PQconsumeInput(connection->pg))
		return weir__pq_lost(connection);
	unsent = PQflush(connection->pg);
	if (unsent < 0)
		return weir__pq_lost(connection);
	*events = unsent ? POLLIN | POLLOUT : POLLIN;
	return 0;
}

/* The next result; NULL after the last. */
static int next_result(const struct statement *statement, PGresult **out)
{
	weir_pq *connection = statement->connection;
	short events = POLLIN;
	int error;

	while (PQisBusy(connection->pg)) {
		error = pump(connection, &events);
		if (error)
			return error;
		if (!PQisBusy(connection->pg))
			break;
		error = weir__pq_wait(connection->pg, events, statement->token, statement->until);
		if (error == -ECONNRESET)
			return weir__pq_lost(connection);
		if (error)
			return error;
	}
	*out = PQgetResult(connection->pg);
	return 0;
}

static int give_row(const struct statement *statement, const PGresult *result)
{
	const struct weir_pq_row row = {.result = result};
	int error = expired(statement);

	if (error || !statement->row)
		return error;
	statement->connection->busy = true;
	error = statement->row(statement->arg, &row);
	statement->connection->busy = false;
	return error;
}

static int64_t affected_by(PGresult *result)
{
	const char *text = PQcmdTuples(result);

	return text[0] ? strtoll(text, NULL, 10) : 0;
}

static bool is_copy(ExecStatusType status)
{
	return status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH;
}

/* Takes one result. Returns 0 to go on; what ends the statement at once goes to *end. */
static int take(const struct statement *statement, PGresult *result, int *end)
{
	weir_pq *connection = statement->connection;

	switch (PQresultStatus(result)) {
	case PGRES_SINGLE_TUPLE:
		*end = give_row(statement, result);
		return 0;
	case PGRES_TUPLES_OK:
	case PGRES_COMMAND_OK:
	case PGRES_EMPTY_QUERY:
		connection->affected = affected_by(result);
		connection->completed = true;
		return 0;
	default:
		if (is_copy(PQresultStatus(result)))
			*end = weir__pq_say(&connection->error, -ENOTSUP, "COPY is not supported");
		else
			return weir__pq_say_result(&connection->error, result);
		return 0;
	}
}

/* Takes results up to the last. Returns 0, the error of the statement (which is over), or with
 * *given_up set what ended the taking before the last. */
static int receive(const struct statement *statement, bool *given_up)
{
	PGresult *result = NULL;
	int error = 0, failure, end;

	*given_up = false;
	for (;;) {
		end = next_result(statement, &result);
		if (!end && !result)
			return error;
		if (!end) {
			failure = take(statement, result, &end);
			error = failure ? failure : error;
			PQclear(result);
		}
		if (end) {
			*given_up = statement->connection->pg != NULL;
			return end;
		}
	}
}

int weir__pq_drain(weir_pq *connection, short *events)
{
	PGresult *result;
	ExecStatusType status;

	for (;;) {
		if (PQisBusy(connection->pg)) {
			if (pump(connection, events) != 0)
				return -ECONNRESET;
			if (PQisBusy(connection->pg))
				return -EAGAIN;
		}
		result = PQgetResult(connection->pg);
		if (!result)
			return 0;
		status = PQresultStatus(result);
		if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK)
			connection->completed = true;
		PQclear(result);
		/* It is in the middle of a COPY, and would say so again and again. */
		if (is_copy(status))
			return weir__pq_lost(connection);
	}
}

static int run(const struct statement *statement, const char *sql,
	       const struct weir_pq_param *params, size_t count)
{
	weir_pq *connection = statement->connection;
	bool given_up;
	int error;

	error = send_params(connection->pg, sql, params, (int)count);
	if (error == -ENOMEM)
		return weir__pq_say(&connection->error, error, "out of memory");
	if (error)
		return weir__pq_lost(connection);
	error = receive(statement, &given_up);
	if (given_up) {
		if (error == -ECANCELED || error == -ETIMEDOUT)
			(void)weir__pq_say(&connection->error, error, "given up");
		weir__pq_cancel(connection);
	} else if (connection->pg &&
		   (error == -ECONNRESET || PQstatus(connection->pg) == CONNECTION_BAD)) {
		return weir__pq_lost(connection);
	}
	return error;
}

int weir_pq_query(weir_pq *connection, const char *sql, const struct weir_pq_param *params,
		  size_t count, weir_pq_row_fn row, void *arg, weir_token *token, weir_time until)
{
	const struct statement statement = {connection, row, arg, token, until};
	int error;

	if (connection->busy)
		return -EBUSY;
	weir__pq_clear(&connection->error);
	connection->affected = 0;
	connection->completed = false;
	if (!connection->pg)
		return weir__pq_say(&connection->error, -ENOTCONN, "the connection is closed");
	if (count > PARAMS_MAX)
		return weir__pq_say(&connection->error, -EINVAL, "too many parameters");
	error = expired(&statement);
	if (error)
		return weir__pq_say(&connection->error, error, "given up before it began");
	return run(&statement, sql, params, count);
}

int weir_pq_exec(weir_pq *connection, const char *sql, weir_token *token, weir_time until)
{
	return weir_pq_query(connection, sql, NULL, 0, NULL, NULL, token, until);
}

static bool has_column(const weir_pq_row *row, int column)
{
	return column >= 0 && column < PQnfields(row->result);
}

int weir_pq_columns(const weir_pq_row *row)
{
	return PQnfields(row->result);
}

const char *weir_pq_column_name(const weir_pq_row *row, int column)
{
	return has_column(row, column) ? PQfname(row->result, column) : "";
}

unsigned weir_pq_column_type(const weir_pq_row *row, int column)
{
	return has_column(row, column) ? PQftype(row->result, column) : 0;
}

const char *weir_pq_value(const weir_pq_row *row, int column)
{
	if (!has_column(row, column) || PQgetisnull(row->result, 0, column))
		return NULL;
	return PQgetvalue(row->result, 0, column);
}

size_t weir_pq_value_size(const weir_pq_row *row, int column)
{
	return has_column(row, column) ? (size_t)PQgetlength(row->result, 0, column) : 0;
}
