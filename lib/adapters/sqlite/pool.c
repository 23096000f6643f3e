/* pool.c: connections, and who has them.
 *
 * A connection that comes back is handed to the one who has waited longest, and never lies
 * idle while somebody waits. So under the lock, always:
 *
 *	somebody waits  =>  none is idle, and there are as many as there may be
 *
 * What is handed over is either a connection, or the right to open one (a *slot*: when one
 * was closed, or could not be opened). Whoever finds, on waking, both that he was given
 * something and that his token is tripped, hands it on: nothing is lost.
 *
 * Locks: `lock`, for a few instructions at a time; nothing is taken under it, nothing of
 * SQLite is called under it. `opening` is held by the one that opens a connection, because the
 * first one makes the file and changes its journal mode, and `turn` by the one that is in
 * a transaction for writing: SQLite lets one write at a time, and who waits for that by
 * asking again and again is overtaken. Waiting for `turn` is in order and without asking; with
 * other processes the busy handler deals (call.c). Neither is taken while holding `lock`.
 *
 * Memory: whoever is in a call of the pool, and each connection that is out, counts in
 * `users`; the last to leave frees it. So the thread that gives back the last connection may
 * still be unlocking while weir_sqlite_pool_destroy() returns.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <weir/sync.h>

#include "connection.h"

#define DEFAULT_CONNECTIONS 4
#define MAX_CONNECTIONS 1024

/* Somebody in weir_sqlite_acquire(), on his stack. */
struct waiter {
	struct waiter *next;
	weir_cond given; /* db or slot is set, or the pool closes */
	weir_sqlite *db;
	bool slot;
};

struct weir_sqlite_pool {
	struct weir_sqlite_options options; /* fixed, with strings of its own */
	weir_mutex opening;
	weir_mutex turn;
	atomic_uint users; /* and one for the creator */

	weir_mutex lock;
	/* under it: */
	weir_cond changed; /* for destroy: one has come back */
	bool closing;
	unsigned open; /* connections and slots */
	unsigned idle_count;
	unsigned waiting;
	weir_sqlite *idle;    /* the last to come back first: its cache is warm */
	struct waiter *first; /* who waits longest */
	struct waiter **last; /* where the next one is linked */
	char message[WEIR_SQLITE_MESSAGE_SIZE];
};

static void lock(weir_sqlite_pool *pool)
{
	(void)weir_mutex_lock(&pool->lock, NULL, WEIR_NEVER); /* NULL and never: cannot fail */
}

static void unlock(weir_sqlite_pool *pool)
{
	weir_mutex_unlock(&pool->lock);
}

static void enter(weir_sqlite_pool *pool)
{
	(void)atomic_fetch_add_explicit(&pool->users, 1, memory_order_relaxed);
}

/* Acquire-release: who frees it has seen what all the others did. */
static void leave(weir_sqlite_pool *pool)
{
	if (atomic_fetch_sub_explicit(&pool->users, 1, memory_order_acq_rel) > 1)
		return;
	free((char *)pool->options.path);
	free((char *)pool->options.setup);
	free(pool);
}

/* --- making one --- */

static bool in_memory(const char *path)
{
	return !*path || strcmp(path, ":memory:") == 0 || strncmp(path, "file::memory:", 13) == 0 ||
	       (strncmp(path, "file:", 5) == 0 && strstr(path, "mode=memory"));
}

static int check(const struct weir_sqlite_options *options)
{
	if (!options || !options->path || options->connections > MAX_CONNECTIONS)
		return -EINVAL;
	if (in_memory(options->path) && options->connections > 1)
		return -EINVAL;
	return sqlite3_threadsafe() ? 0 : -ENOTSUP;
}

int weir_sqlite_pool_create(const struct weir_sqlite_options *options, weir_sqlite_pool **out)
{
	weir_sqlite_pool *pool;
	int error = check(options);

	if (error)
		return error;
	pool = calloc(1, sizeof(*pool));
	if (!pool)
		return -ENOMEM;
	pool->options = *options;
	pool->last = &pool->first;
	atomic_init(&pool->users, 1);
	if (pool->options.connections == 0)
		pool->options.connections = in_memory(options->path) ? 1 : DEFAULT_CONNECTIONS;
	pool->options.path = strdup(options->path);
	pool->options.setup = options->setup ? strdup(options->setup) : NULL;
	if (!pool->options.path || (options->setup && !pool->options.setup)) {
		leave(pool);
		return -ENOMEM;
	}
	*out = pool;
	return 0;
}

/* --- handing over --- */

static struct waiter *take_first_locked(weir_sqlite_pool *pool)
{
	struct waiter *waiter = pool->first;

	if (!waiter)
		return NULL;
	pool->first = waiter->next;
	if (!pool->first)
		pool->last = &pool->first;
	pool->waiting--;
	return waiter;
}

static void remove_locked(weir_sqlite_pool *pool, struct waiter *waiter)
{
	struct waiter **link = &pool->first;

	while (*link != waiter)
		link = &(*link)->next;
	*link = waiter->next;
	if (pool->last == &waiter->next)
		pool->last = link;
	pool->waiting--;
}

/* A connection, or with NULL a slot, is free. The waiter cannot be gone while it is signalled: he
 * needs the lock to return. */
static void hand_on_locked(weir_sqlite_pool *pool, weir_sqlite *db)
{
	struct waiter *waiter = take_first_locked(pool);

	if (waiter) {
		waiter->db = db;
		waiter->slot = !db;
		weir_cond_signal(&waiter->given);
		return;
	}
	if (db) {
		db->next_idle = pool->idle;
		pool->idle = db;
		pool->idle_count++;
	} else {
		pool->open--;
	}
	weir_cond_broadcast(&pool->changed);
}

static weir_sqlite *take_idle_locked(weir_sqlite_pool *pool)
{
	weir_sqlite *db = pool->idle;

	if (db) {
		pool->idle = db->next_idle;
		pool->idle_count--;
	}
	return db;
}

/* Waits to be handed something: 0 with *db, which is NULL for a slot. */
static int wait_locked(weir_sqlite_pool *pool, weir_sqlite **db, weir_token *token, weir_time until)
{
	struct waiter self = {.given = WEIR_COND_INITIALIZER};
	int error = 0;

	*pool->last = &self;
	pool->last = &self.next;
	pool->waiting++;
	while (!error && !self.db && !self.slot && !pool->closing)
		error = weir_cond_wait(&self.given, &pool->lock, token, until);
	if (!self.db && !self.slot) {
		remove_locked(pool, &self);
		return error ? error : -EPIPE;
	}
	if (!error && pool->closing)
		error = -EPIPE;
	if (error) {
		hand_on_locked(pool, self.db);
		return error;
	}
	*db = self.db;
	return 0;
}

/* 0 with *db, which is NULL for a slot. */
static int obtain_locked(weir_sqlite_pool *pool, weir_sqlite **db, weir_token *token,
			 weir_time until)
{
	*db = NULL;
	if (pool->closing)
		return -EPIPE;
	*db = take_idle_locked(pool);
	if (*db)
		return 0;
	if (pool->open < pool->options.connections) {
		pool->open++;
		return 0;
	}
	return wait_locked(pool, db, token, until);
}

/* Makes a connection for the caller's slot, which is given back if that fails. */
static int open_one(weir_sqlite_pool *pool, weir_sqlite **db, weir_token *token, weir_time until)
{
	char message[WEIR_SQLITE_MESSAGE_SIZE] = "";
	int error = weir_mutex_lock(&pool->opening, token, until);

	if (!error) {
		error = weir__sqlite_open(&pool->options, db, message, token, until);
		weir_mutex_unlock(&pool->opening);
	}
	if (!error) {
		(*db)->pool = pool;
		return 0;
	}
	lock(pool);
	(void)memcpy(pool->message, message, sizeof(message));
	hand_on_locked(pool, NULL);
	unlock(pool);
	return error;
}

int weir_sqlite_acquire(weir_sqlite_pool *pool, weir_sqlite **out, weir_token *token,
			weir_time until)
{
	weir_sqlite *db;
	int error;

	if (weir_token_check(token))
		return -ECANCELED;
	if (until <= weir_now())
		return -ETIMEDOUT;
	enter(pool);
	lock(pool);
	error = obtain_locked(pool, &db, token, until);
	unlock(pool);
	if (!error && !db)
		error = open_one(pool, &db, token, until);
	if (error) {
		leave(pool);
		return error;
	}
	weir__sqlite_clear(db);
	*out = db; /* and counts among the users, up to its release */
	return 0;
}

void weir_sqlite_release(weir_sqlite *db)
{
	weir_sqlite_pool *pool;

	if (!db)
		return;
	pool = db->pool;
	(void)weir_sqlite_rollback(db);
	if (db->broken) {
		weir__sqlite_close(db);
		db = NULL;
	}
	lock(pool);
	hand_on_locked(pool, db);
	unlock(pool);
	leave(pool);
}

/* --- writing in turn --- */

int weir__sqlite_take_turn(weir_sqlite *db, weir_token *token, weir_time until)
{
	int error = weir_mutex_lock(&db->pool->turn, token, until);

	db->writing = !error;
	return error;
}

void weir__sqlite_end_turn(weir_sqlite *db)
{
	if (db->writing)
		weir_mutex_unlock(&db->pool->turn);
	db->writing = false;
}

/* --- looking at it, and its end --- */

void weir_sqlite_pool_message(weir_sqlite_pool *pool, char *text, size_t size)
{
	lock(pool);
	(void)snprintf(text, size, "%s", pool->message);
	unlock(pool);
}

void weir_sqlite_pool_count(weir_sqlite_pool *pool, struct weir_sqlite_pool_counts *counts)
{
	lock(pool);
	*counts = (struct weir_sqlite_pool_counts){
		.open = pool->open, .idle = pool->idle_count, .waiting = pool->waiting};
	unlock(pool);
}

static int await_all_locked(weir_sqlite_pool *pool, weir_token *token, weir_time until)
{
	struct waiter *waiter;
	int error = 0;

	pool->closing = true;
	for (waiter = pool->first; waiter; waiter = waiter->next)
		weir_cond_signal(&waiter->given);
	while (!error && pool->idle_count < pool->open)
		error = weir_cond_wait(&pool->changed, &pool->lock, token, until);
	return error;
}

int weir_sqlite_pool_destroy(weir_sqlite_pool *pool, weir_token *token, weir_time until)
{
	weir_sqlite *db;
	int error;

	if (!pool)
		return 0;
	lock(pool);
	error = await_all_locked(pool, token, until);
	unlock(pool);
	if (error)
		return error;
	while ((db = pool->idle)) {
		pool->idle = db->next_idle;
		weir__sqlite_close(db);
	}
	leave(pool);
	return 0;
}
