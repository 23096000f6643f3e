/* adapters/test_pq_pool.c: who gets a connection, and which. */
#include <criterion/criterion.h>

#include <dirent.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "adapters/pq_support.h"
#include "support/gate.h"
#include "support/must.h"

TestSuite(pq_pool, .timeout = 60);

static weir_pq_pool *make_pool(unsigned size, weir_time idle_check)
{
	const struct weir_pq_pool_options options = {
		.connection = {.conninfo = getenv(PQ_CONNINFO), .cancel_timeout = MUST_PATIENCE},
		.size = size,
		.idle_check = idle_check};
	weir_pq_pool *pool = NULL;

	cr_assert_eq(weir_pq_pool_create(&options, &pool), 0);
	return pool;
}

static weir_pq *acquire(weir_pq_pool *pool)
{
	struct weir_pq_error error;
	weir_pq *connection = NULL;

	cr_assert_eq(
		weir_pq_pool_acquire(pool, NULL, weir_after(MUST_PATIENCE), &connection, &error), 0,
		"%s", error.text);
	return connection;
}

static void expect_count(weir_pq_pool *pool, unsigned lent, unsigned idle)
{
	unsigned lent_now, idle_now;

	weir_pq_pool_count(pool, &lent_now, &idle_now);
	cr_assert_eq(lent_now, lent, "%u lent, not %u", lent_now, lent);
	cr_assert_eq(idle_now, idle, "%u idle, not %u", idle_now, idle);
}

static long session_of(weir_pq *connection)
{
	return pq_number(connection, "SELECT pg_backend_pid()");
}

Test(pq_pool, connections_are_made_when_needed_and_used_again)
{
	weir_pq_pool *pool = make_pool(2, 0);
	weir_pq *first, *second;
	long session;

	expect_count(pool, 0, 0);
	first = acquire(pool);
	second = acquire(pool);
	expect_count(pool, 2, 0);
	session = session_of(second);
	weir_pq_pool_release(pool, first);
	weir_pq_pool_release(pool, second);
	expect_count(pool, 0, 2);
	first = acquire(pool);
	cr_assert_eq(session_of(first), session, "the one used last");
	weir_pq_pool_release(pool, first);
	weir_pq_pool_release(pool, NULL);
	cr_assert_eq(weir_pq_pool_destroy(pool, WEIR_NEVER), 0);
}

Test(pq_pool, options_have_limits)
{
	struct weir_pq_pool_options options = {.size = 1025};
	weir_pq_pool *pool;

	cr_assert_eq(weir_pq_pool_create(&options, &pool), -EINVAL);
	options.size = 1;
	options.idle_check = -1;
	cr_assert_eq(weir_pq_pool_create(&options, &pool), -EINVAL);
	cr_assert_eq(weir_pq_pool_create(NULL, &pool), 0);
	cr_assert_eq(weir_pq_pool_destroy(pool, WEIR_NEVER), 0);
	cr_assert_eq(weir_pq_pool_destroy(NULL, WEIR_NEVER), 0);
}

Test(pq_pool, waiting_ends_on_time_and_by_a_trip)
{
	weir_pq_pool *pool = make_pool(1, 0);
	weir_pq *held = acquire(pool), *none;
	struct weir_pq_error error;
	weir_token *token = NULL;

	cr_assert_eq(weir_pq_pool_acquire(pool, NULL, weir_after(WEIR_MILLISECOND), &none, &error),
		     -ETIMEDOUT);
	cr_assert_neq(error.text[0], '\0');
	/* A deadline is a trip by another thread. */
	cr_assert_eq(weir_token_create(NULL, weir_after(5 * WEIR_MILLISECOND), &token), 0);
	cr_assert_eq(weir_pq_pool_acquire(pool, token, WEIR_NEVER, &none, NULL), -ECANCELED);
	weir_pq_pool_release(pool, held);
	cr_assert_eq(weir_pq_pool_acquire(pool, token, WEIR_NEVER, &none, NULL), -ECANCELED,
		     "although there is one");
	expect_count(pool, 0, 1);
	weir_token_unref(token);
	cr_assert_eq(weir_pq_pool_destroy(pool, WEIR_NEVER), 0);
}

struct customer {
	weir_pq_pool *pool;
	atomic_uint *turns;
	unsigned turn;
	int result;
	pthread_t thread;
};

static void *shop(void *arg)
{
	struct customer *customer = arg;
	weir_pq *connection;

	customer->result = weir_pq_pool_acquire(customer->pool, NULL, weir_after(MUST_PATIENCE),
						&connection, NULL);
	if (customer->result == 0) {
		customer->turn = atomic_fetch_add(customer->turns, 1);
		weir_pq_pool_release(customer->pool, connection);
	}
	return NULL;
}

/* proc(5), /proc/PID/syscall: begins with the number of the call that the thread is in. */
static bool sleeps_in_futex(const char *thread)
{
	char path[320];
	FILE *file;
	int call = -1;

	(void)snprintf(path, sizeof(path), "/proc/self/task/%s/syscall", thread);
	file = fopen(path, "re");
	if (!file)
		return false; /* "." and "..", and a thread that has ended */
	if (fscanf(file, "%d", &call) != 1)
		call = -1;
	(void)fclose(file);
	return call == SYS_futex;
}

/* Until the thread sleeps in a futex: it stands in the queue. (It waits for nothing else: the
 * pool's lock is not held by anybody.) */
static void await_sleep(unsigned sleepers)
{
	unsigned found = 0;
	const weir_time until = weir_after(MUST_PATIENCE);

	while (found < sleepers) {
		DIR *tasks = opendir("/proc/self/task");
		const struct dirent *task;

		cr_assert_not_null(tasks);
		for (found = 0; (task = readdir(tasks));)
			found += sleeps_in_futex(task->d_name);
		(void)closedir(tasks);
		cr_assert_lt(weir_now(), until, "%u of %u sleep", found, sleepers);
	}
}

Test(pq_pool, first_come_first_served)
{
	enum { CUSTOMERS = 5 };
	weir_pq_pool *pool = make_pool(1, 0);
	weir_pq *held = acquire(pool);
	struct customer customers[CUSTOMERS];
	atomic_uint turns = 0;
	unsigned i;

	for (i = 0; i < CUSTOMERS; i++) {
		customers[i] = (struct customer){.pool = pool, .turns = &turns};
		cr_assert_eq(pthread_create(&customers[i].thread, NULL, shop, &customers[i]), 0);
		await_sleep(i + 1);
	}
	weir_pq_pool_release(pool, held);
	for (i = 0; i < CUSTOMERS; i++) {
		cr_assert_eq(pthread_join(customers[i].thread, NULL), 0);
		cr_assert_eq(customers[i].result, 0);
		cr_assert_eq(customers[i].turn, i);
	}
	expect_count(pool, 0, 1);
	cr_assert_eq(weir_pq_pool_destroy(pool, WEIR_NEVER), 0);
}

Test(pq_pool, destroy_sends_away_who_waits_and_waits_for_what_is_lent)
{
	weir_pq_pool *pool = make_pool(1, 0);
	weir_pq *held = acquire(pool), *none;
	struct customer customer = {.pool = pool};

	cr_assert_eq(pthread_create(&customer.thread, NULL, shop, &customer), 0);
	await_sleep(1);
	cr_assert_eq(weir_pq_pool_destroy(pool, weir_after(WEIR_MILLISECOND)), -ETIMEDOUT);
	cr_assert_eq(pthread_join(customer.thread, NULL), 0);
	cr_assert_eq(customer.result, -EPIPE);
	cr_assert_eq(weir_pq_pool_acquire(pool, NULL, WEIR_NEVER, &none, NULL), -EPIPE);
	weir_pq_pool_release(pool, held);
	cr_assert_eq(weir_pq_pool_destroy(pool, WEIR_NEVER), 0);
}

Test(pq_pool, an_open_transaction_is_rolled_back)
{
	weir_pq_pool *pool = make_pool(1, 0);
	weir_pq *connection = acquire(pool);
	long session = session_of(connection);

	pq_run(connection, "CREATE TABLE pool_open (n int)");
	pq_run(connection, "BEGIN");
	pq_run(connection, "INSERT INTO pool_open VALUES (1)");
	weir_pq_pool_release(pool, connection);
	connection = acquire(pool);
	cr_assert_eq(session_of(connection), session);
	cr_assert_eq(pq_number(connection, "SELECT count(*) FROM pool_open"), 0);
	pq_run(connection, "BEGIN");
	weir_pq_pool_release(pool, connection);
	cr_assert_eq(weir_pq_pool_destroy(pool, WEIR_NEVER), 0);
}

static void terminate(weir_pq *killer, long session)
{
	char sql[128];

	/* The second form waits until it is gone. */
	(void)snprintf(sql, sizeof(sql), "SELECT pg_terminate_backend(%ld, 30000)::int", session);
	cr_assert_eq(pq_number(killer, sql), 1);
}

Test(pq_pool, what_the_server_has_closed_is_replaced)
{
	weir_pq_pool *pool = make_pool(2, 0);
	weir_pq *killer = pq_open(NULL), *connection = acquire(pool);
	long session = session_of(connection);

	weir_pq_pool_release(pool, connection);
	terminate(killer, session); /* while it is idle */
	connection = acquire(pool);
	cr_assert_neq(session_of(connection), session);
	session = session_of(connection);
	terminate(killer, session); /* while it is lent */
	cr_assert_eq(weir_pq_exec(connection, "SELECT 1", NULL, WEIR_NEVER), -ECONNRESET);
	weir_pq_pool_release(pool, connection);
	expect_count(pool, 0, 0);
	connection = acquire(pool);
	cr_assert_eq(pq_number(connection, "SELECT 1"), 1);
	weir_pq_pool_release(pool, connection);
	weir_pq_close(killer);
	cr_assert_eq(weir_pq_pool_destroy(pool, WEIR_NEVER), 0);
}

/* Its socket looks well, but nobody answers: only trying it tells. */
Test(pq_pool, what_was_idle_for_long_is_tried)
{
	struct postgres postgres;
	struct weir_pq_pool_options options = {
		.connection.cancel_timeout = 20 * WEIR_MILLISECOND, .size = 1, .idle_check = 1};
	weir_pq_pool *pool;
	weir_pq *connection;

	postgres_start(&postgres);
	options.connection.conninfo = postgres.conninfo;
	cr_assert_eq(weir_pq_pool_create(&options, &pool), 0);
	connection = acquire(pool);
	weir_pq_pool_release(pool, connection);
	postgres_freeze(&postgres);
	cr_assert_eq(weir_pq_pool_acquire(pool, NULL, weir_after(100 * WEIR_MILLISECOND),
					  &connection, NULL),
		     -ETIMEDOUT);
	expect_count(pool, 0, 0);
	postgres_thaw(&postgres);
	connection = acquire(pool);
	weir_pq_pool_release(pool, connection);
	cr_assert_eq(weir_pq_pool_destroy(pool, WEIR_NEVER), 0);
	postgres_stop(&postgres);
}

Test(pq_pool, a_failed_attempt_gives_its_place_back)
{
	struct weir_pq_pool_options options = {.connection.conninfo = "host=/nowhere", .size = 1};
	struct weir_pq_error error;
	weir_pq *connection;
	weir_pq_pool *pool;
	unsigned i;

	cr_assert_eq(weir_pq_pool_create(&options, &pool), 0);
	for (i = 0; i < 3; i++) {
		cr_assert_eq(weir_pq_pool_acquire(pool, NULL, WEIR_NEVER, &connection, &error),
			     -ECONNREFUSED);
		cr_assert_neq(error.text[0], '\0');
	}
	expect_count(pool, 0, 0);
	cr_assert_eq(weir_pq_pool_destroy(pool, WEIR_NEVER), 0);
}
