/* testing/handlers_query.c: app/handlers/query*.c on SQLite, cancelled everywhere: every
 * connection goes back to its pool, and what was cancelled has changed nothing. */
#include "handlers.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include <weir/sqlite.h>

#include "handlers/query.h"
#include "handlers/query_database.h"
#include "support/scratch.h"

static struct scratch place;
static struct query_database *database;
static struct query *reading, *writing;
static weir_server *server;

static const struct query_parameter parameters[] = {
	{.name = (char *)"text", .in = QUERY_FROM_QUERY, .type = QUERY_TEXT},
};

static void begin(void)
{
	weir_routes *routes = handlers_routes();
	static const char *const setup[] = {
		"CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL)",
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50) "
		"INSERT INTO notes (text) SELECT 'note ' || i FROM n",
	};
	char path[300], text[200];
	const struct query_database_options options = {
		.url = path, .setup = setup, .setup_count = 2, .create = true};

	scratch_make(&place);
	(void)snprintf(path, sizeof(path), "%.250s/notes.db", place.path);
	cr_assert_eq(query_database_open(&options, &database, text, sizeof(text)), 0, "%s", text);
	cr_assert_eq(query_create(database, "SELECT id, text FROM notes", NULL, 0, &reading), 0);
	cr_assert_eq(query_create(database, "INSERT INTO notes (text) VALUES (:text)", parameters,
				  1, &writing),
		     0);
	server = handlers_server();
	cr_assert_eq(query_route(routes, "GET", "/notes", reading, NULL), 0);
	cr_assert_eq(query_route(routes, "POST", "/notes", writing, NULL), 0);
	handlers_serve(server, routes);
}

static void end(void)
{
	weir_server_destroy(server);
	query_destroy(writing);
	query_destroy(reading);
	query_database_close(database);
	scratch_remove(&place);
}

TestSuite(handlers_query, .init = begin, .fini = end);

static long connections_in_use(void *arg)
{
	struct weir_sqlite_pool_counts counts;

	(void)arg;
	weir_sqlite_pool_count(database->pool, &counts);
	return (long)counts.open - (long)counts.idle;
}

static const struct weir_testing_gauge gauge = {"connections in use", connections_in_use, NULL};
static const struct weir_testing_options options = {
	.gauges = &gauge, .gauge_count = 1, .limit = 10 * WEIR_SECOND, .brief = 10 * WEIR_SECOND};

Test(handlers_query, read)
{
	const struct weir_testing_request request = {.target = "/notes", .server = server};

	cr_assert_geq(handler_may_vary(&request, &options, 200), 1);
}

Test(handlers_query, write)
{
	const struct weir_testing_request request = {
		.method = "POST", .target = "/notes?text=one", .server = server};

	cr_assert_geq(handler_may_vary(&request, &options, 200), 1);
}

Test(handlers_query, a_parameter_that_is_missing)
{
	const struct weir_testing_request request = {
		.method = "POST", .target = "/notes", .server = server};

	(void)handler_may_vary(&request, &options, 400);
}
