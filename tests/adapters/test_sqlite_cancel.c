/* weir_sqlite: what a trip ends, and what it leaves alone. */
#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <sqlite3.h>

#include "adapters/sqlite_support.h"
#include "support/must.h"
#include "support/token.h"

static struct database database;
static weir_sqlite *db;
static weir_token *token;
static struct gate gate;

static void begin(void)
{
	database_make(&database, 2);
	db = pool_take(database.pool);
	token = token_make(NULL);
	gate_init(&gate);
	database_add_gate(db, &gate);
}

static void end(void)
{
	weir_token_unref(token);
	weir_sqlite_release(db);
	database_destroy(&database);
	gate_destroy(&gate);
}

TestSuite(sqlite_cancel, .init = begin, .fini = end);

static int exec(const char *sql, weir_time until)
{
	return weir_sqlite_exec(db, sql, NULL, 0, NULL, token, until);
}

/* The connection is as good as new. */
static void works(void)
{
	must_exec(db, "INSERT INTO note (text) VALUES ('works')");
	must_exec(db, "DELETE FROM note WHERE text = 'works'");
	cr_assert_str_eq(weir_sqlite_message(db), "");
}

Test(sqlite_cancel, a_tripped_token_does_nothing)
{
	weir_sqlite *other = NULL;

	token_trip(token);
	cr_assert_eq(exec("INSERT INTO note (text) VALUES ('a')", WEIR_NEVER), -ECANCELED);
	cr_assert_eq(exec("no SQL at all", WEIR_NEVER), -ECANCELED);
	cr_assert_eq(weir_sqlite_begin(db, WEIR_SQLITE_WRITE, token, WEIR_NEVER), -ECANCELED);
	cr_assert_eq(weir_sqlite_script(db, "DELETE FROM note", token, WEIR_NEVER), -ECANCELED);
	cr_assert_eq(weir_sqlite_acquire(database.pool, &other, token, WEIR_NEVER), -ECANCELED);
	cr_assert_null(other);
	cr_assert_eq(number_of(db, "SELECT count(*) FROM note"), 0);
}

Test(sqlite_cancel, a_time_that_has_passed_does_neither)
{
	weir_sqlite *other = NULL;

	cr_assert_eq(exec("INSERT INTO note (text) VALUES ('a')", weir_now()), -ETIMEDOUT);
	cr_assert_eq(weir_sqlite_acquire(database.pool, &other, token, 0), -ETIMEDOUT);
	cr_assert_eq(number_of(db, "SELECT count(*) FROM note"), 0);
}

static void *trip_at_gate(void *arg)
{
	gate_await(&gate, 1);
	token_trip(arg);
	return NULL;
}

Test(sqlite_cancel, a_trip_ends_the_statement_that_runs)
{
	pthread_t thread;

	cr_assert_eq(pthread_create(&thread, NULL, trip_at_gate, token), 0);
	cr_assert_eq(exec(ENDLESS_GATED, WEIR_NEVER), -ECANCELED);
	cr_assert_eq(weir_sqlite_code(db), SQLITE_INTERRUPT);
	cr_assert_str_eq(weir_sqlite_message(db), "interrupted");
	cr_assert_eq(pthread_join(thread, NULL), 0);
	works();
}

Test(sqlite_cancel, a_deadline_does_too)
{
	weir_time until = weir_after(20 * WEIR_MILLISECOND);

	cr_assert_eq(exec(ENDLESS, until), -ETIMEDOUT);
	cr_assert(weir_now() >= until);
	cr_assert_eq(weir_token_check(token), 0, "it was the call's, not the token's");
	works();
}

Test(sqlite_cancel, the_deadline_of_the_token_is_a_trip)
{
	cr_assert_eq(weir_token_set_deadline(token, weir_after(20 * WEIR_MILLISECOND)), 0);
	cr_assert_eq(exec(ENDLESS, weir_after(MUST_PATIENCE)), -ECANCELED);
	works();
}

Test(sqlite_cancel, without_a_token_a_deadline_counts)
{
	cr_assert_eq(weir_sqlite_exec(db, ENDLESS, NULL, 0, NULL, NULL,
				      weir_after(20 * WEIR_MILLISECOND)),
		     -ETIMEDOUT);
	works();
}

static int trip_after_three(void *arg, const weir_sqlite_row *row)
{
	(void)row;
	if (++*(int *)arg == 3)
		token_trip(token);
	return 0;
}

Test(sqlite_cancel, a_trip_between_two_rows)
{
	int rows = 0;

	cr_assert_eq(weir_sqlite_query(db,
				       "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL "
				       "SELECT i + 1 FROM n) SELECT i FROM n",
				       NULL, 0, trip_after_three, &rows, token, WEIR_NEVER),
		     -ECANCELED);
	cr_assert_eq(rows, 3);
	works();
}

static int trip_while_parsing(void *arg, int action, const char *a, const char *b, const char *c,
			      const char *d)
{
	(void)action, (void)a, (void)b, (void)c, (void)d;
	(void)weir_token_cancel(arg, WEIR_REASON_REQUESTED, NULL); /* it is asked more than once */
	return SQLITE_OK;
}

Test(sqlite_cancel, a_trip_while_it_is_prepared)
{
	cr_assert_eq(sqlite3_set_authorizer(weir_sqlite_handle(db), trip_while_parsing, token),
		     SQLITE_OK);
	cr_assert_eq(exec("DELETE FROM note", WEIR_NEVER), -ECANCELED);
	cr_assert_eq(sqlite3_set_authorizer(weir_sqlite_handle(db), NULL, NULL), SQLITE_OK);
	works();
}

/* A write outside a transaction is one: all of it, or nothing. */
Test(sqlite_cancel, an_interrupted_write_has_changed_nothing)
{
	pthread_t thread;

	cr_assert_eq(pthread_create(&thread, NULL, trip_at_gate, token), 0);
	cr_assert_eq(exec("INSERT INTO note (text) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL "
			  "SELECT i + 1 FROM n) SELECT i FROM n WHERE i <> 1000 OR announce() = 1",
			  WEIR_NEVER),
		     -ECANCELED);
	cr_assert_eq(pthread_join(thread, NULL), 0);
	cr_assert_eq(pool_number_of(database.pool, "SELECT count(*) FROM note"), 0);
	works();
}

Test(sqlite_cancel, what_was_done_is_done)
{
	cr_assert_eq(exec("INSERT INTO note (text) VALUES ('a')", WEIR_NEVER), 0);
	token_trip(token);
	cr_assert_eq(number_of(db, "SELECT count(*) FROM note"), 1);
}

static void *interrupt_at_gate(void *arg)
{
	gate_await(&gate, 1);
	sqlite3_interrupt(weir_sqlite_handle(arg));
	return NULL;
}

Test(sqlite_cancel, an_interrupt_that_is_not_ours_is_told_apart)
{
	pthread_t thread;

	cr_assert_eq(pthread_create(&thread, NULL, interrupt_at_gate, db), 0);
	cr_assert_eq(exec(ENDLESS_GATED, WEIR_NEVER), -EINTR);
	cr_assert_eq(pthread_join(thread, NULL), 0);
	works();
}

/* A checkpoint is no statement: it would not take a mark away, but obey it. */
Test(sqlite_cancel, no_mark_of_it_is_left)
{
	pthread_t thread;

	must_exec(db, "INSERT INTO note (text) VALUES ('to be written back')");
	cr_assert_eq(pthread_create(&thread, NULL, trip_at_gate, token), 0);
	cr_assert_eq(exec(ENDLESS_GATED, WEIR_NEVER), -ECANCELED);
	cr_assert_eq(pthread_join(thread, NULL), 0);
	cr_assert_eq(sqlite3_wal_checkpoint_v2(weir_sqlite_handle(db), NULL,
					       SQLITE_CHECKPOINT_PASSIVE, NULL, NULL),
		     SQLITE_OK);
}

/* --- waiting for a lock --- */

Test(sqlite_cancel, a_trip_ends_the_wait_for_a_lock)
{
	weir_sqlite_pool *others = database_second_pool(&database, 1);
	weir_sqlite *other = pool_take(others);

	cr_assert_eq(weir_sqlite_begin(other, WEIR_SQLITE_WRITE, NULL, WEIR_NEVER), 0);
	cr_assert_eq(exec("DELETE FROM note", weir_after(30 * WEIR_MILLISECOND)), -ETIMEDOUT);
	cr_assert_eq(
		weir_sqlite_begin(db, WEIR_SQLITE_WRITE, token, weir_after(30 * WEIR_MILLISECOND)),
		-ETIMEDOUT);
	cr_assert_eq(weir_token_set_deadline(token, weir_after(30 * WEIR_MILLISECOND)), 0);
	cr_assert_eq(exec("DELETE FROM note", WEIR_NEVER), -ECANCELED);
	weir_sqlite_release(other);
	works();
	pool_destroy(others);
}

static void *roll_back(void *other)
{
	must(weir_sqlite_rollback(other) == 0, "weir_sqlite_rollback");
	return NULL;
}

Test(sqlite_cancel, the_lock_is_had_when_it_is_free)
{
	weir_sqlite_pool *others = database_second_pool(&database, 1);
	weir_sqlite *other = pool_take(others);
	pthread_t thread;

	cr_assert_eq(weir_sqlite_begin(other, WEIR_SQLITE_WRITE, NULL, WEIR_NEVER), 0);
	cr_assert_eq(pthread_create(&thread, NULL, roll_back, other), 0);
	cr_assert_eq(exec("INSERT INTO note (text) VALUES ('a')", WEIR_NEVER), 0);
	cr_assert_eq(pthread_join(thread, NULL), 0);
	weir_sqlite_release(other);
	pool_destroy(others);
}

/* --- VACUUM, which wants to be alone on its connection --- */

static void fill(void)
{
	must_exec(db, "INSERT INTO note (text) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL "
		      "SELECT i + 1 FROM n LIMIT 20000) SELECT i || hex(randomblob(200)) FROM n");
}

Test(sqlite_cancel, vacuum_runs)
{
	fill();
	must_exec(db, " vacuum");
	cr_assert_eq(weir_sqlite_script(db, "DELETE FROM note; VACUUM; DELETE FROM note;", token,
					WEIR_NEVER),
		     0, "%s", weir_sqlite_message(db));
	works();
}

static int64_t total(weir_sqlite *from)
{
	return number_of(from, "SELECT sum(length(text)) FROM note");
}

Test(sqlite_cancel, and_can_be_cancelled)
{
	weir_time time = 4 * WEIR_MILLISECOND;
	int64_t before;
	int result;

	fill();
	before = total(db);
	/* Its last part cannot be ended: whoever comes that far in the time is done. */
	do {
		time /= 2;
		result = exec("VACUUM", weir_after(time));
		cr_assert(result == 0 || result == -ETIMEDOUT, "%d", result);
		cr_assert_eq(total(db), before);
	} while (result == 0 && time > 50 * WEIR_MICROSECOND);
	cr_assert_eq(result, -ETIMEDOUT);
	cr_assert_eq(exec("VACUUM", WEIR_NEVER), 0);
	token_trip(token);
	cr_assert_eq(exec("VACUUM", WEIR_NEVER), -ECANCELED);
	cr_assert_eq(total(db), before);
	works();
}
