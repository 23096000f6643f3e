/* pool.h: the load generator's connections to 127.0.0.1, kept alive between requests.
 *
 *	free -> connecting -> busy -> idle -> busy ...
 *	  ^---------------------+------+
 *
 * A connection carries one request at a time. Its source addresses are many, out of 127.0.1.0/24:
 * so ports do not run out, and the server sees many clients.
 */
#ifndef BENCH_POOL_H
#define BENCH_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bench_pool;
struct bench_pool_connection;

struct bench_pool_handlers {
	/* The request was answered with this status; the connection has let go of it. */
	void (*answered)(void *arg, void *request, int status);
	/* It ended without an answer. `reused`: it had been idle, so the server may have closed it
	 * before it saw the request. */
	void (*lost)(void *arg, void *request, bool reused);
	void *arg;
};

/* `handlers` is copied. 0 or a negative errno. */
int bench_pool_create(struct bench_pool **out, uint16_t port, size_t most,
		      const struct bench_pool_handlers *handlers);

/* NULL is ignored. Closes all; no handler is called. */
void bench_pool_destroy(struct bench_pool *pool);

/* Sends `request` on an idle connection, or on a new one if `fresh` or if none is idle. 0 and the
 * connection; -EAGAIN if there is none left; or another errno of what failed. */
int bench_pool_send(struct bench_pool *pool, void *request, bool fresh,
		    struct bench_pool_connection **out);

/* Closes the connection on which a request is under way; no handler is called. True if the request
 * had been written. */
bool bench_pool_give_up(struct bench_pool *pool, struct bench_pool_connection *connection);

/* Waits for what happens, at most until `deadline` (bench_now()), and calls the handlers. 0 or a
 * negative errno. */
int bench_pool_wait(struct bench_pool *pool, int64_t deadline);

/* Connections begun so far. */
uint64_t bench_pool_connects(const struct bench_pool *pool);

#endif
