/* adapters/test_pq_transaction.c: all of it, or nothing. What counts is seen from another
 * connection.
 */
#include <criterion/criterion.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/pq_support.h"
#include "support/must.h"
#include "support/token.h"

/* Each test has a table of its own name, and two connections. */
static weir_pq *connection, *other;
static char table[32];

static void open_two(void)
{
	connection = pq_open(NULL);
	other = pq_open(NULL);
}

static void close_two(void)
{
	weir_pq_close(connection);
	weir_pq_close(other);
}

TestSuite(pq_transaction, .timeout = 60, .init = open_two, .fini = close_two);

static int insert(weir_pq *pq, void *arg, weir_token *token, weir_time until)
{
	char sql[128];

	(void)snprintf(sql, sizeof(sql), "INSERT INTO %s VALUES (1)", (const char *)arg);
	return weir_pq_exec(pq, sql, token, until);
}

static void make_table(const char *name)
{
	char sql[128];

	(void)snprintf(table, sizeof(table), "%s", name);
	(void)snprintf(sql, sizeof(sql), "CREATE TABLE %s (n int UNIQUE DEFERRABLE)", name);
	pq_run(other, sql);
}

static long rows(void)
{
	char sql[128];

	(void)snprintf(sql, sizeof(sql), "SELECT count(*) FROM %s", table);
	return pq_number(other, sql);
}

Test(pq_transaction, commits)
{
	make_table("committed");
	cr_assert_eq(weir_pq_transaction(connection, "ISOLATION LEVEL SERIALIZABLE", insert, table,
					 NULL, WEIR_NEVER),
		     0);
	cr_assert_eq(rows(), 1);
}

static int insert_and_fail(weir_pq *pq, void *arg, weir_token *token, weir_time until)
{
	cr_assert_eq(insert(pq, arg, token, until), 0);
	return -EXDEV;
}

Test(pq_transaction, rolls_back_when_the_work_fails)
{
	make_table("failed");
	cr_assert_eq(
		weir_pq_transaction(connection, NULL, insert_and_fail, table, NULL, WEIR_NEVER),
		-EXDEV);
	cr_assert_eq(rows(), 0);
	cr_assert_eq(pq_number(connection, "SELECT 1"), 1);
}

static int insert_and_sleep(weir_pq *pq, void *arg, weir_token *token, weir_time until)
{
	cr_assert_eq(insert(pq, arg, token, until), 0);
	return weir_pq_exec(pq, "SELECT pg_sleep(60) /* in a transaction */", token, until);
}

Test(pq_transaction, rolls_back_on_a_trip)
{
	weir_token *token = token_make(NULL);
	struct pq_tripper tripper;
	char sql[128];

	(void)snprintf(sql, sizeof(sql),
		       "SELECT count(*) FROM pg_stat_activity WHERE pid = %ld AND state = 'idle'",
		       pq_number(connection, "SELECT pg_backend_pid()"));
	make_table("tripped");
	pq_tripper_start(&tripper, token, "%/* in a transaction */", "PgSleep");
	cr_assert_eq(
		weir_pq_transaction(connection, NULL, insert_and_sleep, table, token, WEIR_NEVER),
		-ECANCELED);
	pq_tripper_join(&tripper);
	cr_assert_eq(rows(), 0);
	cr_assert(weir_pq_usable(connection));
	cr_assert_eq(pq_number(other, sql), 1, "idle, and not in a transaction");
	weir_token_unref(token);
}

static int insert_and_trip(weir_pq *pq, void *arg, weir_token *token, weir_time until)
{
	cr_assert_eq(insert(pq, arg, token, until), 0);
	(void)weir_token_cancel(token, WEIR_REASON_REQUESTED, NULL);
	return 0;
}

Test(pq_transaction, rolls_back_on_a_trip_that_the_work_did_not_see)
{
	weir_token *token = token_make(NULL);

	make_table("unseen");
	cr_assert_eq(
		weir_pq_transaction(connection, NULL, insert_and_trip, table, token, WEIR_NEVER),
		-ECANCELED);
	cr_assert_eq(rows(), 0);
	weir_token_unref(token);
}

static int hide_an_error(weir_pq *pq, void *arg, weir_token *token, weir_time until)
{
	cr_assert_eq(insert(pq, arg, token, until), 0);
	cr_assert_eq(weir_pq_exec(pq, "SELECT 1 / 0", token, until), -EINVAL);
	return 0;
}

Test(pq_transaction, does_not_call_a_rollback_a_success)
{
	make_table("hidden");
	cr_assert_eq(weir_pq_transaction(connection, NULL, hide_an_error, table, NULL, WEIR_NEVER),
		     -EINVAL);
	cr_assert_str_eq(weir_pq_error(connection)->sqlstate, "25P02");
	cr_assert_eq(rows(), 0);
	cr_assert_eq(pq_number(connection, "SELECT 1"), 1);
}

static int insert_twice(weir_pq *pq, void *arg, weir_token *token, weir_time until)
{
	cr_assert_eq(weir_pq_exec(pq, "SET CONSTRAINTS ALL DEFERRED", token, until), 0);
	cr_assert_eq(insert(pq, arg, token, until), 0);
	return insert(pq, arg, token, until);
}

Test(pq_transaction, an_error_of_the_commit_is_told)
{
	make_table("twice");
	cr_assert_eq(weir_pq_transaction(connection, NULL, insert_twice, table, NULL, WEIR_NEVER),
		     -EEXIST);
	cr_assert_str_eq(weir_pq_error(connection)->sqlstate, "23505");
	cr_assert_eq(rows(), 0);
}

static int nest(weir_pq *pq, void *arg, weir_token *token, weir_time until)
{
	cr_assert_eq(weir_pq_transaction(pq, NULL, insert, arg, token, until), -EBUSY);
	return insert(pq, arg, token, until);
}

Test(pq_transaction, an_inner_one_is_refused_and_the_outer_goes_on)
{
	make_table("nested");
	cr_assert_eq(weir_pq_transaction(connection, NULL, nest, table, NULL, WEIR_NEVER), 0);
	cr_assert_eq(rows(), 1);
}

static int must_not_run(weir_pq *pq, void *arg, weir_token *token, weir_time until)
{
	(void)pq, (void)arg, (void)token, (void)until;
	cr_assert_fail("it was run");
	return 0;
}

Test(pq_transaction, does_not_begin_with_a_bad_mode)
{
	char mode[300];

	cr_assert_eq(
		weir_pq_transaction(connection, "BACKWARDS", must_not_run, NULL, NULL, WEIR_NEVER),
		-EINVAL);
	memset(mode, 'x', sizeof(mode));
	mode[sizeof(mode) - 1] = '\0';
	cr_assert_eq(weir_pq_transaction(connection, mode, must_not_run, NULL, NULL, WEIR_NEVER),
		     -EINVAL);
	cr_assert_eq(weir_pq_transaction(connection, NULL, must_not_run, NULL, NULL, weir_now()),
		     -ETIMEDOUT);
}

static int lose_the_session(weir_pq *pq, void *arg, weir_token *token, weir_time until)
{
	cr_assert_eq(insert(pq, arg, token, until), 0);
	return weir_pq_exec(pq, "SELECT pg_terminate_backend(pg_backend_pid())", token, until);
}

Test(pq_transaction, ends_with_the_session)
{
	make_table("lost");
	cr_assert_eq(
		weir_pq_transaction(connection, NULL, lose_the_session, table, NULL, WEIR_NEVER),
		-ECONNRESET);
	cr_assert_str_eq(weir_pq_error(connection)->sqlstate, "57P01");
	cr_assert_not(weir_pq_usable(connection));
	cr_assert_eq(rows(), 0);
	cr_assert_eq(weir_pq_transaction(connection, NULL, must_not_run, NULL, NULL, WEIR_NEVER),
		     -ENOTCONN);
}
