/* adapters/test_pq_cancel.c: what a trip, a time and a loss do to a statement. */
#include <criterion/criterion.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/pq_support.h"
#include "support/must.h"
#include "support/token.h"

TestSuite(pq_cancel, .timeout = 60);

Test(pq_cancel, before_the_statement_nothing_is_sent)
{
	weir_token *token = token_make(NULL);
	weir_pq *connection = pq_open(NULL);

	pq_run(connection, "CREATE TEMPORARY TABLE t (n int)");
	cr_assert(weir_token_cancel(token, WEIR_REASON_REQUESTED, NULL));
	cr_assert_eq(weir_pq_exec(connection, "INSERT INTO t VALUES (1)", token, WEIR_NEVER),
		     -ECANCELED);
	cr_assert_eq(weir_pq_exec(connection, "INSERT INTO t VALUES (1)", NULL, weir_now()),
		     -ETIMEDOUT);
	cr_assert_eq(pq_number(connection, "SELECT count(*) FROM t"), 0);
	weir_pq_close(connection);
	weir_token_unref(token);
}

/* `sql` is unlike any other test's: they share the server. */
static void cancel_a_sleep(const char *conninfo, const char *sql)
{
	const struct weir_pq_param param = {sql, 0};
	weir_token *token = token_make(NULL);
	weir_pq *connection = pq_open(conninfo), *watcher = pq_open(NULL);
	struct pq_tripper tripper;
	weir_time end;

	pq_tripper_start(&tripper, token, sql, "PgSleep");
	cr_assert_eq(weir_pq_exec(connection, sql, token, WEIR_NEVER), -ECANCELED);
	end = weir_now();
	pq_tripper_join(&tripper);
	cr_log_info("from the trip to the return: %.3f ms", (double)(end - tripper.when) / 1e6);

	cr_assert(weir_pq_usable(connection));
	cr_assert_eq(weir_pq_query(watcher,
				   "SELECT 1 FROM pg_stat_activity WHERE state = 'active' "
				   "AND query = $1",
				   &param, 1, NULL, NULL, NULL, WEIR_NEVER),
		     0);
	cr_assert_eq(weir_pq_affected(watcher), 0, "it still runs in the server");
	cr_assert_eq(pq_number(connection, "SELECT 42"), 42, "the same connection goes on");
	weir_pq_close(watcher);
	weir_pq_close(connection);
	weir_token_unref(token);
}

Test(pq_cancel, a_trip_ends_the_statement_and_keeps_the_connection)
{
	cancel_a_sleep(NULL, "SELECT pg_sleep(60) /* by socket */");
}

Test(pq_cancel, likewise_over_tcp)
{
	cancel_a_sleep(getenv(PQ_TCP), "SELECT pg_sleep(60) /* by TCP */");
}

Test(pq_cancel, so_does_the_time)
{
	weir_pq *connection = pq_open(NULL);

	cr_assert_eq(weir_pq_exec(connection, "SELECT pg_sleep(60)", NULL,
				  weir_after(10 * WEIR_MILLISECOND)),
		     -ETIMEDOUT);
	cr_assert_eq(pq_number(connection, "SELECT 42"), 42);
	weir_pq_close(connection);
}

static void *trip_soon(void *token)
{
	(void)weir_token_cancel(token, WEIR_REASON_REQUESTED, NULL);
	return NULL;
}

/* The trip comes at whatever moment around the statement: before the server has begun with it, when
 * it runs, when it is over. The request to cancel must neither get lost nor hit the next. */
Test(pq_cancel, at_any_moment_the_statement_ends_and_the_next_is_not_hit)
{
	weir_pq *connection = pq_open(NULL);
	unsigned i;

	for (i = 0; i < 300; i++) {
		weir_token *token = token_make(NULL);
		pthread_t thread;
		int result;

		cr_assert_eq(pthread_create(&thread, NULL, trip_soon, token), 0);
		result = weir_pq_exec(connection, "SELECT pg_sleep(60)", token, WEIR_NEVER);
		cr_assert_eq(result, -ECANCELED);
		cr_assert_eq(pthread_join(thread, NULL), 0);
		cr_assert(weir_pq_usable(connection), "in round %u", i);
		cr_assert_eq(pq_number(connection, "SELECT 42"), 42);
		weir_token_unref(token);
	}
	weir_pq_close(connection);
}

/* The statement ends by itself while the request to cancel is on its way. */
Test(pq_cancel, a_late_request_does_not_hit_the_next_statement)
{
	weir_pq *connection = pq_open(NULL);
	unsigned i;

	for (i = 0; i < 300; i++) {
		const weir_time until = weir_after((i % 30) * 100 * WEIR_MICROSECOND);
		int result = weir_pq_exec(connection, "SELECT pg_sleep(0.002)", NULL, until);

		cr_assert(result == 0 || result == -ETIMEDOUT, "%d", result);
		cr_assert(weir_pq_usable(connection), "in round %u", i);
		pq_run(connection, "SELECT pg_sleep(0.002)");
	}
	weir_pq_close(connection);
}

static int trip_in_a_row(void *arg, const weir_pq_row *row)
{
	(void)row;
	(void)weir_token_cancel(arg, WEIR_REASON_REQUESTED, NULL);
	return 0;
}

Test(pq_cancel, among_rows_that_come_without_waiting)
{
	weir_token *token = token_make(NULL);
	weir_pq *connection = pq_open(NULL);

	cr_assert_eq(weir_pq_query(connection, "SELECT generate_series(1, 100000000)", NULL, 0,
				   trip_in_a_row, token, token, WEIR_NEVER),
		     -ECANCELED);
	cr_assert_eq(pq_number(connection, "SELECT 42"), 42);
	weir_pq_close(connection);
	weir_token_unref(token);
}

Test(pq_cancel, a_lock_in_the_server_is_not_waited_for)
{
	weir_token *token = token_make(NULL);
	weir_pq *holder = pq_open(NULL), *connection = pq_open(NULL);
	struct pq_tripper tripper;

	cr_assert_eq(pq_number(holder, "SELECT 1 FROM pg_advisory_lock(1)"), 1);
	pq_tripper_start(&tripper, token, "SELECT pg_advisory_lock(1)", "advisory");
	cr_assert_eq(weir_pq_exec(connection, "SELECT pg_advisory_lock(1)", token, WEIR_NEVER),
		     -ECANCELED);
	pq_tripper_join(&tripper);
	cr_assert(weir_pq_usable(connection));
	weir_pq_close(connection);
	weir_pq_close(holder);
	weir_token_unref(token);
}

Test(pq_cancel, a_session_that_is_terminated_is_an_error)
{
	weir_pq *connection = pq_open(NULL);

	cr_assert_eq(weir_pq_exec(connection, "SELECT pg_terminate_backend(pg_backend_pid())", NULL,
				  WEIR_NEVER),
		     -ECONNRESET);
	cr_assert_str_eq(weir_pq_error(connection)->sqlstate, "57P01");
	cr_assert_not(weir_pq_usable(connection));
	cr_assert_eq(weir_pq_exec(connection, "SELECT 1", NULL, WEIR_NEVER), -ENOTCONN);
	weir_pq_close(connection);
}

/* The rest is about servers that come to harm: each test has its own. */

struct harm {
	struct postgres *postgres;
	void (*do_it)(struct postgres *postgres);
	weir_token *token;
};

static void *do_harm(void *arg)
{
	struct harm *harm = arg;
	weir_pq *watcher = pq_open(harm->postgres->conninfo);

	pq_await(watcher, "SELECT pg_sleep(60)", "PgSleep");
	harm->do_it(harm->postgres);
	if (harm->token)
		(void)weir_token_cancel(harm->token, WEIR_REASON_REQUESTED, NULL);
	weir_pq_close(watcher);
	return NULL;
}

static void kill_it(struct postgres *postgres)
{
	process_signal(&postgres->process, SIGQUIT);
	(void)process_wait(&postgres->process);
}

Test(pq_cancel, a_server_that_is_killed_is_an_error_and_no_hang)
{
	struct postgres postgres;
	struct harm harm = {.postgres = &postgres, .do_it = kill_it};
	pthread_t thread;
	weir_pq *connection;

	postgres_start(&postgres);
	connection = pq_open(postgres.tcp);
	cr_assert_eq(pthread_create(&thread, NULL, do_harm, &harm), 0);
	cr_assert_eq(weir_pq_exec(connection, "SELECT pg_sleep(60)", NULL, WEIR_NEVER),
		     -ECONNRESET);
	cr_assert_not(weir_pq_usable(connection));
	cr_assert_neq(weir_pq_error(connection)->text[0], '\0');
	cr_assert_eq(pthread_join(thread, NULL), 0);
	weir_pq_close(connection);
	process_free(&postgres.process);
	scratch_remove(&postgres.scratch);
}

/* Neither the statement nor the request to cancel it is answered: the caller is kept no longer
 * than cancel_timeout, and the helper is left to itself. */
Test(pq_cancel, a_server_that_is_frozen_costs_the_connection_and_no_more)
{
	struct postgres postgres;
	struct harm harm = {
		.postgres = &postgres, .do_it = postgres_freeze, .token = token_make(NULL)};
	struct weir_pq_options options = {.cancel_timeout = 50 * WEIR_MILLISECOND};
	weir_pq *connection;
	pthread_t thread;

	postgres_start(&postgres);
	options.conninfo = postgres.conninfo;
	cr_assert_eq(weir_pq_open(&options, NULL, WEIR_NEVER, &connection, NULL), 0);
	cr_assert_eq(pthread_create(&thread, NULL, do_harm, &harm), 0);
	cr_assert_eq(weir_pq_exec(connection, "SELECT pg_sleep(60)", harm.token, WEIR_NEVER),
		     -ECANCELED);
	cr_assert_not(weir_pq_usable(connection));
	cr_assert_eq(pthread_join(thread, NULL), 0);
	weir_pq_close(connection);
	postgres_thaw(&postgres);
	postgres_stop(&postgres);
	weir_token_unref(harm.token);
}
