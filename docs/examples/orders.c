/* orders.c: a handler whose statements in PostgreSQL end with its request.
 *
 *	orders CONNINFO [ADDRESS]        orders postgresql://user@host/database
 *
 *	curl http://127.0.0.1:8080/orders                   what is in stock
 *	curl -X POST http://127.0.0.1:8080/orders/7         order one of number 7
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <weir/pq.h>
#include <weir/weir.h>

static int write_row(void *arg, const weir_pq_row *row)
{
	char line[256];
	const int length = snprintf(line, sizeof(line), "%s %s\n", weir_pq_value(row, 0),
				    weir_pq_value(row, 1));

	if (length < 0 || (size_t)length >= sizeof(line))
		return -EMSGSIZE;
	return weir_response_write(arg, line, (size_t)length);
}

/* Waits for a connection, runs the statement, streams its rows: all of it ends with the token. */
static int list(weir_request *request, weir_response *response, weir_token *token)
{
	weir_pq_pool *pool = weir_request_context(request);
	weir_pq *connection;
	int error = weir_pq_pool_acquire(pool, token, weir_after(WEIR_SECOND), &connection, NULL);

	if (error == -ETIMEDOUT)
		return weir_response_error(response, 503, "all connections are in use");
	if (error)
		return error;
	error = weir_response_stream(response, -1);
	if (!error)
		error = weir_pq_query(connection, "SELECT number, count FROM stock ORDER BY number",
				      NULL, 0, write_row, response, token, WEIR_NEVER);
	weir_pq_pool_release(pool, connection);
	return error;
}

/* Two statements, both or neither. */
static int order(weir_pq *connection, void *arg, weir_token *token, weir_time until)
{
	const struct weir_pq_param number = {arg, weir_pq_type("int8")};
	int error =
		weir_pq_query(connection, "UPDATE stock SET count = count - 1 WHERE number = $1",
			      &number, 1, NULL, NULL, token, until);

	if (!error && weir_pq_affected(connection) == 0)
		return -ENOENT;
	if (!error)
		error = weir_pq_query(connection, "INSERT INTO orders (number) VALUES ($1)",
				      &number, 1, NULL, NULL, token, until);
	return error;
}

static int post(weir_request *request, weir_response *response, weir_token *token)
{
	weir_pq_pool *pool = weir_request_context(request);
	const char *number = weir_request_param(request, "number");
	weir_pq *connection;
	int error = weir_pq_pool_acquire(pool, token, weir_after(WEIR_SECOND), &connection, NULL);

	if (error)
		return error;
	error = weir_pq_transaction(connection, NULL, order, (void *)number, token,
				    weir_after(5 * WEIR_SECOND));
	weir_pq_pool_release(pool, connection);
	if (error == -ENOENT || error == -EINVAL)
		return weir_response_error(response, 404, "no such number");
	return error ? error : weir_response_printf(response, "ordered\n");
}

/* A stage of teardown: it runs when no handler does any more. */
static int close_pool(void *arg, weir_token *token)
{
	return weir_pq_pool_destroy(arg, weir_token_deadline(token));
}

static int serve(weir_server *server, weir_pq_pool *pool)
{
	int error = weir_server_on_teardown(server, "database", close_pool, pool, 0);

	if (!error)
		error = weir_server_route(server, "GET /orders", list, pool, NULL);
	if (!error)
		error = weir_server_route(server, "POST /orders/{number}", post, pool, NULL);
	return error ? error : weir_server_run(server, NULL);
}

int main(int argc, char **argv)
{
	static int log_fd = STDERR_FILENO;
	const struct weir_server_options options = {
		.listen = argc > 2 ? argv[2] : "127.0.0.1:8080",
		.log = weir_log_text,
		.log_arg = &log_fd,
		.log_level = WEIR_LOG_INFO,
	};
	struct weir_pq_pool_options database = {.size = 8};
	weir_server *server;
	weir_pq_pool *pool;
	int result;

	if (argc < 2) {
		fprintf(stderr, "usage: orders CONNINFO [ADDRESS]\n");
		return 2;
	}
	database.connection.conninfo = argv[1];
	result = weir_pq_pool_create(&database, &pool);
	if (!result)
		result = weir_server_create(&options, &server);
	if (result) {
		fprintf(stderr, "orders: %s\n", strerror(-result));
		return 2;
	}
	result = serve(server, pool);
	if (result == WEIR_ABANDONED)
		_exit(result);
	weir_server_destroy(server);
	return result < 0 ? 2 : result;
}
