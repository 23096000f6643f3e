/* adapters/stress_pq.c: many threads, few connections, trips at random.
 *
 * 100 threads share a pool of 4. Each round: acquire, begin, insert, sleep a little in the
 * server, commit, under a token that another thread trips at some moment or never, or under a
 * time. Invariants: every round ends as the token or the time says, or commits; the table has
 * exactly the rows of the rounds that were told so; no statement is hit by somebody
 * else's cancel (-EINTR); in the end every connection is back and in order.
 * Exits with 77 if there is no PostgreSQL.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "adapters/pq_support.h"
#include "stress/stress.h"

enum { THREADS = 100, CONNECTIONS = 4 };

static weir_pq_pool *pool;
static unsigned long rounds;
static atomic_ulong committed, given_up, too_late;

static int work(weir_pq *connection, void *arg, weir_token *token, weir_time until)
{
	int error = weir_pq_exec(connection, "INSERT INTO done VALUES (1)", token, until);

	(void)arg;
	return error ? error : weir_pq_exec(connection, "SELECT pg_sleep(0.0005)", token, until);
}

static void run_round(weir_token *token, weir_time until)
{
	struct weir_pq_error error;
	weir_pq *connection;
	int result = weir_pq_pool_acquire(pool, token, until, &connection, &error);

	if (!result) {
		result = weir_pq_transaction(connection, NULL, work, NULL, token, until);
		error = *weir_pq_error(connection);
		stress_check(weir_pq_usable(connection), "%d: %s", result, error.text);
		weir_pq_pool_release(pool, connection);
	}
	switch (result) {
	case 0:
		(void)atomic_fetch_add(&committed, 1);
		break;
	case -ECANCELED:
		stress_check(weir_token_check(token) != 0, "its token is live");
		(void)atomic_fetch_add(&given_up, 1);
		break;
	case -ETIMEDOUT:
		stress_check(weir_now() >= until, "its time has not come");
		(void)atomic_fetch_add(&too_late, 1);
		break;
	default:
		stress_check(false, "%d: %s %s", result, error.sqlstate, error.text);
	}
}

static void *trip(void *arg)
{
	(void)weir_token_cancel(arg, WEIR_REASON_REQUESTED, NULL);
	weir_token_unref(arg);
	return NULL;
}

/* Three kinds of rounds: tripped by a deadline of the token, by a thread as soon as that gets to
 * run, or given up by time. The spans go from nothing to more than a round takes. */
static void *be_a_customer(void *number)
{
	struct stress_random random;
	unsigned long i;

	stress_random_init(&random, (unsigned)(uintptr_t)number);
	for (i = 0; i < rounds; i++) {
		const weir_time span =
			(weir_time)stress_random_below(&random, 200) * WEIR_MILLISECOND;
		const unsigned kind = stress_random_below(&random, 3);
		weir_token *token = NULL;
		pthread_t tripper;

		stress_check(weir_token_create(NULL, kind == 0 ? weir_after(span) : WEIR_NEVER,
					       &token) == 0,
			     "token");
		if (kind == 1)
			stress_check(pthread_create(&tripper, NULL, trip, weir_token_ref(token)) ==
					     0,
				     "thread");
		run_round(token, kind == 2 ? weir_after(span) : WEIR_NEVER);
		if (kind == 1)
			stress_check(pthread_join(tripper, NULL) == 0, "join");
		weir_token_unref(token);
	}
	return NULL;
}

static void run_customers(void)
{
	pthread_t threads[THREADS];
	uintptr_t i;

	for (i = 0; i < THREADS; i++)
		stress_check(pthread_create(&threads[i], NULL, be_a_customer, (void *)i) == 0,
			     "thread");
	for (i = 0; i < THREADS; i++)
		stress_check(pthread_join(threads[i], NULL) == 0, "join");
}

int main(int argc, char **argv)
{
	struct postgres postgres;
	/* A loaded machine may take long to cancel; losing a connection is a failure here. */
	struct weir_pq_pool_options options = {.connection.cancel_timeout = STRESS_PATIENCE,
					       .size = CONNECTIONS};
	unsigned lent, idle;
	weir_pq *connection;

	if (!postgres_installed())
		return 77;
	rounds = stress_iterations(argc, argv, 20);
	postgres_start(&postgres);
	options.connection.conninfo = postgres.conninfo;
	stress_check(weir_pq_pool_create(&options, &pool) == 0, "pool");
	connection = pq_open(postgres.conninfo);
	pq_run(connection, "CREATE TABLE done (n int)");
	run_customers();

	weir_pq_pool_count(pool, &lent, &idle);
	stress_check(lent == 0 && idle <= CONNECTIONS, "%u lent, %u idle", lent, idle);
	stress_check(weir_pq_pool_destroy(pool, weir_after(STRESS_PATIENCE)) == 0, "destroy");
	stress_check(pq_number(connection, "SELECT count(*) FROM done") ==
			     (long)atomic_load(&committed),
		     "rows that are not those of the rounds");
	weir_pq_close(connection);
	postgres_stop(&postgres);
	printf("%lu rounds: %lu committed, %lu cancelled, %lu too late\n", rounds * THREADS,
	       atomic_load(&committed), atomic_load(&given_up), atomic_load(&too_late));
	return 0;
}
