/* adapters/test_pq_query.c: statements, rows, parameters and errors of weir_pq. */
#include <criterion/criterion.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "adapters/pq_support.h"
#include "support/must.h"

TestSuite(pq_query, .timeout = 60);

/* All that the rows say, one line each. */
struct text {
	char bytes[4096];
	size_t size;
};

static int note_row(void *arg, const weir_pq_row *row)
{
	struct text *text = arg;
	int i;

	for (i = 0; i < weir_pq_columns(row); i++) {
		const char *value = weir_pq_value(row, i);

		text->size += (size_t)snprintf(
			text->bytes + text->size, sizeof(text->bytes) - text->size, "%s=%s(%zu)%s",
			weir_pq_column_name(row, i), value ? value : "NULL",
			weir_pq_value_size(row, i), i + 1 < weir_pq_columns(row) ? " " : "\n");
	}
	return 0;
}

Test(pq_query, rows_come_in_order_with_names_and_nulls)
{
	weir_pq *connection = pq_open(NULL);
	struct text text = {.size = 0};

	cr_assert_eq(weir_pq_query(connection,
				   "SELECT n, '' AS nothing, NULL AS unknown "
				   "FROM generate_series(1, 3) n ORDER BY n DESC",
				   NULL, 0, note_row, &text, NULL, WEIR_NEVER),
		     0);
	cr_assert_str_eq(text.bytes, "n=3(1) nothing=(0) unknown=NULL(0)\n"
				     "n=2(1) nothing=(0) unknown=NULL(0)\n"
				     "n=1(1) nothing=(0) unknown=NULL(0)\n");
	cr_assert_eq(weir_pq_affected(connection), 3);
	weir_pq_close(connection);
}

static int look_outside(void *arg, const weir_pq_row *row)
{
	(void)arg;
	cr_assert_eq(weir_pq_columns(row), 1);
	cr_assert_eq(weir_pq_column_type(row, 0), weir_pq_type("int8"));
	cr_assert_str_eq(weir_pq_column_name(row, 1), "");
	cr_assert_eq(weir_pq_column_type(row, -1), 0);
	cr_assert_null(weir_pq_value(row, 1));
	cr_assert_eq(weir_pq_value_size(row, -1), 0);
	return 0;
}

Test(pq_query, columns_that_are_not_there_have_nothing)
{
	weir_pq *connection = pq_open(NULL);

	cr_assert_eq(weir_pq_query(connection, "SELECT 1::int8", NULL, 0, look_outside, NULL, NULL,
				   WEIR_NEVER),
		     0);
	weir_pq_close(connection);
}

Test(pq_query, parameters_are_values_and_never_text_of_the_statement)
{
	const struct weir_pq_param params[] = {{"'; DROP TABLE x; --", 0},
					       {NULL, 0},
					       {"41", weir_pq_type("int8")},
					       {"true", weir_pq_type("bool")}};
	weir_pq *connection = pq_open(NULL);
	struct text text = {.size = 0};

	cr_assert_eq(weir_pq_query(connection,
				   "SELECT $1::text AS a, $2::text AS b, $3 + 1 AS c, NOT $4 AS d",
				   params, 4, note_row, &text, NULL, WEIR_NEVER),
		     0);
	cr_assert_str_eq(text.bytes, "a='; DROP TABLE x; --(19) b=NULL(0) c=42(2) d=f(1)\n");
	weir_pq_close(connection);
}

Test(pq_query, types_are_those_of_the_server)
{
	static const char *const names[] = {"bool",        "int2",    "int4", "int8",  "float4",
					    "float8",      "numeric", "text", "date",  "timestamp",
					    "timestamptz", "uuid",    "json", "jsonb", "bytea"};
	weir_pq *connection = pq_open(NULL);
	char sql[128];
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)snprintf(sql, sizeof(sql), "SELECT '%s'::regtype::oid::int", names[i]);
		cr_assert_eq(pq_number(connection, sql), (long)weir_pq_type(names[i]), "%s",
			     names[i]);
	}
	cr_assert_eq(weir_pq_type("varchar"), 0);
	cr_assert_eq(weir_pq_type(NULL), 0);
	weir_pq_close(connection);
}

Test(pq_query, affected_counts_what_was_changed)
{
	weir_pq *connection = pq_open(NULL);

	pq_run(connection, "CREATE TEMPORARY TABLE t AS SELECT n FROM generate_series(1, 5) n");
	cr_assert_eq(weir_pq_affected(connection), 5);
	pq_run(connection, "UPDATE t SET n = n + 1 WHERE n > 2");
	cr_assert_eq(weir_pq_affected(connection), 3);
	pq_run(connection, "SET search_path TO public");
	cr_assert_eq(weir_pq_affected(connection), 0);
	pq_run(connection, "");
	cr_assert_eq(weir_pq_affected(connection), 0);
	weir_pq_close(connection);
}

Test(pq_query, errors_have_an_errno_a_state_and_words)
{
	static const struct {
		const char *sql;
		int code;
		const char *state;
	} cases[] = {
		{"SELEC 1", -EINVAL, "42601"},
		{"SELECT 1; SELECT 2", -EINVAL, "42601"},
		{"SELECT * FROM nowhere", -ENOENT, "42P01"},
		{"SELECT 1 / 0", -EINVAL, "22012"},
		{"SELECT 'x'::int", -EINVAL, "22P02"},
		{"INSERT INTO t VALUES (1)", -EEXIST, "23505"},
		{"INSERT INTO t VALUES (NULL)", -EINVAL, "23502"},
		{"SET ROLE nobody_of_that_name", -EINVAL, "22023"},
		{"DO $$ BEGIN RAISE 'x' USING ERRCODE = '40001'; END $$", -EAGAIN, "40001"},
		{"DO $$ BEGIN RAISE 'x' USING ERRCODE = '55P03'; END $$", -EBUSY, "55P03"},
		{"DO $$ BEGIN RAISE 'x' USING ERRCODE = '53100'; END $$", -ENOSPC, "53100"},
		{"DO $$ BEGIN RAISE 'x' USING ERRCODE = '42501'; END $$", -EACCES, "42501"},
		{"DO $$ BEGIN RAISE 'x' USING ERRCODE = 'XX000'; END $$", -EIO, "XX000"},
		{"SET LOCAL statement_timeout = 1", 0, ""},
	};
	weir_pq *connection = pq_open(NULL);
	size_t i;

	pq_run(connection, "CREATE TEMPORARY TABLE t (n int PRIMARY KEY)");
	pq_run(connection, "INSERT INTO t VALUES (1)");
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cr_assert_eq(weir_pq_exec(connection, cases[i].sql, NULL, WEIR_NEVER),
			     cases[i].code, "%s", cases[i].sql);
		cr_assert_str_eq(weir_pq_error(connection)->sqlstate, cases[i].state, "%s",
				 cases[i].sql);
		cr_assert_eq(weir_pq_error(connection)->text[0] == '\0', cases[i].code == 0);
		cr_assert(weir_pq_usable(connection));
	}
	weir_pq_close(connection);
}

Test(pq_query, a_limit_of_the_servers_is_not_called_our_trip)
{
	weir_pq *connection = pq_open(NULL);

	pq_run(connection, "SET statement_timeout = '10ms'");
	cr_assert_eq(weir_pq_exec(connection, "SELECT pg_sleep(60)", NULL, WEIR_NEVER), -EINTR);
	cr_assert_str_eq(weir_pq_error(connection)->sqlstate, "57014");
	cr_assert(weir_pq_usable(connection));
	weir_pq_close(connection);
}

static int stop_at_third(void *arg, const weir_pq_row *row)
{
	unsigned *rows = arg;

	(void)row;
	return ++*rows == 3 ? 77 : 0;
}

Test(pq_query, a_row_function_can_end_the_statement)
{
	weir_pq *connection = pq_open(NULL);
	unsigned rows = 0;

	/* Without an end of its own; sent faster than it is taken. */
	cr_assert_eq(weir_pq_query(connection,
				   "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n FROM r) "
				   "SELECT n FROM r",
				   NULL, 0, stop_at_third, &rows, NULL, WEIR_NEVER),
		     77);
	cr_assert_eq(rows, 3);
	cr_assert(weir_pq_usable(connection));
	cr_assert_eq(pq_number(connection, "SELECT 4"), 4);
	weir_pq_close(connection);
}

static int use_the_connection(void *arg, const weir_pq_row *row)
{
	(void)row;
	cr_assert_eq(weir_pq_exec(arg, "SELECT 1", NULL, WEIR_NEVER), -EBUSY);
	cr_assert_eq(weir_pq_transaction(arg, NULL, NULL, NULL, NULL, WEIR_NEVER), -EBUSY);
	return 0;
}

Test(pq_query, a_row_function_cannot_use_the_connection)
{
	weir_pq *connection = pq_open(NULL);

	cr_assert_eq(weir_pq_query(connection, "SELECT 1", NULL, 0, use_the_connection, connection,
				   NULL, WEIR_NEVER),
		     0);
	weir_pq_close(connection);
}

static long peak_kib(void)
{
	struct rusage usage;

	cr_assert_eq(getrusage(RUSAGE_SELF, &usage), 0);
	return usage.ru_maxrss;
}

static int count_bytes(void *arg, const weir_pq_row *row)
{
	*(size_t *)arg += weir_pq_value_size(row, 0);
	return 0;
}

Test(pq_query, a_large_result_is_streamed_in_little_memory)
{
	weir_pq *connection = pq_open(NULL);
	const long before = peak_kib();
	size_t bytes = 0;

	cr_assert_eq(weir_pq_query(connection,
				   "SELECT repeat('x', 1000) FROM generate_series(1, 100000)", NULL,
				   0, count_bytes, &bytes, NULL, WEIR_NEVER),
		     0);
	cr_assert_eq(bytes, (size_t)100000 * 1000);
#ifndef __SANITIZE_ADDRESS__ /* which keeps what is freed for a while */
	cr_assert_lt(peak_kib() - before, 16 * 1024, "%ld KiB for 100 MB", peak_kib() - before);
#else
	(void)before;
#endif
	weir_pq_close(connection);
}

Test(pq_query, a_parameter_larger_than_the_sockets_buffers_gets_there)
{
	const size_t size = (size_t)20 << 20;
	char *large = malloc(size + 1);
	const struct weir_pq_param param = {large, weir_pq_type("text")};
	weir_pq *connection = pq_open(NULL);
	size_t bytes = 0;

	cr_assert_not_null(large);
	memset(large, 'y', size);
	large[size] = '\0';
	cr_assert_eq(weir_pq_query(connection, "SELECT $1", &param, 1, count_bytes, &bytes, NULL,
				   WEIR_NEVER),
		     0);
	cr_assert_eq(bytes, size);
	free(large);
	weir_pq_close(connection);
}

Test(pq_query, copy_is_refused_and_costs_the_connection)
{
	static const char *const copies[] = {"COPY t FROM STDIN", "COPY t TO STDOUT"};
	size_t i;

	for (i = 0; i < 2; i++) {
		weir_pq *connection = pq_open(NULL);

		pq_run(connection, "CREATE TEMPORARY TABLE t (n int)");
		cr_assert_eq(weir_pq_exec(connection, copies[i], NULL, WEIR_NEVER), -ENOTSUP);
		cr_assert_not(weir_pq_usable(connection));
		cr_assert_eq(weir_pq_exec(connection, "SELECT 1", NULL, WEIR_NEVER), -ENOTCONN);
		weir_pq_close(connection);
	}
}

Test(pq_query, too_many_parameters_are_refused)
{
	static const struct weir_pq_param params[65536];
	weir_pq *connection = pq_open(NULL);

	cr_assert_eq(
		weir_pq_query(connection, "SELECT 1", params, 65536, NULL, NULL, NULL, WEIR_NEVER),
		-EINVAL);
	cr_assert(weir_pq_usable(connection));
	weir_pq_close(connection);
}
