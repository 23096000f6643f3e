/* adapters/stress_sqlite.c: a trip interrupts its own statement, always, and no other, ever.
 *
 * Some threads share a pool of fewer connections. Each takes one in turn and runs
 *
 *  - an endless statement, under a token that another thread trips at a random moment around
 *    its beginning: it must end (an interrupt that is lost leaves it running for ever), with
 *    -ECANCELED;
 *  - a brief one, under a token that is tripped around its end: done, or -ECANCELED;
 *  - one without a token, which must be done: an interrupt that is left over from the
 *    connection's last user, or comes late, would hit it;
 *  - an attempt to get a connection, that is tripped: got, or -ECANCELED.
 *
 * At the end all connections are back.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <weir/sqlite.h>

#include "stress/stress.h"

enum { THREADS = 4, CONNECTIONS = 2 };

static const char endless[] =
	"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n";
static const char brief[] = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
			    "LIMIT 50) SELECT i FROM n";

static weir_sqlite_pool *pool;
static unsigned long rounds;
static atomic_ulong done, cancelled, refused;

/* Trips one token after another, each a random while after it was given it. */
struct tripper {
	pthread_t thread;
	struct stress_random random;
	_Atomic(weir_token *) token; /* NULL: nothing to do */
	atomic_bool over;
};

static void *trip(void *arg)
{
	struct tripper *tripper = arg;

	while (!atomic_load(&tripper->over)) {
		weir_token *token = atomic_load(&tripper->token);
		unsigned spins;

		if (!token) {
			(void)sched_yield();
			continue;
		}
		for (spins = stress_random_below(&tripper->random, 3000); spins > 0; spins--)
			(void)weir_token_check(token);
		(void)weir_token_cancel(token, WEIR_REASON_REQUESTED, "stress");
		atomic_store(&tripper->token, NULL);
	}
	return NULL;
}

/* Until the tripper has let go of the token, it may not be given another. */
static void await_trip(struct tripper *tripper)
{
	weir_time until = weir_after(STRESS_PATIENCE);

	while (atomic_load(&tripper->token)) {
		stress_check(weir_now() < until, "no trip");
		(void)sched_yield();
	}
}

static int count_row(void *arg, const weir_sqlite_row *row)
{
	(void)row;
	++*(int *)arg;
	return 0;
}

static int run(weir_sqlite *db, const char *sql, weir_token *token)
{
	int rows = 0;
	int error = weir_sqlite_query(db, sql, NULL, 0, count_row, &rows, token,
				      weir_after(STRESS_PATIENCE));

	stress_check(error || rows > 0, "%d rows", rows);
	return error;
}

static void one_round(struct tripper *tripper, struct stress_random *random)
{
	bool without_end = stress_random_below(random, 2) == 0;
	weir_token *token;
	weir_sqlite *db;
	int error;

	stress_check(weir_token_create(NULL, WEIR_NEVER, &token) == 0, "no token");
	/* Half of the trips begin before the connection is there, the others after. */
	if (stress_random_below(random, 2) == 0)
		atomic_store(&tripper->token, token);
	error = weir_sqlite_acquire(pool, &db, token, WEIR_NEVER);
	stress_check(error == 0 || error == -ECANCELED, "acquire: %s", strerror(-error));
	if (error) {
		atomic_fetch_add(&refused, 1);
	} else {
		if (weir_token_check(token) == 0)
			atomic_store(&tripper->token, token);
		error = run(db, without_end ? endless : brief, token);
		stress_check(error == -ECANCELED || (error == 0 && !without_end), "%s: %s",
			     without_end ? "endless" : "brief", strerror(-error));
		atomic_fetch_add(error ? &cancelled : &done, 1);
		if (stress_random_below(random, 2) == 0) {
			error = run(db, brief, NULL);
			stress_check(error == 0, "the next one: %s", strerror(-error));
		}
		weir_sqlite_release(db);
	}
	await_trip(tripper);
	weir_token_unref(token);
}

static void work(void *arg, unsigned number)
{
	struct tripper tripper = {0};
	struct stress_random random;
	weir_sqlite *db;
	unsigned long i;

	(void)arg;
	stress_random_init(&random, number);
	stress_random_init(&tripper.random, number + THREADS);
	stress_check(pthread_create(&tripper.thread, NULL, trip, &tripper) == 0, "no thread");
	for (i = 0; i < rounds; i++) {
		one_round(&tripper, &random);
		stress_check(weir_sqlite_acquire(pool, &db, NULL, weir_after(STRESS_PATIENCE)) == 0,
			     "no connection");
		stress_check(run(db, brief, NULL) == 0, "%s", weir_sqlite_message(db));
		weir_sqlite_release(db);
	}
	atomic_store(&tripper.over, true);
	stress_check(pthread_join(tripper.thread, NULL) == 0, "no join");
}

int main(int argc, char **argv)
{
	char path[] = "/tmp/weir-stress-XXXXXX"; /* an empty file is an empty database */
	const struct weir_sqlite_options options = {
		.path = path, .connections = CONNECTIONS, .read_only = true};
	struct weir_sqlite_pool_counts counts;
	int fd = mkstemp(path);

	stress_check(fd >= 0 && close(fd) == 0, "no file");
	rounds = stress_iterations(argc, argv, 5000);
	stress_check(weir_sqlite_pool_create(&options, &pool) == 0, "no pool");
	stress_threads(THREADS, work, NULL);
	weir_sqlite_pool_count(pool, &counts);
	stress_check(counts.idle == counts.open && counts.waiting == 0, "%u of %u are back",
		     counts.idle, counts.open);
	stress_check(weir_sqlite_pool_destroy(pool, NULL, weir_after(STRESS_PATIENCE)) == 0,
		     "still in use");
	(void)unlink(path);
	printf("%lu done, %lu interrupted, %lu got no connection\n", atomic_load(&done),
	       atomic_load(&cancelled), atomic_load(&refused));
	return 0;
}
