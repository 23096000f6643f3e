/* weir_sqlite: transactions, as another connection sees them. */
#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "adapters/sqlite_support.h"
#include "support/must.h"
#include "support/token.h"

static struct database database;
static weir_sqlite *db, *other;
static weir_token *token;
static struct gate gate;

static void begin(void)
{
	database_make(&database, 3);
	db = pool_take(database.pool);
	other = pool_take(database.pool);
	token = token_make(NULL);
	gate_init(&gate);
	database_add_gate(db, &gate);
}

static void end(void)
{
	weir_token_unref(token);
	weir_sqlite_release(db);
	weir_sqlite_release(other);
	database_destroy(&database);
	gate_destroy(&gate);
}

TestSuite(sqlite_transaction, .init = begin, .fini = end);

static int64_t notes(void)
{
	return number_of(other, "SELECT count(*) FROM note");
}

/* Nobody has the lock: the other one gets it at once. */
static void lock_is_free(void)
{
	cr_assert_eq(
		weir_sqlite_begin(other, WEIR_SQLITE_WRITE, NULL, weir_after(10 * WEIR_SECOND)), 0);
	cr_assert_eq(weir_sqlite_rollback(other), 0);
}

static int begin_write(void)
{
	return weir_sqlite_begin(db, WEIR_SQLITE_WRITE, token, WEIR_NEVER);
}

Test(sqlite_transaction, is_seen_when_it_is_committed)
{
	cr_assert_eq(begin_write(), 0);
	must_exec(db, "INSERT INTO note (text) VALUES ('a')");
	cr_assert_eq(notes(), 0);
	cr_assert_eq(weir_sqlite_commit(db, token, WEIR_NEVER), 0);
	cr_assert_eq(notes(), 1);
	lock_is_free();
}

Test(sqlite_transaction, is_not_seen_when_it_is_rolled_back)
{
	cr_assert_eq(begin_write(), 0);
	must_exec(db, "INSERT INTO note (text) VALUES ('a')");
	cr_assert_eq(weir_sqlite_rollback(db), 0);
	cr_assert_eq(notes(), 0);
	cr_assert_eq(weir_sqlite_rollback(db), 0, "there is none, which is what was asked for");
	lock_is_free();
}

Test(sqlite_transaction, one_in_another_is_refused_and_leaves_that_alone)
{
	cr_assert_eq(begin_write(), 0);
	must_exec(db, "INSERT INTO note (text) VALUES ('a')");
	cr_assert_eq(begin_write(), -EINVAL);
	cr_assert_str_eq(weir_sqlite_message(db), "already in a transaction");
	cr_assert_eq(weir_sqlite_commit(db, NULL, WEIR_NEVER), 0);
	cr_assert_eq(notes(), 1);
	cr_assert_eq(weir_sqlite_commit(db, NULL, WEIR_NEVER), -EINVAL);
}

Test(sqlite_transaction, a_release_rolls_back)
{
	cr_assert_eq(begin_write(), 0);
	must_exec(db, "INSERT INTO note (text) VALUES ('a')");
	weir_sqlite_release(db);
	cr_assert_eq(notes(), 0);
	lock_is_free();
	db = pool_take(database.pool);
	cr_assert_eq(begin_write(), 0);
}

Test(sqlite_transaction, a_commit_with_a_tripped_token_rolls_back)
{
	cr_assert_eq(begin_write(), 0);
	must_exec(db, "INSERT INTO note (text) VALUES ('a')");
	token_trip(token);
	cr_assert_eq(weir_sqlite_commit(db, token, WEIR_NEVER), -ECANCELED);
	cr_assert_eq(notes(), 0);
	lock_is_free();
}

/* --- the scope --- */

static void *trip_at_gate(void *arg)
{
	gate_await(&gate, 1);
	token_trip(arg);
	return NULL;
}

/* What the work does after its first insert, and returns. */
struct plan {
	const char *sql;
	bool trip;
	int result;
};

static int work(weir_sqlite *on, void *arg, weir_token *under, weir_time until)
{
	const struct plan *plan = arg;
	int error = weir_sqlite_exec(on, "INSERT INTO note (text) VALUES ('first')", NULL, 0, NULL,
				     under, until);

	cr_assert_eq(error, 0);
	if (plan->trip)
		token_trip(under);
	if (plan->sql)
		return weir_sqlite_exec(on, plan->sql, NULL, 0, NULL, under, until);
	return plan->result;
}

static int transact(struct plan *plan)
{
	return weir_sqlite_transaction(db, WEIR_SQLITE_WRITE, work, plan, token, WEIR_NEVER);
}

Test(sqlite_transaction, a_scope_commits)
{
	struct plan plan = {0};

	cr_assert_eq(transact(&plan), 0);
	cr_assert_eq(notes(), 1);
	lock_is_free();
}

Test(sqlite_transaction, a_scope_rolls_back_when_its_work_fails)
{
	struct plan plan = {.result = -ENOENT};
	struct plan mistake = {.sql = "INSERT INTO note (text) VALUES ('first')"};

	cr_assert_eq(transact(&plan), -ENOENT);
	cr_assert_eq(notes(), 0);
	cr_assert_eq(transact(&mistake), -EEXIST);
	cr_assert(strstr(weir_sqlite_message(db), "note.text"), "of what failed, not of the end");
	cr_assert_eq(notes(), 0);
	lock_is_free();
}

Test(sqlite_transaction, a_scope_rolls_back_on_a_trip)
{
	struct plan plan = {.trip = true};

	cr_assert_eq(transact(&plan), -ECANCELED);
	cr_assert_eq(notes(), 0);
	lock_is_free();
	cr_assert_eq(transact(&plan), -ECANCELED, "and does not begin");
}

static void interrupted_in(const char *sql)
{
	struct plan plan = {.sql = sql};
	pthread_t thread;

	cr_assert_eq(pthread_create(&thread, NULL, trip_at_gate, token), 0);
	cr_assert_eq(transact(&plan), -ECANCELED);
	cr_assert_eq(pthread_join(thread, NULL), 0);
	cr_assert_eq(notes(), 0);
	lock_is_free();
	cr_assert_eq(number_of(db, "SELECT count(*) FROM note"), 0);
}

/* After this SQLite has a transaction still ... */
Test(sqlite_transaction, a_trip_in_a_read_rolls_back)
{
	interrupted_in(ENDLESS_GATED);
}

/* ... and after this it has rolled back by itself. */
Test(sqlite_transaction, a_trip_in_a_write_rolls_back)
{
	interrupted_in("INSERT INTO note (text) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL "
		       "SELECT i + 1 FROM n) SELECT i FROM n WHERE i <> 1000 OR announce() = 1");
}

/* --- several --- */

Test(sqlite_transaction, a_reader_sees_one_state)
{
	cr_assert_eq(weir_sqlite_begin(other, WEIR_SQLITE_READ, NULL, WEIR_NEVER), 0);
	cr_assert_eq(notes(), 0);
	must_exec(db, "INSERT INTO note (text) VALUES ('a')");
	cr_assert_eq(notes(), 0);
	cr_assert_eq(weir_sqlite_commit(other, NULL, WEIR_NEVER), 0);
	cr_assert_eq(notes(), 1);
}

/* What it has read is old: waiting cannot help, and it does not wait. */
Test(sqlite_transaction, a_reader_that_comes_too_late_to_write_is_told)
{
	cr_assert_eq(weir_sqlite_begin(other, WEIR_SQLITE_READ, NULL, WEIR_NEVER), 0);
	cr_assert_eq(notes(), 0);
	must_exec(db, "INSERT INTO note (text) VALUES ('a')");
	cr_assert_eq(weir_sqlite_exec(other, "INSERT INTO note (text) VALUES ('b')", NULL, 0, NULL,
				      token, WEIR_NEVER),
		     -EBUSY);
	cr_assert_eq(weir_sqlite_rollback(other), 0);
	cr_assert_eq(notes(), 1);
}

static void *write_another(void *arg)
{
	weir_sqlite *on = arg;

	must(weir_sqlite_begin(on, WEIR_SQLITE_WRITE, NULL, weir_after(MUST_PATIENCE)) == 0,
	     "begin");
	must_exec(on, "INSERT INTO note (text) VALUES ('b')");
	must(weir_sqlite_commit(on, NULL, WEIR_NEVER) == 0, "commit");
	return NULL;
}

Test(sqlite_transaction, writers_take_turns)
{
	pthread_t thread;

	cr_assert_eq(begin_write(), 0);
	must_exec(db, "INSERT INTO note (text) VALUES ('a')");
	cr_assert_eq(weir_sqlite_begin(other, WEIR_SQLITE_WRITE, token,
				       weir_after(10 * WEIR_MILLISECOND)),
		     -ETIMEDOUT);
	cr_assert_eq(pthread_create(&thread, NULL, write_another, other), 0);
	cr_assert_eq(weir_sqlite_commit(db, NULL, WEIR_NEVER), 0);
	cr_assert_eq(pthread_join(thread, NULL), 0);
	cr_assert_eq(number_of(db, "SELECT count(*) FROM note"), 2);
}
