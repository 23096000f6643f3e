/* The kind "query": statements on SQLite. */
#include "app.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* `endless` inserts rows, more than there is room for, until it is ended. */
#define COUNTER "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) "

static const char config[] =
	"databases:\n"
	"  - name: d\n"
	"    url: new/dir/d.db\n"
	"    create: true\n"
	"    setup:\n"
	"      - CREATE TABLE IF NOT EXISTS t (id INTEGER PRIMARY KEY, s TEXT UNIQUE)\n"
	"statements:\n"
	"  - {name: all, database: d, sql: 'SELECT id, s FROM t ORDER BY id'}\n"
	"  - {name: count, database: d, sql: 'SELECT count(*) AS n FROM t'}\n"
	"  - name: types\n"
	"    database: d\n"
	"    sql: SELECT :i AS i, :r AS r, :t AS t, :b AS b, :o AS o, x'00ff10' AS x\n"
	"    parameters:\n"
	"      - {name: i, in: path, type: integer}\n"
	"      - {name: r, in: query, type: real, default: '0.5'}\n"
	"      - {name: t, in: query, type: text}\n"
	"      - {name: b, in: query, type: boolean, default: 'true'}\n"
	"      - {name: o, in: query, type: integer, optional: true}\n"
	"  - name: add\n"
	"    database: d\n"
	"    sql: INSERT INTO t (s) VALUES (:s) RETURNING id\n"
	"    parameters: [{name: s, in: body, type: text}]\n"
	"  - {name: endless, database: d, sql: '" COUNTER "INSERT INTO t (s) SELECT x FROM c'}\n"
	"  - {name: rows, database: d, sql: '" COUNTER "SELECT x FROM c LIMIT 100000'}\n"
	"routes:\n"
	"  - {path: /all, kind: query, statement: all}\n"
	"  - {path: /count, kind: query, statement: count}\n"
	"  - {path: '/types/{i}', kind: query, statement: types}\n"
	"  - {path: /add, method: POST, kind: query, statement: add, body_limit: 4KiB}\n"
	"  - {path: /endless, method: POST, kind: query, statement: endless}\n"
	"  - {path: /late, method: POST, kind: query, statement: endless, deadline: 50ms}\n"
	"  - {path: /rows, kind: query, statement: rows}\n";

static void start(struct app *app)
{
	app_start(app, (const char *const[]){"--config", "weir.yaml", "--grace", "1h",
					     "--drain-timeout", "1h", NULL});
}

static void begin(struct app *app)
{
	app_prepare(app);
	scratch_write(&app->scratch, "weir.yaml", config, strlen(config));
	start(app);
}

#define JSON "Content-Type: application/json\r\n"

static void expect(const struct app *app, const char *method, const char *target,
		   const char *fields, const char *body, int status, const char *answer)
{
	struct reply reply;
	app_exchange(app, method, target, fields, body, &reply);
	cr_expect_eq(reply.status, status, "%s: %d %s", target, reply.status, reply.body);
	cr_expect_str_eq(reply.body, answer);
	cr_expect_str_eq(reply_header(&reply, "Content-Type"), "application/json");
	reply_free(&reply);
}

static void expect_count(const struct app *app, const char *answer)
{
	expect(app, "GET", "/count", "", NULL, 200, answer);
}

#define NONE "{\"rows\":[\n{\"n\":0}\n],\"changed\":0}\n"

Test(query, rows_come_as_json)
{
	struct app app;
	begin(&app);
	expect(&app, "GET", "/all", "", NULL, 200, "{\"rows\":[],\"changed\":0}\n");
	expect(&app, "POST", "/add", JSON, "{\"s\":\"a \\\"b\\\"\"}", 200,
	       "{\"rows\":[\n{\"id\":1}\n],\"changed\":1}\n");
	expect(&app, "POST", "/add", "Content-Type: application/json; charset=utf-8\r\n",
	       "{\"s\":\"'); DROP TABLE t; --\"}", 200,
	       "{\"rows\":[\n{\"id\":2}\n],\"changed\":1}\n");
	expect(&app, "GET", "/all", "", NULL, 200,
	       "{\"rows\":[\n{\"id\":1,\"s\":\"a \\\"b\\\"\"},\n"
	       "{\"id\":2,\"s\":\"'); DROP TABLE t; --\"}\n],\"changed\":0}\n");
	cr_expect_eq(app_status(&app, "HEAD", "/all", "", NULL), 200);
	app_finish(&app);
}

Test(query, values_have_types)
{
	struct app app;
	begin(&app);
	expect(&app, "GET", "/types/-7?t=%C3%BC", "", NULL, 200,
	       "{\"rows\":[\n{\"i\":-7,\"r\":0.5,\"t\":\"\xc3\xbc\",\"b\":1,\"o\":null,"
	       "\"x\":\"AP8Q\"}\n],\"changed\":0}\n");
	expect(&app, "GET", "/types/9223372036854775807?t=&r=1e3&b=false&o=3", "", NULL, 200,
	       "{\"rows\":[\n{\"i\":9223372036854775807,\"r\":1000,\"t\":\"\",\"b\":0,\"o\":3,"
	       "\"x\":\"AP8Q\"}\n],\"changed\":0}\n");
	app_finish(&app);
}

Test(query, a_large_answer_is_streamed)
{
	struct app app;
	struct reply reply;
	begin(&app);
	app_exchange(&app, "GET", "/rows", "", NULL, &reply);
	cr_expect_eq(reply.status, 200);
	cr_expect(reply.chunked);
	cr_expect(reply.complete);
	static const char end[] = "{\"x\":100000}\n],\"changed\":0}\n";
	cr_assert_gt(reply.body_size, sizeof end);
	cr_expect_str_eq(reply.body + reply.body_size - strlen(end), end);
	reply_free(&reply);
	app_finish(&app);
}

Test(query, bad_input_is_refused_and_changes_nothing)
{
	static const struct {
		const char *method, *target, *fields, *body;
		int status;
		const char *reason;
	} rows[] = {
		{"GET", "/types/x?t=a", "", NULL, 400,
		 "\\\"i\\\" in the path must be a whole number"},
		{"GET", "/types/1", "", NULL, 400, "\\\"t\\\" is missing in the query"},
		{"GET", "/types/1?t=%ff", "", NULL, 400,
		 "\\\"t\\\" in the query must be a text in UTF-8"},
		{"GET", "/types/1?t=a&r=x", "", NULL, 400,
		 "\\\"r\\\" in the query must be a number"},
		{"GET", "/types/1?t=a&b=1", "", NULL, 400,
		 "\\\"b\\\" in the query must be true or false"},
		{"POST", "/add", JSON, "", 400, "\\\"s\\\" is missing in the body"},
		{"POST", "/add", JSON, "{", 400,
		 "the body is not JSON: line 1: string or '}' expected near end of file"},
		{"POST", "/add", JSON, "[]", 400, "the body must be a JSON object"},
		{"POST", "/add", JSON, "{\"s\":1}", 400,
		 "\\\"s\\\" in the body must be a text in UTF-8"},
		{"POST", "/add", JSON, "{\"s\":null}", 400, "\\\"s\\\" is missing in the body"},
		{"POST", "/add", JSON, "{\"s\":\"a\",\"t\":1}", 400,
		 "\\\"t\\\" in the body is not asked for"},
		{"POST", "/add", "Content-Type: text/plain\r\n", "{\"s\":\"a\"}", 415,
		 "the body must be application/json"},
	};
	struct app app;
	begin(&app);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char answer[256];
		(void)snprintf(answer, sizeof answer, "{\"error\":\"%s\"}\n", rows[i].reason);
		expect(&app, rows[i].method, rows[i].target, rows[i].fields, rows[i].body,
		       rows[i].status, answer);
	}
	static char large[5000];
	memset(large, ' ', sizeof large - 1);
	cr_expect_eq(app_status(&app, "POST", "/add", JSON, large), 413);
	expect_count(&app, NONE);
	app_finish(&app);
}

Test(query, a_conflict_is_409)
{
	struct app app;
	begin(&app);
	cr_expect_eq(app_status(&app, "POST", "/add", JSON, "{\"s\":\"a\"}"), 200);
	expect(&app, "POST", "/add", JSON, "{\"s\":\"a\"}", 409,
	       "{\"error\":\"this conflicts with what is stored\"}\n");
	expect_count(&app, "{\"rows\":[\n{\"n\":1}\n],\"changed\":0}\n");
	app_finish(&app);
}

Test(query, a_deadline_rolls_back)
{
	struct app app;
	begin(&app);
	cr_expect_eq(app_status(&app, "POST", "/late", "", ""), 504);
	expect_count(&app, NONE);
	app_finish(&app);
}

Test(query, a_client_that_goes_ends_the_statement)
{
	struct app app;
	struct client client;
	begin(&app);
	client_open(&client, app.url);
	app_request(&client, "POST", "/endless", "", "");
	app_await_metric(&app, "weir_requests_in_flight{phase=\"running\"}", 1);
	client_reset(&client);
	app_await_metric(&app, "weir_requests_in_flight{phase=\"running\"}", 0);
	expect_count(&app, NONE);
	/* The lock for writing is free again. */
	cr_expect_eq(app_status(&app, "POST", "/add", JSON, "{\"s\":\"a\"}"), 200);
	app_finish(&app);
}

Test(query, a_stop_rolls_back)
{
	struct app app;
	struct client client;
	begin(&app);
	client_open(&client, app.url);
	app_request(&client, "POST", "/endless", "", "");
	app_await_metric(&app, "weir_requests_in_flight{phase=\"running\"}", 1);
	app_hurry(&app, &client);
	cr_expect_eq(app_wait(&app), 0, "%s", app.process.text);
	app_report_check(&app);
	process_free(&app.process);
	free(app.report);
	app.report = NULL;
	start(&app);
	expect_count(&app, NONE);
	app_finish(&app);
}
