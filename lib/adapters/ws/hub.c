/* hub.c: a hub, from its making to its end, and its lock.
 *
 * One lock (`lock`) guards the lists by which other threads reach the hub's, and each connection's
 * queue. It is held for some loads and stores; nothing of the program's is called with it held, and
 * of the library only weir_task_start(), once.
 *
 * Wakeup: the thread looks at the lists under the lock, and if they are empty sets `asleep` before
 * it lets go of it and waits. Whoever adds something under the lock and sees `asleep` clears it
 * and writes to the eventfd; what is added before is seen, what is added after wakes.
 *
 * References: the owner's, the task's (from weir_task_start() to its return), and one of each
 * connection's. The task ends when the server says so, or when the owner has given the hub up and
 * no connection is left.
 */
#include "hub.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define MESSAGE_LIMIT ((size_t)64 << 10)
#define MESSAGE_LIMIT_MAX ((size_t)16 << 20)
#define SEND_LIMIT ((size_t)1 << 20)
#define SEND_MARGIN ((size_t)128 << 10)
#define CONNECTIONS 16384u
#define CONNECTIONS_MAX 1000000u
#define ORIGINS_MAX 256u

#define LINGER (2 * WEIR_SECOND)

void weir__ws_lock(weir_ws_hub *hub)
{
	int error = pthread_mutex_lock(&hub->lock);
	if (error)
		abort(); /* a plain mutex that is not ours already: cannot fail */
}

void weir__ws_unlock(weir_ws_hub *hub)
{
	int error = pthread_mutex_unlock(&hub->lock);
	if (error)
		abort(); /* ours: cannot fail */
}

void weir__ws_unlock_and_wake(weir_ws_hub *hub)
{
	bool wake = hub->asleep;

	hub->asleep = false;
	weir__ws_unlock(hub);
	/* EAGAIN: the counter is full, so it is awake. */
	if (wake)
		(void)!eventfd_write(hub->wakeup, 1);
}

void weir__ws_ask_locked(weir_ws *ws, unsigned what)
{
	ws->asked |= what;
	if (ws->news)
		return;
	ws->news = true;
	(void)weir_ws_ref(ws);
	STAILQ_INSERT_TAIL(&ws->hub->news, ws, in_news);
}

static weir_time or_default(weir_time value, weir_time standard)
{
	return value == 0 ? standard : value;
}

static int fill_in(struct weir_ws_options *options)
{
	if (options->message_limit == 0)
		options->message_limit = MESSAGE_LIMIT;
	if (options->message_limit > MESSAGE_LIMIT_MAX)
		return -EINVAL;
	const size_t least = 2 * options->message_limit + SEND_MARGIN;
	if (options->send_limit == 0)
		options->send_limit = least > SEND_LIMIT ? least : SEND_LIMIT;
	if (options->max_connections == 0)
		options->max_connections = CONNECTIONS;
	options->ping_after = or_default(options->ping_after, 30 * WEIR_SECOND);
	options->pong_timeout = or_default(options->pong_timeout, 20 * WEIR_SECOND);
	options->close_timeout = or_default(options->close_timeout, 5 * WEIR_SECOND);
	if (options->send_limit < least || options->send_limit > SIZE_MAX / 2 ||
	    options->max_connections > CONNECTIONS_MAX ||
	    (options->ping_after < 0 && options->ping_after != WEIR_NONE) ||
	    options->pong_timeout < 0 || options->close_timeout < 0)
		return -EINVAL;
	return 0;
}

static void free_origins(char **origins)
{
	for (size_t i = 0; origins && origins[i]; i++)
		free(origins[i]);
	free(origins);
}

static int copy_origins(const char *const *origins, char ***out)
{
	size_t count = 0;
	char **copy;

	*out = NULL;
	if (!origins)
		return 0;
	while (origins[count]) {
		if (++count > ORIGINS_MAX)
			return -EINVAL;
	}
	copy = calloc(count + 1, sizeof(*copy));
	if (!copy)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		copy[i] = strdup(origins[i]);
		if (!copy[i]) {
			free_origins(copy);
			return -ENOMEM;
		}
	}
	*out = copy;
	return 0;
}

static int open_descriptors(weir_ws_hub *hub)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
	int error;

	hub->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (hub->epoll < 0)
		return -errno;
	hub->wakeup = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (hub->wakeup < 0) {
		error = -errno;
		goto close_epoll;
	}
	if (epoll_ctl(hub->epoll, EPOLL_CTL_ADD, hub->wakeup, &event) != 0) {
		error = -errno;
		goto close_wakeup;
	}
	return 0;

close_wakeup:
	(void)close(hub->wakeup);
close_epoll:
	(void)close(hub->epoll);
	return error;
}

static void init_lists(weir_ws_hub *hub)
{
	TAILQ_INIT(&hub->all);
	for (int i = 0; i < WS_TIMER_COUNT; i++)
		TAILQ_INIT(&hub->timers[i]);
	STAILQ_INIT(&hub->arrivals);
	STAILQ_INIT(&hub->news);
}

int weir_ws_hub_create(const struct weir_ws_handlers *handlers,
		       const struct weir_ws_options *options, weir_ws_hub **out)
{
	weir_ws_hub *hub = calloc(1, sizeof(*hub));
	int error;

	if (!hub)
		return -ENOMEM;
	hub->handlers = *handlers;
	if (options)
		hub->options = *options;
	error = fill_in(&hub->options);
	if (error)
		goto free_hub;
	hub->period[WS_TIMER_IDLE] =
		hub->options.ping_after == WEIR_NONE ? WEIR_NEVER : hub->options.ping_after;
	hub->period[WS_TIMER_PONG] = hub->options.pong_timeout;
	hub->period[WS_TIMER_CLOSE] = hub->options.close_timeout;
	hub->period[WS_TIMER_LINGER] = LINGER;
	init_lists(hub);
	atomic_init(&hub->references, 1);
	error = copy_origins(hub->options.origins, &hub->origins);
	if (error)
		goto free_hub;
	error = -pthread_mutex_init(&hub->lock, NULL);
	if (error)
		goto free_origins;
	error = open_descriptors(hub);
	if (error)
		goto destroy_lock;
	*out = hub;
	return 0;

destroy_lock:
	(void)pthread_mutex_destroy(&hub->lock);
free_origins:
	free_origins(hub->origins);
free_hub:
	free(hub);
	return error;
}

void weir__ws_hub_unref(weir_ws_hub *hub)
{
	if (atomic_fetch_sub_explicit(&hub->references, 1, memory_order_acq_rel) != 1)
		return;
	(void)close(hub->wakeup);
	(void)close(hub->epoll);
	(void)pthread_mutex_destroy(&hub->lock);
	free_origins(hub->origins);
	free(hub);
}

void weir_ws_hub_end(weir_ws_hub *hub)
{
	weir__ws_lock(hub);
	hub->given_up = true;
	weir__ws_unlock_and_wake(hub);
}

void weir_ws_hub_destroy(weir_ws_hub *hub)
{
	if (!hub)
		return;
	weir_ws_hub_end(hub);
	weir__ws_hub_unref(hub);
}
