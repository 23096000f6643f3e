/* weir_sqlite: who gets a connection, and when. */
#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>

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
