/* The kind "query" on a PostgreSQL that the test starts by itself; skipped without one. */
#include "app.h"

#include "adapters/postgres.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char config[] =
	"databases:\n"
	"  - name: d\n"
	"    url: '%s'\n"
	"    setup:\n"
	"      - CREATE TABLE IF NOT EXISTS t (id serial, s text UNIQUE, n int CHECK (n > 0))\n"
	"statements:\n"
	"  - name: types\n"
	"    database: d\n"
	"    sql: SELECT :i::int8 AS i, :r::float8 AS r, :b::bool AS b, NULL AS z,\n"
	"         '[1]'::json AS j, 'NaN'::float8 AS nan, 1.50::numeric AS m, :t::text AS t\n"
	"    parameters:\n"
	"      - {name: i, in: path, type: integer}\n"
	"      - {name: r, in: query, type: real, default: '0.25'}\n"
	"      - {name: b, in: query, type: boolean, default: 'true'}\n"
	"      - {name: t, in: query, type: text, optional: true}\n"
	"  - name: add\n"
	"    database: d\n"
	"    sql: INSERT INTO t (s, n) VALUES (:s, :n)\n"
	"    parameters:\n"
	"      - {name: s, in: body, type: text}\n"
	"      - {name: n, in: body, type: integer}\n"
	"  - {name: count, database: d, sql: SELECT count(*) AS n FROM t}\n"
	"  - {name: slow, database: d, sql: \"INSERT INTO t (s) SELECT 'x' FROM pg_sleep(3600)\"}\n"
	"  - name: sleeping\n"
	"    database: d\n"
	"    sql: SELECT count(*) AS n FROM pg_stat_activity WHERE state = 'active' AND\n"
	"         query LIKE '%%pg_sleep(%%' AND pid <> pg_backend_pid()\n"
	"routes:\n"
	"  - {path: '/types/{i}', kind: query, statement: types}\n"
	"  - {path: /add, method: POST, kind: query, statement: add}\n"
	"  - {path: /count, kind: query, statement: count}\n"
	"  - {path: /slow, method: POST, kind: query, statement: slow}\n"
	"  - {path: /late, method: POST, kind: query, statement: slow, deadline: 100ms}\n"
	"  - {path: /sleeping, kind: query, statement: sleeping}\n";

static void start(struct app *app)
{
	app_start(app, (const char *const[]){"--config", "weir.yaml", "--grace", "1h",
					     "--drain-timeout", "1h", NULL});
}

/* False: there is no PostgreSQL. */
static bool begin(struct app *app, struct postgres *postgres)
{
	char url[128], text[sizeof config + sizeof url];
	if (!postgres_installed())
		return false;
	postgres_start(postgres);
	(void)snprintf(url, sizeof url, "postgresql://weir@127.0.0.1:%u/postgres", postgres->port);
	(void)snprintf(text, sizeof text, config, url);
	app_prepare(app);
	scratch_write(&app->scratch, "weir.yaml", text, strlen(text));
	start(app);
	return true;
}

static void expect(const struct app *app, const char *method, const char *target, const char *body,
		   int status, const char *answer)
{
	struct reply reply;
	app_exchange(app, method, target, "", body, &reply);
	cr_expect_eq(reply.status, status, "%s: %d %s", target, reply.status, reply.body);
	cr_expect_str_eq(reply.body, answer);
	reply_free(&reply);
}

#define NONE "{\"rows\":[\n{\"n\":0}\n],\"changed\":0}\n"
#define ONE "{\"rows\":[\n{\"n\":1}\n],\"changed\":0}\n"

/* Asks the database itself until the statement runs. */
static void await_sleeping(const struct app *app, const char *answer)
{
	for (bool seen = false; !seen;) {
		struct reply reply;
		app_exchange(app, "GET", "/sleeping", "", NULL, &reply);
		seen = strcmp(reply.body, answer) == 0;
		reply_free(&reply);
	}
}

Test(query_pq, rows_conflicts_and_ranges)
{
	struct app app;
	struct postgres postgres;
	if (!begin(&app, &postgres))
		cr_skip_test("no PostgreSQL");
	expect(&app, "GET", "/types/-7?t=a", NULL, 200,
	       "{\"rows\":[\n{\"i\":-7,\"r\":0.25,\"b\":true,\"z\":null,\"j\":[1],"
	       "\"nan\":\"NaN\",\"m\":1.50,\"t\":\"a\"}\n],\"changed\":0}\n");
	expect(&app, "POST", "/add", "{\"s\":\"a\",\"n\":3}", 200, "{\"rows\":[],\"changed\":1}\n");
	expect(&app, "POST", "/add", "{\"s\":\"a\",\"n\":3}", 409,
	       "{\"error\":\"this conflicts with what is stored\"}\n");
	expect(&app, "POST", "/add", "{\"s\":\"b\",\"n\":-3}", 409,
	       "{\"error\":\"this conflicts with what is stored\"}\n");
	expect(&app, "POST", "/add", "{\"s\":\"b\",\"n\":99999999999}", 400,
	       "{\"error\":\"a parameter is out of its range\"}\n");
	expect(&app, "GET", "/count", NULL, 200, ONE);
	app_finish(&app);
	postgres_stop(&postgres);
}

Test(query_pq, deadlines_and_clients_that_go_end_the_statement_there)
{
	struct app app;
	struct postgres postgres;
	struct client client;
	if (!begin(&app, &postgres))
		cr_skip_test("no PostgreSQL");
	cr_expect_eq(app_status(&app, "POST", "/late", "", ""), 504);
	expect(&app, "GET", "/sleeping", NULL, 200, NONE);
	client_open(&client, app.url);
	app_request(&client, "POST", "/slow", "", "");
	await_sleeping(&app, ONE);
	client_reset(&client);
	app_await_metric(&app, "weir_requests_in_flight{phase=\"running\"}", 0);
	expect(&app, "GET", "/sleeping", NULL, 200, NONE);
	expect(&app, "GET", "/count", NULL, 200, NONE);
	app_finish(&app);
	postgres_stop(&postgres);
}

Test(query_pq, a_stop_rolls_back)
{
	struct app app;
	struct postgres postgres;
	struct client client;
	if (!begin(&app, &postgres))
		cr_skip_test("no PostgreSQL");
	client_open(&client, app.url);
	app_request(&client, "POST", "/slow", "", "");
	await_sleeping(&app, ONE);
	app_hurry(&app, &client);
	cr_expect_eq(app_wait(&app), 0, "%s", app.process.text);
	app_report_check(&app);
	process_free(&app.process);
	free(app.report);
	app.report = NULL;
	start(&app);
	expect(&app, "GET", "/sleeping", NULL, 200, NONE);
	expect(&app, "GET", "/count", NULL, 200, NONE);
	app_finish(&app);
	postgres_stop(&postgres);
}
