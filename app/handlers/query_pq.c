/* query_pq.c: statements on PostgreSQL, through weir/pq.h. */
#include "query_database.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <weir/pq.h>

#define OPEN_PATIENCE (10 * WEIR_SECOND)
#define NUMBER_SIZE 32

/* ---- opening --------------------------------------------------------------------- */

static int run_setup(weir_pq *connection, const struct query_database_options *options)
{
	int error = 0;
	for (size_t i = 0; error == 0 && i < options->setup_count; i++)
		error = weir_pq_exec(connection, options->setup[i], options->token,
				     weir_after(OPEN_PATIENCE));
	return error;
}

/* Connects once: what cannot be reached is found out now. */
static int try_pool(weir_pq_pool *pool, const struct query_database_options *options, char *text,
		    size_t size)
{
	weir_pq *connection;
	struct weir_pq_error words = {0};
	int error = weir_pq_pool_acquire(pool, options->token, weir_after(OPEN_PATIENCE),
					 &connection, &words);
	if (error != 0) {
		(void)snprintf(text, size, "%s",
			       words.text[0] != '\0' ? words.text : strerror(-error));
		return error;
	}
	if (!options->look_only)
		error = run_setup(connection, options);
	if (error != 0)
		(void)snprintf(text, size, "%s", weir_pq_error(connection)->text);
	weir_pq_pool_release(pool, connection);
	return error;
}

static int open_pq(struct query_database *database, const struct query_database_options *options,
		   char *text, size_t size)
{
	const struct weir_pq_pool_options pool_options = {
		.connection = {.conninfo = options->url},
		.size = options->connections,
	};
	weir_pq_pool *pool;
	int error = weir_pq_pool_create(&pool_options, &pool);
	if (error != 0) {
		(void)snprintf(text, size, "%s", strerror(-error));
		return error;
	}
	error = try_pool(pool, options, text, size);
	if (error != 0)
		(void)weir_pq_pool_destroy(pool, WEIR_NEVER); /* all are back */
	else
		database->pool = pool;
	return error;
}

static void close_pq(struct query_database *database)
{
	/* Every handler is over, so every connection is back. */
	(void)weir_pq_pool_destroy(database->pool, WEIR_NEVER);
}

/* ---- running --------------------------------------------------------------------- */

/* JSON has no NaN and no infinity, which PostgreSQL spells out. */
static bool is_number(const char *text)
{
	text += *text == '-';
	return *text >= '0' && *text <= '9';
}

static void write_value(struct query_rows *rows, const weir_pq_row *row, int column)
{
	unsigned type = weir_pq_column_type(row, column);
	const char *value = weir_pq_value(row, column);
	size_t size = weir_pq_value_size(row, column);
	if (value == NULL)
		query_rows_null(rows);
	else if (type == weir_pq_type("bool"))
		query_rows_raw(rows, *value == 't' ? "true" : "false", *value == 't' ? 4 : 5);
	else if (type == weir_pq_type("json") || type == weir_pq_type("jsonb"))
		query_rows_raw(rows, value, size);
	else if ((type == weir_pq_type("int2") || type == weir_pq_type("int4") ||
		  type == weir_pq_type("int8") || type == weir_pq_type("float4") ||
		  type == weir_pq_type("float8") || type == weir_pq_type("numeric")) &&
		 is_number(value))
		query_rows_raw(rows, value, size);
	else
		query_rows_text(rows, value, size);
}

static int write_row(void *arg, const weir_pq_row *row)
{
	struct query_rows *rows = arg;
	query_rows_begin(rows);
	int columns = weir_pq_columns(row);
	for (int i = 0; i < columns; i++) {
		query_rows_name(rows, (unsigned)i, weir_pq_column_name(row, i));
		write_value(rows, row, i);
	}
	return query_rows_end(rows);
}

struct work {
	struct query_run *run;
	const struct weir_pq_param *params;
};

static int work(weir_pq *connection, void *arg, weir_token *token, weir_time until)
{
	const struct work *work = arg;
	struct query_run *run = work->run;
	int error = weir_pq_query(connection, run->sql, work->params, run->count, write_row,
				  run->rows, token, until);
	if (error == 0 && !run->reading)
		run->changed = weir_pq_affected(connection);
	return error;
}

/* Values go as texts whose type the server finds out by itself: "5" fits every kind of number. */
static struct weir_pq_param bind(const struct query_value *value, char number[NUMBER_SIZE])
{
	struct weir_pq_param param = {.value = number};
	if (value->null) {
		param.value = NULL;
		return param;
	}
	switch (value->type) {
	case QUERY_INTEGER:
		(void)snprintf(number, NUMBER_SIZE, "%" PRId64, value->integer);
		break;
	case QUERY_REAL:
		(void)snprintf(number, NUMBER_SIZE, "%.17g", value->real);
		break;
	case QUERY_BOOLEAN:
		param.value = value->integer != 0 ? "true" : "false";
		break;
	case QUERY_TEXT:
		param.value = value->text;
		break;
	}
	return param;
}

/* By the class of the SQLSTATE (PostgreSQL's manual, appendix A), or the errno without one. */
static struct query_failure failure_of(int error, const char *sqlstate)
{
	if (strncmp(sqlstate, "22", 2) == 0)
		return (struct query_failure){400, "a parameter is out of its range", false};
	if (strncmp(sqlstate, "23", 2) == 0)
		return (struct query_failure){409, "this conflicts with what is stored", false};
	if (error == -EAGAIN || error == -EBUSY)
		return (struct query_failure){503, "the database is busy", true};
	if (error == -ECONNRESET || error == -ENOTCONN)
		return (struct query_failure){503, "the database was lost", true};
	return (struct query_failure){0};
}

static int run_pq(struct query_database *database, struct query_run *run,
		  struct query_failure *failure)
{
	struct weir_pq_param *params = calloc(run->count + 1, sizeof *params);
	char(*numbers)[NUMBER_SIZE] = calloc(run->count + 1, sizeof *numbers);
	int error = -ENOMEM;
	if (params == NULL || numbers == NULL)
		goto free_params;
	for (size_t i = 0; i < run->count; i++)
		params[i] = bind(&run->values[i], numbers[i]);
	weir_pq *connection;
	error = weir_pq_pool_acquire(database->pool, run->token, WEIR_NEVER, &connection, NULL);
	if (error != 0) {
		if (error != -ECANCELED && error != -ENOMEM)
			*failure =
				(struct query_failure){503, "the database cannot be reached", true};
		goto free_params;
	}
	struct work what = {run, params};
	error = weir_pq_transaction(connection, run->reading ? "READ ONLY" : NULL, work, &what,
				    run->token, WEIR_NEVER);
	if (error != 0)
		*failure = failure_of(error, weir_pq_error(connection)->sqlstate);
	weir_pq_pool_release(database->pool, connection);

free_params:
	free(numbers);
	free(params);
	return error;
}

const struct query_backend query_backend_pq = {
	.mark = '$',
	.open = open_pq,
	.run = run_pq,
	.close = close_pq,
};
