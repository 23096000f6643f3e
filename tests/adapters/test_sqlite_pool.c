/* weir_sqlite: who gets a connection, and when. */
#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "adapters/sqlite/connection.h"
#include "adapters/sqlite_support.h"
#include "support/must.h"
#include "support/token.h"

static struct database database;

static void begin(void)
{
	database_make(&database, 2);
}

static void end(void)
{
	database_destroy(&database);
}

TestSuite(sqlite_pool, .init = begin, .fini = end);

static struct weir_sqlite_pool_counts count(void)
{
	struct weir_sqlite_pool_counts counts;

	weir_sqlite_pool_count(database.pool, &counts);
	return counts;
}

/* Waits until so many are in the queue: it can be counted but not waited on. */
static void await_waiting(unsigned waiting)
{
	weir_time until = weir_after(MUST_PATIENCE);

	while (count().waiting != waiting) {
		must(weir_now() < until, "nobody waits");
		(void)weir_token_wait(NULL, weir_after(WEIR_MILLISECOND));
	}
}

Test(sqlite_pool, options_that_make_no_sense)
{
	struct weir_sqlite_options options = {0};
	weir_sqlite_pool *pool = NULL;

	cr_assert_eq(weir_sqlite_pool_create(NULL, &pool), -EINVAL);
	cr_assert_eq(weir_sqlite_pool_create(&options, &pool), -EINVAL);
	options.path = "x";
	options.connections = 1025;
	cr_assert_eq(weir_sqlite_pool_create(&options, &pool), -EINVAL);
	options.connections = 2;
	options.path = ":memory:";
	cr_assert_eq(weir_sqlite_pool_create(&options, &pool), -EINVAL, "two databases");
	options.path = "file::memory:";
	cr_assert_eq(weir_sqlite_pool_create(&options, &pool), -EINVAL);
	options.path = "";
	cr_assert_eq(weir_sqlite_pool_create(&options, &pool), -EINVAL);
	cr_assert_null(pool);
	cr_assert_eq(weir_sqlite_pool_destroy(NULL, NULL, 0), 0);
	weir_sqlite_release(NULL);
}

Test(sqlite_pool, connections_are_opened_when_they_are_wanted_and_kept)
{
	weir_sqlite *first, *second;

	cr_assert_eq(count().open, 1, "that made the table");
	first = pool_take(database.pool);
	cr_assert_eq(count().open, 1);
	second = pool_take(database.pool);
	cr_assert_eq(count().open, 2);
	cr_assert_eq(count().idle, 0);
	weir_sqlite_release(first);
	cr_assert_eq(count().idle, 1);
	cr_assert_eq(pool_take(database.pool), first);
	weir_sqlite_release(first);
	weir_sqlite_release(second);
	cr_assert_eq(count().idle, 2);
	cr_assert_eq(count().open, 2);
}

/* --- waiting --- */

struct asker {
	pthread_t thread;
	weir_token *token;
	weir_time until;
	int result;
	unsigned place; /* in the order of those who got one */
	struct gate *release;
};

static atomic_uint places;

static void *ask(void *arg)
{
	struct asker *asker = arg;
	weir_sqlite *db = NULL;

	asker->result = weir_sqlite_acquire(database.pool, &db, asker->token, asker->until);
	if (asker->result)
		return NULL;
	asker->place = atomic_fetch_add(&places, 1);
	weir_sqlite_release(db);
	return NULL;
}

static void start(struct asker *asker)
{
	cr_assert_eq(pthread_create(&asker->thread, NULL, ask, asker), 0);
}

static void join(struct asker *asker)
{
	cr_assert_eq(pthread_join(asker->thread, NULL), 0);
}

Test(sqlite_pool, who_waits_longest_is_first)
{
	enum { ASKERS = 10 };
	struct asker askers[ASKERS] = {0};
	weir_sqlite *first = pool_take(database.pool), *second = pool_take(database.pool);
	unsigned i;

	atomic_store(&places, 0);
	for (i = 0; i < ASKERS; i++) {
		askers[i].until = weir_after(MUST_PATIENCE);
		start(&askers[i]);
		await_waiting(i + 1);
	}
	weir_sqlite_release(first);
	for (i = 0; i < ASKERS; i++)
		join(&askers[i]);
	for (i = 0; i < ASKERS; i++) {
		cr_assert_eq(askers[i].result, 0);
		cr_assert_eq(askers[i].place, i, "%u came as %u", i, askers[i].place);
	}
	weir_sqlite_release(second);
}

Test(sqlite_pool, a_wait_ends_by_token_or_time)
{
	struct asker asker = {.token = token_make(NULL), .until = WEIR_NEVER};
	weir_sqlite *first = pool_take(database.pool), *second = pool_take(database.pool);
	weir_sqlite *db = NULL;

	start(&asker);
	await_waiting(1);
	token_trip(asker.token);
	join(&asker);
	cr_assert_eq(asker.result, -ECANCELED);
	cr_assert_eq(count().waiting, 0);
	cr_assert_eq(
		weir_sqlite_acquire(database.pool, &db, NULL, weir_after(10 * WEIR_MILLISECOND)),
		-ETIMEDOUT);
	cr_assert_eq(count().waiting, 0);
	weir_sqlite_release(first);
	weir_sqlite_release(second);
	cr_assert_eq(count().idle, 2);
	weir_token_unref(asker.token);
}

/* The one in the middle goes; those around him stay in order. */
Test(sqlite_pool, who_gives_up_leaves_the_line)
{
	struct asker askers[3] = {0};
	weir_sqlite *first = pool_take(database.pool), *second = pool_take(database.pool);
	unsigned i;

	atomic_store(&places, 0);
	for (i = 0; i < 3; i++) {
		askers[i].token = token_make(NULL);
		askers[i].until = weir_after(MUST_PATIENCE);
		start(&askers[i]);
		await_waiting(i + 1);
	}
	token_trip(askers[1].token);
	join(&askers[1]);
	cr_assert_eq(askers[1].result, -ECANCELED);
	weir_sqlite_release(first);
	join(&askers[0]);
	join(&askers[2]);
	cr_assert_eq(askers[0].place, 0);
	cr_assert_eq(askers[2].place, 1);
	weir_sqlite_release(second);
	for (i = 0; i < 3; i++)
		weir_token_unref(askers[i].token);
}

/* --- connections that go --- */

Test(sqlite_pool, one_that_cannot_be_rolled_back_is_replaced)
{
	weir_sqlite *db = pool_take(database.pool), *kept = pool_take(database.pool);
	struct asker asker = {.until = weir_after(MUST_PATIENCE)};

	start(&asker);
	await_waiting(1);
	db->broken = true;
	weir_sqlite_release(db);
	join(&asker);
	cr_assert_eq(asker.result, 0, "he opens the new one himself");
	cr_assert_eq(count().open, 2);
	kept->broken = true;
	weir_sqlite_release(kept);
	cr_assert_eq(count().open, 1);
}

/* The right to open one goes to the next in line, and none is lost. */
Test(sqlite_pool, one_that_cannot_be_opened_is_nobodys_loss)
{
	const struct weir_sqlite_options options = {
		.path = database.path, .connections = 1, .setup = "SELECT 1 FROM missing"};
	weir_sqlite_pool *pool;
	weir_sqlite *db = NULL;
	int i;

	cr_assert_eq(weir_sqlite_pool_create(&options, &pool), 0);
	for (i = 0; i < 3; i++)
		cr_assert_eq(weir_sqlite_acquire(pool, &db, NULL, WEIR_NEVER), -EINVAL);
	cr_assert_eq(pool_number_of(database.pool, "SELECT 1"), 1);
	db = pool_take(database.pool);
	must_exec(db, "CREATE TABLE missing (n)");
	weir_sqlite_release(db);
	weir_sqlite_release(pool_take(pool));
	pool_destroy(pool);
}

/* --- the end --- */

static void *destroy(void *arg)
{
	pool_destroy(arg);
	return NULL;
}

Test(sqlite_pool_end, destroy_waits_for_all_and_refuses_the_others)
{
	struct asker asker = {.until = WEIR_NEVER};
	weir_sqlite *first, *second, *late = NULL;
	weir_token *token = token_make(NULL);
	pthread_t thread;

	begin();
	first = pool_take(database.pool);
	second = pool_take(database.pool);
	start(&asker);
	await_waiting(1);
	cr_assert_eq(
		weir_sqlite_pool_destroy(database.pool, NULL, weir_after(10 * WEIR_MILLISECOND)),
		-ETIMEDOUT);
	join(&asker);
	cr_assert_eq(asker.result, -EPIPE);
	cr_assert_eq(weir_sqlite_acquire(database.pool, &late, NULL, WEIR_NEVER), -EPIPE);
	token_trip(token);
	cr_assert_eq(weir_sqlite_pool_destroy(database.pool, token, WEIR_NEVER), -ECANCELED);
	must_exec(first, "INSERT INTO note (text) VALUES ('still there')");
	cr_assert_eq(pthread_create(&thread, NULL, destroy, database.pool), 0);
	weir_sqlite_release(second);
	weir_sqlite_release(first);
	cr_assert_eq(pthread_join(thread, NULL), 0);
	weir_token_unref(token);
	scratch_remove(&database.scratch);
}

/* --- many --- */

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

Test(sqlite_pool, a_hundred_threads_four_connections_random_trips)
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

/* --- several at the same new file --- */

static void *open_and_write(void *arg)
{
	weir_sqlite *db = pool_take(arg);

	must_exec(db, "CREATE TABLE IF NOT EXISTS t (n)");
	must_exec(db, "INSERT INTO t VALUES (1)");
	weir_sqlite_release(db);
	return NULL;
}

Test(sqlite_pool, all_make_the_file_at_the_same_time)
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
