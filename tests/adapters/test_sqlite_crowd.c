/* weir_sqlite: many threads at once, in one pool and in several of the same file. */
#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "adapters/sqlite_support.h"
#include "support/must.h"

static struct database database;

static void begin(void)
{
	database_make(&database, 2);
}

static void end(void)
{
	database_destroy(&database);
}

TestSuite(sqlite_crowd, .init = begin, .fini = end);

enum { THREADS = 100, ROUNDS = 20, ACCOUNTS = 10 };

struct clerk {
	pthread_t thread;
	weir_sqlite_pool *pool;
	unsigned seed;
	unsigned moved, gave_up;
};

/* Moves one from an account to another, and writes it down: three statements. */
static int move_one(weir_sqlite *db, void *arg, weir_token *token, weir_time until)
{
	const struct weir_sqlite_value *accounts = arg;
	int error;

	error = weir_sqlite_exec(db, "UPDATE account SET balance = balance - 1 WHERE id = ?",
				 &accounts[0], 1, NULL, token, until);
	if (!error)
		error = weir_sqlite_exec(db,
					 "UPDATE account SET balance = balance + 1 WHERE id = ?",
					 &accounts[1], 1, NULL, token, until);
	if (!error)
		error = weir_sqlite_exec(db, "INSERT INTO move VALUES (?, ?)", accounts, 2, NULL,
					 token, until);
	return error;
}

static int serve(struct clerk *clerk, weir_token *token)
{
	const struct weir_sqlite_value accounts[] = {
		weir_sqlite_integer(rand_r(&clerk->seed) % ACCOUNTS),
		weir_sqlite_integer(rand_r(&clerk->seed) % ACCOUNTS)};
	weir_sqlite *db;
	int error = weir_sqlite_acquire(clerk->pool, &db, token, WEIR_NEVER);

	if (error)
		return error;
	error = weir_sqlite_transaction(db, WEIR_SQLITE_WRITE, move_one, (void *)accounts, token,
					WEIR_NEVER);
	weir_sqlite_release(db);
	return error;
}

static void *work_all_day(void *arg)
{
	struct clerk *clerk = arg;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		weir_time patience = rand_r(&clerk->seed) % 100 * WEIR_MILLISECOND;
		weir_token *token;
		int error;

		must(weir_token_create(NULL, weir_after(patience), &token) == 0, "no token");
		error = serve(clerk, token);
		must(error == 0 || error == -ECANCELED, "%d", error);
		clerk->moved += error == 0;
		clerk->gave_up += error == -ECANCELED;
		weir_token_unref(token);
	}
	return NULL;
}

Test(sqlite_crowd, a_hundred_threads_four_connections_random_trips)
{
	static struct clerk clerks[THREADS];
	struct weir_sqlite_pool_counts counts;
	weir_sqlite_pool *pool = database_second_pool(&database, 4);
	weir_sqlite *db = pool_take(pool);
	unsigned i, moved = 0, gave_up = 0;

	must_exec(db, "CREATE TABLE account (id INTEGER PRIMARY KEY, balance INTEGER)");
	must_exec(db, "CREATE TABLE move (source INTEGER, target INTEGER)");
	must_exec(db, "INSERT INTO account WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL "
		      "SELECT i + 1 FROM n LIMIT 10) SELECT i, 100 FROM n");
	must_exec(db, "PRAGMA synchronous = OFF");
	weir_sqlite_release(db);
	for (i = 0; i < THREADS; i++) {
		clerks[i] = (struct clerk){.pool = pool, .seed = (unsigned)weir_now() + i};
		cr_assert_eq(pthread_create(&clerks[i].thread, NULL, work_all_day, &clerks[i]), 0);
	}
	for (i = 0; i < THREADS; i++) {
		cr_assert_eq(pthread_join(clerks[i].thread, NULL), 0);
		moved += clerks[i].moved;
		gave_up += clerks[i].gave_up;
	}
	cr_assert_eq(moved + gave_up, THREADS * ROUNDS);
	cr_assert(moved > 0 && gave_up > 0, "%u moved, %u gave up", moved, gave_up);
	weir_sqlite_pool_count(pool, &counts);
	cr_assert(counts.open <= 4);
	cr_assert_eq(counts.idle, counts.open, "a connection was lost");
	cr_assert_eq(counts.waiting, 0);
	db = pool_take(pool);
	cr_assert_eq(number_of(db, "SELECT count(*) FROM move"), moved, "all or nothing");
	cr_assert_eq(number_of(db, "SELECT sum(balance) FROM account"), 1000);
	cr_assert_eq(number_of(db, "SELECT count(*) FROM account AS a WHERE balance <> 100 "
				   "- (SELECT count(*) FROM move WHERE source = a.id) "
				   "+ (SELECT count(*) FROM move WHERE target = a.id)"),
		     0);
	weir_sqlite_release(db);
	pool_destroy(pool);
}

static void *open_and_write(void *arg)
{
	weir_sqlite *db = pool_take(arg);

	must_exec(db, "CREATE TABLE IF NOT EXISTS t (n)");
	must_exec(db, "INSERT INTO t VALUES (1)");
	weir_sqlite_release(db);
	return NULL;
}

Test(sqlite_crowd, all_make_the_file_at_the_same_time)
{
	enum { POOLS = 3, EACH = 3, FILES = 20 };
	char path[PATH_MAX + 32];
	const struct weir_sqlite_options options = {.path = path};
	weir_sqlite_pool *pools[POOLS];
	pthread_t threads[POOLS * EACH];
	int file, i;

	for (file = 0; file < FILES; file++) {
		(void)snprintf(path, sizeof(path), "%s/new-%d.db", database.scratch.path, file);
		for (i = 0; i < POOLS; i++)
			cr_assert_eq(weir_sqlite_pool_create(&options, &pools[i]), 0);
		for (i = 0; i < POOLS * EACH; i++)
			cr_assert_eq(
				pthread_create(&threads[i], NULL, open_and_write, pools[i % POOLS]),
				0);
		for (i = 0; i < POOLS * EACH; i++)
			cr_assert_eq(pthread_join(threads[i], NULL), 0);
		cr_assert_eq(pool_number_of(pools[0], "SELECT sum(n) FROM t"), POOLS * EACH);
		for (i = 0; i < POOLS; i++)
			pool_destroy(pools[i]);
	}
}
