/* notes.c: a database behind handlers, whose statements end with the request.
 *
 *	notes FILE [ADDRESS]      curl -X POST -d 'buy milk' http://127.0.0.1:8080/notes
 *	                          curl http://127.0.0.1:8080/notes
 *	                          curl http://127.0.0.1:8080/primes/100
 *
 * GET /primes/{limit} counts prime numbers in SQL, which can take as long as you like: when
 * its client goes, or its second is over, or the server stops, the statement is interrupted.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <weir/sqlite.h>
#include <weir/weir.h>

static int write_row(void *response, const weir_sqlite_row *row)
{
	struct weir_sqlite_value text;
	int error = weir_sqlite_column(row, 0, &text);

	if (!error)
		error = weir_response_write(response, text.data, text.size);
	return error ? error : weir_response_write(response, "\n", 1);
}

/* GET /notes: each row is written as it comes. */
static int list(weir_request *request, weir_response *response, weir_token *token)
{
	weir_sqlite *db;
	int error;

	error = weir_sqlite_acquire(weir_request_context(request), &db, token, WEIR_NEVER);
	if (error)
		return error;
	error = weir_response_stream(response, -1);
	if (!error)
		error = weir_sqlite_query(db, "SELECT text FROM note ORDER BY id", NULL, 0,
					  write_row, response, token, WEIR_NEVER);
	weir_sqlite_release(db);
	return error;
}

/* Both, or neither: the note, and how many there are. */
static int insert_note(weir_sqlite *db, void *text, weir_token *token, weir_time until)
{
	int error = weir_sqlite_exec(db, "INSERT INTO note (text) VALUES (?)", text, 1, NULL, token,
				     until);

	if (error)
		return error;
	return weir_sqlite_exec(db, "UPDATE total SET notes = notes + 1", NULL, 0, NULL, token,
				until);
}

/* POST /notes */
static int add(weir_request *request, weir_response *response, weir_token *token)
{
	struct weir_sqlite_value text = {.type = WEIR_SQLITE_TEXT};
	weir_sqlite *db;
	int error;

	error = weir_request_body(request, &text.data, &text.size);
	if (error)
		return error;
	error = weir_sqlite_acquire(weir_request_context(request), &db, token, WEIR_NEVER);
	if (error)
		return error;
	error = weir_sqlite_transaction(db, WEIR_SQLITE_WRITE, insert_note, &text, token,
					WEIR_NEVER);
	weir_sqlite_release(db);
	if (error == -EEXIST)
		return weir_response_error(response, 409, "there is such a note");
	return error ? error : weir_response_status(response, 201);
}

static int take_number(void *number, const weir_sqlite_row *row)
{
	struct weir_sqlite_value value;
	int error = weir_sqlite_column(row, 0, &value);

	if (!error)
		*(long long *)number = value.integer;
	return error;
}

/* GET /primes/{limit} */
static int primes(weir_request *request, weir_response *response, weir_token *token)
{
	static const char sql[] =
		"WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < "
		":limit), "
		"d(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM d WHERE (i + 1) * (i + 1) < :limit) "
		"SELECT count(*) FROM n WHERE NOT EXISTS "
		"(SELECT 1 FROM d WHERE d.i * d.i <= n.i AND n.i % d.i = 0)";
	const char *text = weir_request_param(request, "limit");
	struct weir_sqlite_value limit;
	long long count = 0;
	weir_sqlite *db;
	char *end;
	int error;

	errno = 0;
	limit = weir_sqlite_integer(strtoll(text, &end, 10));
	limit.name = ":limit";
	if (errno || *end || end == text)
		return weir_response_error(response, 400, "not a number");
	error = weir_sqlite_acquire(weir_request_context(request), &db, token, WEIR_NEVER);
	if (error)
		return error;
	weir_request_note(request, "counting primes");
	error = weir_sqlite_query(db, sql, &limit, 1, take_number, &count, token, WEIR_NEVER);
	weir_sqlite_release(db);
	return error ? error : weir_response_printf(response, "%lld\n", count);
}

static int serve(const char *listen, weir_sqlite_pool *pool)
{
	static const struct weir_route_options bounded = {.deadline = WEIR_SECOND};
	static int log_fd = STDERR_FILENO;
	const struct weir_server_options options = {
		.listen = listen,
		.log = weir_log_text,
		.log_arg = &log_fd,
		.log_level = WEIR_LOG_INFO,
	};
	weir_server *server;
	int result = weir_server_create(&options, &server);

	if (result)
		return result;
	result = weir_server_route(server, "GET /notes", list, pool, NULL);
	if (!result)
		result = weir_server_route(server, "POST /notes", add, pool, NULL);
	if (!result)
		result = weir_server_route(server, "GET /primes/{limit}", primes, pool, &bounded);
	if (!result)
		result = weir_server_run(server, NULL);
	if (result == WEIR_ABANDONED)
		_exit(result);
	weir_server_destroy(server);
	return result;
}

int main(int argc, char **argv)
{
	const struct weir_sqlite_options options = {
		.path = argc > 1 ? argv[1] : "notes.db",
		.connections = 4,
		.setup = "CREATE TABLE IF NOT EXISTS note (id INTEGER PRIMARY KEY, text TEXT "
			 "UNIQUE);"
			 "CREATE TABLE IF NOT EXISTS total (id INTEGER PRIMARY KEY, notes INTEGER);"
			 "INSERT OR IGNORE INTO total VALUES (1, 0);",
	};
	weir_sqlite_pool *pool;
	int result = weir_sqlite_pool_create(&options, &pool);

	if (!result) {
		int closed;

		result = serve(argc > 2 ? argv[2] : "127.0.0.1:8080", pool);
		closed = weir_sqlite_pool_destroy(pool, NULL, weir_after(5 * WEIR_SECOND));
		if (closed)
			fprintf(stderr, "notes: the database is still in use\n");
	}
	if (result < 0)
		fprintf(stderr, "notes: %s\n", strerror(-result));
	return result < 0 ? 2 : result;
}
