/* pool.c: connections that are lent to one thread at a time.
 *
 * What is waited for is a permit, of which there are `size`; who has one takes an idle
 * connection or makes one. A permit that comes back goes straight to who has waited
 * longest, so nobody overtakes. Nothing that takes time (connecting, trying, rolling back,
 * closing) is done under the lock.
 *
 * Locks: pool->lock guards all but what is fixed. Who grants a permit to a waiter signals
 * it under the lock, because the waiter lives on its thread's stack and is gone soon after. A
 * waiter that was granted a permit and has been cancelled as well passes it on.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include <weir/sync.h>

#include "connection.h"

enum { DEFAULT_SIZE = 8, SIZE_MAX_ALLOWED = 1024 };

static const weir_time DEFAULT_IDLE_CHECK = 30 * WEIR_SECOND;

struct waiter {
	struct waiter *next;
	weir_cond granted_or_closing;
	bool granted;
};

struct weir_pq_pool {
	/* fixed */
	struct weir_pq_options options;
	char *conninfo;
	weir_time idle_check;
	unsigned size;

	/* under the lock */
	weir_mutex lock;
	weir_cond left;               /* somebody has left acquire, or a permit came back */
	struct waiter *first, **last; /* in the order in which they came */
	weir_pq *idle;                /* the one used last first: the others may age in peace */
	unsigned permits;             /* not lent */
	unsigned inside;              /* threads in acquire */
	bool closing;
};

static void lock(weir_pq_pool *pool)
{
	/* Neither a token nor a time: cannot fail. */
	(void)weir_mutex_lock(&pool->lock, NULL, WEIR_NEVER);
}

static void unlock(weir_pq_pool *pool)
{
	weir_mutex_unlock(&pool->lock);
}

int weir_pq_pool_create(const struct weir_pq_pool_options *options, weir_pq_pool **out)
{
	static const struct weir_pq_pool_options defaults;
	weir_pq_pool *pool;

	if (!options)
		options = &defaults;
	if (options->size > SIZE_MAX_ALLOWED || options->idle_check < 0 ||
	    options->connection.connect_timeout < 0 || options->connection.cancel_timeout < 0)
		return -EINVAL;
	pool = calloc(1, sizeof(*pool));
	if (!pool)
		return -ENOMEM;
	if (options->connection.conninfo) {
		pool->conninfo = strdup(options->connection.conninfo);
		if (!pool->conninfo) {
			free(pool);
			return -ENOMEM;
		}
	}
	pool->options = options->connection;
	pool->options.conninfo = pool->conninfo;
	pool->idle_check = options->idle_check ? options->idle_check : DEFAULT_IDLE_CHECK;
	pool->size = options->size ? options->size : DEFAULT_SIZE;
	pool->permits = pool->size;
	pool->last = &pool->first;
	*out = pool;
	return 0;
}

/* Permits. */

static void push_waiter_locked(weir_pq_pool *pool, struct waiter *waiter)
{
	waiter->next = NULL;
	*pool->last = waiter;
	pool->last = &waiter->next;
}

static void remove_waiter_locked(weir_pq_pool *pool, struct waiter *waiter)
{
	struct waiter **at = &pool->first;

	while (*at != waiter)
		at = &(*at)->next;
	*at = waiter->next;
	if (pool->last == &waiter->next)
		pool->last = at;
}

/* A permit has come back. */
static void grant_locked(weir_pq_pool *pool)
{
	struct waiter *waiter = pool->first;

	if (!waiter) {
		pool->permits++;
		weir_cond_broadcast(&pool->left);
		return;
	}
	remove_waiter_locked(pool, waiter);
	waiter->granted = true;
	weir_cond_signal(&waiter->granted_or_closing);
}

static int await_permit_locked(weir_pq_pool *pool, weir_token *token, weir_time until)
{
	struct waiter waiter = {.granted = false};
	int error = 0;

	push_waiter_locked(pool, &waiter);
	while (!waiter.granted && !pool->closing && !error)
		error = weir_cond_wait(&waiter.granted_or_closing, &pool->lock, token, until);
	if (!waiter.granted) {
		remove_waiter_locked(pool, &waiter);
		return error ? error : -EPIPE;
	}
	if (error)
		grant_locked(pool);
	return error;
}

static int take_permit_locked(weir_pq_pool *pool, weir_token *token, weir_time until)
{
	if (pool->closing)
		return -EPIPE;
	if (weir_token_check(token) != 0)
		return -ECANCELED;
	if (pool->permits == 0)
		return await_permit_locked(pool, token, until);
	pool->permits--; /* nobody waits while there are any */
	return 0;
}

/* Connections. */

/* True if the connection is in order. What the server has closed can be read from: an end, or
 * its farewell. What was idle for long may be dead without a sign (a firewall that forgot it),
 * so it is tried. */
static bool is_sound(weir_pq_pool *pool, weir_pq *connection, weir_token *token, weir_time until)
{
	struct pollfd fd = {.fd = PQsocket(connection->pg), .events = POLLIN | POLLRDHUP};
	const weir_time check_until = weir__pq_bound(until, connection->cancel_timeout);

	if (poll(&fd, 1, 0) == 0 && weir_now() - connection->idle_since < pool->idle_check)
		return true;
	return !(fd.revents & (POLLRDHUP | POLLHUP | POLLERR)) &&
	       weir_pq_exec(connection, "", token, check_until) == 0;
}

static weir_pq *pop_idle(weir_pq_pool *pool)
{
	weir_pq *connection;

	lock(pool);
	connection = pool->idle;
	if (connection)
		pool->idle = connection->next_idle;
	unlock(pool);
	return connection;
}

/* A connection for who has a permit. */
static int provide(weir_pq_pool *pool, weir_token *token, weir_time until, weir_pq **out,
		   struct weir_pq_error *error)
{
	weir_pq *connection;

	while ((connection = pop_idle(pool)) != NULL) {
		if (is_sound(pool, connection, token, until)) {
			weir__pq_clear(&connection->error);
			*out = connection;
			return 0;
		}
		weir_pq_close(connection);
	}
	return weir_pq_open(&pool->options, token, until, out, error);
}

int weir_pq_pool_acquire(weir_pq_pool *pool, weir_token *token, weir_time until, weir_pq **out,
			 struct weir_pq_error *error)
{
	int result;

	if (error)
		weir__pq_clear(error);
	lock(pool);
	pool->inside++;
	result = take_permit_locked(pool, token, until);
	if (!result) {
		unlock(pool);
		result = provide(pool, token, until, out, error);
		lock(pool);
		if (result)
			grant_locked(pool);
	} else if (error) {
		(void)weir__pq_say(error, result, "no connection has come free");
	}
	pool->inside--;
	if (pool->closing)
		weir_cond_broadcast(&pool->left);
	unlock(pool);
	return result;
}

void weir_pq_pool_release(weir_pq_pool *pool, weir_pq *connection)
{
	if (!connection)
		return;
	weir__pq_rollback(connection);
	if (!weir_pq_usable(connection)) {
		weir_pq_close(connection);
		connection = NULL;
	} else {
		connection->idle_since = weir_now();
	}
	lock(pool);
	if (connection) {
		connection->next_idle = pool->idle;
		pool->idle = connection;
	}
	grant_locked(pool);
	unlock(pool);
}

static int await_all_locked(weir_pq_pool *pool, weir_time until)
{
	int error = 0;

	while ((pool->inside > 0 || pool->permits < pool->size) && !error)
		error = weir_cond_wait(&pool->left, &pool->lock, NULL, until);
	return pool->inside > 0 || pool->permits < pool->size ? error : 0;
}

int weir_pq_pool_destroy(weir_pq_pool *pool, weir_time until)
{
	struct waiter *waiter;
	weir_pq *connection;
	int error;

	if (!pool)
		return 0;
	lock(pool);
	pool->closing = true;
	for (waiter = pool->first; waiter; waiter = waiter->next)
		weir_cond_signal(&waiter->granted_or_closing);
	error = await_all_locked(pool, until);
	unlock(pool);
	if (error)
		return error;
	while ((connection = pop_idle(pool)) != NULL)
		weir_pq_close(connection);
	free(pool->conninfo);
	free(pool);
	return 0;
}

void weir_pq_pool_count(weir_pq_pool *pool, unsigned *lent, unsigned *idle)
{
	const weir_pq *each;

	lock(pool);
	*lent = pool->size - pool->permits;
	*idle = 0;
	for (each = pool->idle; each; each = each->next_idle)
		++*idle;
	unlock(pool);
}
