/* connect.c: makes and closes connections.
 *
 * PQconnectStart() and PQconnectPoll() do it in steps that do not wait, if they need not resolve
 * a name (hosts.c sees to that). The socket may be another one after each step: several
 * addresses are tried in turn.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include <weir/io.h>

#include "connection.h"

static const weir_time DEFAULT_CONNECT_TIMEOUT = 10 * WEIR_SECOND;
static const weir_time DEFAULT_CANCEL_TIMEOUT = WEIR_SECOND;

weir_time weir__pq_bound(weir_time until, weir_time duration)
{
	weir_time bound = weir_after(duration);

	return bound < until ? bound : until;
}

int weir__pq_wait(PGconn *pg, short events, weir_token *token, weir_time until)
{
	struct pollfd fd = {.fd = PQsocket(pg), .events = events};
	int ready;

	if (fd.fd < 0) /* poll() would ignore it and wait for nothing */
		return -ECONNRESET;
	ready = weir_poll(token, &fd, 1, until);
	return ready < 0 ? ready : 0;
}

/* libpq prints notices to stderr unless somebody takes them. */
static void ignore_notice(void *arg, const PGresult *result)
{
	(void)arg;
	(void)result;
}

static int attempt(PGconn *pg, weir_token *token, weir_time until, struct weir_pq_error *error)
{
	PostgresPollingStatusType next = PGRES_POLLING_WRITING; /* so says the manual */
	int result = 0;

	while (!result && next != PGRES_POLLING_OK) {
		if (next == PGRES_POLLING_FAILED)
			return weir__pq_say_attempt(error, pg);
		result = weir__pq_wait(pg, next == PGRES_POLLING_READING ? POLLIN : POLLOUT, token,
				       until);
		if (!result)
			next = PQconnectPoll(pg);
	}
	if (result == -ETIMEDOUT)
		return weir__pq_say(error, result, "the server has not answered in time");
	if (result)
		return weir__pq_say(error, result, "given up while connecting");
	return 0;
}

static int start(const struct weir__pq_params *params, weir_token *token, weir_time until,
		 PGconn **out, struct weir_pq_error *error)
{
	PGconn *pg = PQconnectStartParams(params->keywords, params->values, 0);
	int result;

	if (!pg)
		return weir__pq_say(error, -ENOMEM, "out of memory");
	(void)PQsetNoticeReceiver(pg, ignore_notice, NULL);
	(void)PQsetErrorVerbosity(pg, PQERRORS_VERBOSE);
	if (PQstatus(pg) == CONNECTION_BAD) {
		result = weir__pq_say_attempt(error, pg);
		goto finish;
	}
	result = attempt(pg, token, until, error);
	if (result)
		goto finish;
	(void)PQsetErrorVerbosity(pg, PQERRORS_DEFAULT);
	if (PQsetnonblocking(pg, 1) != 0) {
		result = weir__pq_say(error, -EIO, PQerrorMessage(pg));
		goto finish;
	}
	*out = pg;
	return 0;
finish:
	PQfinish(pg);
	return result;
}

static int open_connection(const struct weir_pq_options *options, weir_token *token,
			   weir_time until, weir_pq **out, struct weir_pq_error *error)
{
	struct weir__pq_params params;
	weir_pq *connection;
	int result = weir__pq_params(options->conninfo, token, until, &params, error);

	if (result)
		return result;
	connection = calloc(1, sizeof(*connection));
	if (!connection) {
		result = weir__pq_say(error, -ENOMEM, "out of memory");
		goto free_params;
	}
	connection->cancel_timeout =
		options->cancel_timeout ? options->cancel_timeout : DEFAULT_CANCEL_TIMEOUT;
	result = start(&params, token, until, &connection->pg, error);
	if (result) {
		free(connection);
		goto free_params;
	}
	*out = connection;
free_params:
	weir__pq_free_params(&params);
	return result;
}

int weir_pq_open(const struct weir_pq_options *options, weir_token *token, weir_time until,
		 weir_pq **out, struct weir_pq_error *error)
{
	static const struct weir_pq_options defaults;
	struct weir_pq_error unwanted;

	if (!options)
		options = &defaults;
	if (!error)
		error = &unwanted;
	weir__pq_clear(error);
	if (options->connect_timeout < 0 || options->cancel_timeout < 0)
		return weir__pq_say(error, -EINVAL, "a negative timeout");
	if (weir_token_check(token) != 0)
		return weir__pq_say(error, -ECANCELED, "given up before connecting");
	until = weir__pq_bound(until, options->connect_timeout ? options->connect_timeout
							       : DEFAULT_CONNECT_TIMEOUT);
	return open_connection(options, token, until, out, error);
}

/* Does not wait: in the non-blocking mode, libpq's farewell to the server is sent or left. */
void weir__pq_drop(weir_pq *connection)
{
	PQfinish(connection->pg);
	connection->pg = NULL;
}

void weir_pq_close(weir_pq *connection)
{
	if (!connection)
		return;
	weir__pq_drop(connection);
	free(connection);
}

bool weir_pq_usable(const weir_pq *connection)
{
	return connection->pg != NULL;
}

const struct weir_pq_error *weir_pq_error(const weir_pq *connection)
{
	return &connection->error;
}

int64_t weir_pq_affected(const weir_pq *connection)
{
	return connection->affected;
}
